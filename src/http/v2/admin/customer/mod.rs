//! `/v2/customer`: customers, one file an endpoint.

mod create;
mod delete;
mod get;
mod list;
mod put;

use super::answers::Stands;
use crate::http::app::App;
use crate::json::Fields;
use crate::service::admin::NewCustomer;
use crate::service::fields::{MAX_NAME, organization, text};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A customer to be.
#[derive(ToSchema)]
#[schema(as = NewCustomer, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// The slug: `^[a-z0-9][a-z0-9_-]{0,62}$`. It never changes.
    #[schema(example = "acme")]
    organization: String,
    #[schema(example = "Acme")]
    name: String,
}

/// A customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Customer, rename_all = "camelCase")]
pub(super) struct DescribedRecord {
    #[schema(minimum = 1, example = 1)]
    id: i64,
    /// The slug: `^[a-z0-9][a-z0-9_-]{0,62}$`. It never changes.
    #[schema(example = "acme")]
    organization: String,
    #[schema(example = "Acme")]
    name: String,
    /// When it was created (RFC 3339).
    #[schema(example = "2027-01-01T00:00:00Z")]
    created_at: String,
    /// When it was changed.
    #[schema(example = "2027-01-01T00:00:00Z")]
    updated_at: String,
}

/// A customer that was written.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerAnswer)]
pub(super) struct DescribedAnswer {
    #[serde(flatten)]
    written: Stands,
    #[serde(flatten)]
    record: DescribedRecord,
}

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list_customers, create::create_customer)).routes(routes!(
        get::get_customer,
        put::put_customer,
        delete::delete_customer
    ))
}

fn location(id: impl std::fmt::Display) -> String {
    format!("/v2/customer/{id}")
}

/// Reads what a customer is to be.
fn read(fields: &mut Fields<'_>) -> Option<NewCustomer> {
    let organization = organization(fields);
    let name = text(fields, "name", MAX_NAME);
    Some(NewCustomer { organization: organization?, name: name? })
}
