//! `/v2/securityGroup`: security groups, one file an endpoint.

mod create;
mod delete;
mod get;
mod list;
mod member;
mod members;
mod put;

use super::answers::Stands;
use crate::domain::CustomerId;
use crate::http::app::App;
use crate::json::Fields;
use crate::service::admin::NewGroup;
use crate::service::fields::{MAX_DESCRIPTION, MAX_NAME, id, maybe_text, text};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A security group to be.
#[derive(ToSchema)]
#[schema(as = NewSecurityGroup, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// Its tenant, which never changes.
    #[schema(minimum = 1, example = 1)]
    customer_id: i64,
    #[schema(example = "Writers")]
    name: String,
    description: Option<String>,
}

/// A security group.
#[derive(Serialize, ToSchema)]
#[schema(as = SecurityGroup, rename_all = "camelCase")]
pub(super) struct DescribedRecord {
    #[schema(minimum = 1, example = 1)]
    id: i64,
    /// Its tenant, which never changes.
    #[schema(minimum = 1, example = 1)]
    customer_id: i64,
    #[schema(example = "Writers")]
    name: String,
    description: Option<String>,
    /// When it was created (RFC 3339).
    #[schema(example = "2027-01-01T00:00:00Z")]
    created_at: String,
    /// When it was changed.
    #[schema(example = "2027-01-01T00:00:00Z")]
    updated_at: String,
}

/// A security group that was written.
#[derive(Serialize, ToSchema)]
#[schema(as = SecurityGroupAnswer)]
pub(super) struct DescribedAnswer {
    #[serde(flatten)]
    written: Stands,
    #[serde(flatten)]
    record: DescribedRecord,
}

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_groups, create::create_group))
        .routes(routes!(get::get_group, put::put_group, delete::delete_group))
        .routes(routes!(members::list_members, members::replace_members))
        .routes(routes!(member::join, member::leave))
}

fn location(id: impl std::fmt::Display) -> String {
    format!("/v2/securityGroup/{id}")
}

/// Reads what a security group is to be.
fn read(fields: &mut Fields<'_>) -> Option<NewGroup> {
    let customer = id(fields, "customerId");
    let name = text(fields, "name", MAX_NAME);
    let description = maybe_text(fields, "description", MAX_DESCRIPTION);
    Some(NewGroup { customer: CustomerId(customer?), name: name?, description: description? })
}
