//! `/v2/user`: users, one file an endpoint.

mod create;
mod delete;
mod get;
mod list;
mod put;

use super::answers::Stands;
use crate::domain::CustomerId;
use crate::http::app::App;
use crate::json::Fields;
use crate::service::admin::NewUser;
use crate::service::fields::{MAX_EMAIL, MAX_LANGUAGE, MAX_NAME, id, maybe_text, text};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A user to be.
#[derive(ToSchema)]
#[schema(as = NewUser, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// His tenant, which never changes.
    #[schema(minimum = 1, example = 1)]
    customer_id: i64,
    #[schema(example = "ann@example.com")]
    email: String,
    /// `en` when it is left out.
    #[schema(example = "en")]
    ui_language: Option<String>,
    /// An inactive user has nothing and may not call. True when it is left out.
    active: Option<bool>,
    /// The role he is to have; left out, he has none.
    role_name: Option<String>,
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User, rename_all = "camelCase")]
pub(super) struct DescribedRecord {
    #[schema(minimum = 1, example = 1)]
    id: i64,
    /// His tenant, which never changes.
    #[schema(minimum = 1, example = 1)]
    customer_id: i64,
    #[schema(example = "ann@example.com")]
    email: String,
    /// `en` when it is left out.
    #[schema(example = "en")]
    ui_language: String,
    /// An inactive user has nothing and may not call. True when it is left out.
    active: bool,
    /// The role he is to have; left out, he has none.
    role_name: Option<String>,
    /// When it was created (RFC 3339).
    #[schema(example = "2027-01-01T00:00:00Z")]
    created_at: String,
    /// When it was changed.
    #[schema(example = "2027-01-01T00:00:00Z")]
    updated_at: String,
}

/// A user that was written.
#[derive(Serialize, ToSchema)]
#[schema(as = UserAnswer)]
pub(super) struct DescribedAnswer {
    #[serde(flatten)]
    written: Stands,
    #[serde(flatten)]
    record: DescribedRecord,
}

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list_users, create::create_user)).routes(routes!(
        get::get_user,
        put::put_user,
        delete::delete_user
    ))
}

fn location(id: impl std::fmt::Display) -> String {
    format!("/v2/user/{id}")
}

/// Reads what a user is to be.
fn read(fields: &mut Fields<'_>) -> Option<NewUser> {
    let customer = id(fields, "customerId");
    let email = text(fields, "email", MAX_EMAIL);
    let language = maybe_text(fields, "uiLanguage", MAX_LANGUAGE);
    let given = fields.has("active");
    let active = fields.boolean("active");
    let role_name = maybe_text(fields, "roleName", MAX_NAME);
    Some(NewUser {
        customer: CustomerId(customer?),
        email: email?,
        ui_language: language?.unwrap_or_else(|| "en".to_owned()),
        active: if given { active? } else { true },
        role_name: role_name?,
    })
}
