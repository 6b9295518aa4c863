//! `/v2/policy`: policies, one file an endpoint.

mod create;
mod delete;
mod get;
mod list;
mod put;
mod validate;

use super::answers::Stands;
use crate::domain::{CustomerId, read_statements};
use crate::http::app::App;
use crate::http::v2::dry_run;
use crate::json::Fields;
use crate::service::admin::{NewPolicy, PolicyContent};
use crate::service::fields::{MAX_DESCRIPTION, MAX_NAME, maybe_id, maybe_text, text};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A policy to be.
#[derive(ToSchema)]
#[schema(as = NewPolicy, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// Its tenant, which never changes; left out, it is shared, and services manage it.
    #[schema(minimum = 1, example = 1)]
    customer_id: Option<i64>,
    #[schema(example = "Readers")]
    name: String,
    description: Option<String>,
    /// 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    statements: Vec<DescribedStatement>,
}

/// A policy.
#[derive(Serialize, ToSchema)]
#[schema(as = Policy, rename_all = "camelCase")]
pub(super) struct DescribedRecord {
    #[schema(minimum = 1, example = 1)]
    id: i64,
    /// Its tenant, which never changes; left out, it is shared, and services manage it.
    #[schema(minimum = 1, example = 1)]
    customer_id: Option<i64>,
    #[schema(example = "Readers")]
    name: String,
    description: Option<String>,
    /// 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    statements: Vec<DescribedStatement>,
    /// When it was created (RFC 3339).
    #[schema(example = "2027-01-01T00:00:00Z")]
    created_at: String,
    /// When it was changed.
    #[schema(example = "2027-01-01T00:00:00Z")]
    updated_at: String,
}

/// A policy that was written.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyAnswer)]
pub(super) struct DescribedAnswer {
    #[serde(flatten)]
    written: Stands,
    #[serde(flatten)]
    record: DescribedRecord,
}

/// A policy that was written, or with `dryRun` what it would give and take.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyOutcome)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described")]
pub(super) enum DescribedOutcome {
    Made(DescribedAnswer),
    Supposed(dry_run::Described),
}

/// How a deletion stands, or with `dryRun` what it would give and take.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionOutcome)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described")]
pub(super) enum DescribedDeletion {
    Made(Stands),
    Supposed(dry_run::Described),
}

/// A statement: these actions on these resources are allowed, or denied.
#[derive(Serialize, ToSchema)]
#[schema(as = Statement)]
pub(super) struct DescribedStatement {
    /// `allow` or `deny`; a deny wins.
    #[schema(example = "allow")]
    effect: String,
    /// 1 to 100 patterns.
    #[schema(example = json!(["doc:read"]), min_items = 1, max_items = 100)]
    actions: Vec<String>,
    /// 1 to 1,000 patterns, with `${customerId}` and `${userId}`.
    #[schema(example = json!(["acrn:app:${customerId}:doc/*"]), min_items = 1, max_items = 1000)]
    resources: Vec<String>,
    /// Attribute -> `{type: Equals | NotEquals, value}` or `{type: In, values}`, at most 10; all must hold.
    #[schema(value_type = Option<Object>, example = json!({"color": {"type": "Equals", "value": "red"}}))]
    conditions: Option<serde_json::Value>,
}

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_policies, create::create_policy))
        .routes(routes!(get::get_policy, put::put_policy, delete::delete_policy))
        .routes(routes!(validate::validate_policy))
}

fn location(id: impl std::fmt::Display) -> String {
    format!("/v2/policy/{id}")
}

/// Reads what a policy is to be.
fn read(fields: &mut Fields<'_>) -> Option<NewPolicy> {
    let customer = maybe_id(fields, "customerId");
    let name = text(fields, "name", MAX_NAME);
    let description = maybe_text(fields, "description", MAX_DESCRIPTION);
    let at = fields.at("statements");
    let given = fields.has("statements");
    let node = fields.node("statements");
    let node = fields.required("statements", node, given);
    let statements = node.and_then(|node| read_statements(node, &at, fields.errors()));
    let content = PolicyContent { name: name?, description: description?, statements: statements? };
    Some(NewPolicy { customer: customer?.map(CustomerId), content })
}
