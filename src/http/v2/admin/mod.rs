//! Administration: a folder each for customers, users, security groups, policies and actions, and the audit log.
//!
//! Here: what their endpoints have in common. [`ask`] reads ids, pages, preconditions; [`answers`] writes what they answer.
//! Who may, and what it means, is `service::admin`'s.

mod action;
mod answers;
mod ask;
mod audit;
mod customer;
mod policy;
mod security_group;
mod user;

use crate::http::app::App;
use utoipa_axum::router::OpenApiRouter;

pub(in crate::http) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(customer::endpoints())
        .merge(user::endpoints())
        .merge(security_group::endpoints())
        .merge(policy::endpoints())
        .merge(action::endpoints())
        .merge(audit::endpoints())
}
