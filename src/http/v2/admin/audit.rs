//! `GET /v2/audit`: who changed what when, from the newest on.

use super::answers::page;
use super::ask::{PageParams, paging};
use crate::domain::CustomerId;
use crate::http::app::App;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::{Fields, quoted};
use crate::service::admin::AuditQuestion;
use axum::response::Response;
use jiff::Timestamp;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Which rows.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
struct Params {
    /// About things of this customer.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// By this actor, exactly.
    #[param(example = "acme_17")]
    actor: Option<String>,
    /// About this target, exactly.
    #[param(example = "policy:3")]
    target: Option<String>,
    /// From this instant on (RFC 3339).
    #[param(example = "2027-01-01T00:00:00Z")]
    from: Option<String>,
    /// Before this instant.
    to: Option<String>,
}

/// A change, or a refused attempt to make one.
#[derive(ToSchema)]
#[schema(as = AuditRow, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Row {
    id: i64,
    #[schema(example = "2027-01-01T00:00:00Z")]
    at: String,
    /// Who: `<organization>_<user id>`, `service:<name>`, `cli:<login name>`.
    #[schema(example = "acme_17")]
    actor: String,
    /// On behalf of which organization, if another than his own.
    organization: Option<String>,
    #[schema(example = "permdex:policy:update")]
    action: String,
    #[schema(example = "policy:3")]
    target: String,
    /// Whose thing it is.
    customer_id: Option<i64>,
    /// What differs, as it was; together with `after` at most 64 KiB.
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    /// What differs, as it became.
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
    request_id: Option<String>,
    justification: Option<String>,
    /// Why it was refused; it was done where this is not there.
    refused: Option<String>,
}

/// One page of the audit log.
#[derive(ToSchema)]
#[schema(as = AuditPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// From the newest on.
    items: Vec<Row>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

/// The audit log
///
/// The rows about things of the customers in which the caller has `permdex:audit:read` on `audit/*`. Refused attempts are
/// in it too, at most 20 an hour of one caller.
#[utoipa::path(get, path = "/v2/audit", tag = "audit", params(Params, PageParams),
    responses((status = 200, description = "A page.", body = Described), Problems))]
async fn audit_log(call: Call, query: Query) -> Result<Response, Problem> {
    let asked = query.read(read)?;
    Ok(page(call.cluster.audit_log(&call.caller, &asked).await?))
}

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(audit_log))
}

fn read(fields: &mut Fields<'_>) -> Option<AuditQuestion> {
    let customer = fields.id("customerId").map(CustomerId);
    let (actor, target) = (fields.string("actor"), fields.string("target"));
    let (from, to) = (instant(fields, "from"), instant(fields, "to"));
    Some(AuditQuestion { customer, actor, target, from, to, paging: paging(fields)? })
}

fn instant(fields: &mut Fields<'_>, name: &'static str) -> Option<Timestamp> {
    let text = fields.string(name)?;
    let read = text.parse().ok();
    if read.is_none() {
        fields.wrong(name, format!("`{}` is no instant such as `2027-01-01T00:00:00Z`", quoted(&text)));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_nonsense_is_refused() {
        let asked = |name: &str, value: &str| Query(vec![(name.to_owned(), value.to_owned())]).read(read);
        assert_eq!(asked("from", "1970-01-01T00:00:01Z").unwrap().from.unwrap().as_second(), 1);
        assert!(asked("to", "yesterday").is_err() && asked("until", "x").is_err() && asked("limit", "0").is_err());
    }
}
