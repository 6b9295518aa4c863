//! `/v2/permission`: questions, assignments, jobs.
//!
//! `ask` is the one endpoint of the three questions: [`question`] reads it and chooses the mode, `check`, `list`,
//! `who_has` and `stream` answer.

mod ask;
mod assign_policy;
mod assignment;
mod cancel;
mod catalogue;
mod check;
mod entry;
mod explain;
mod job;
mod jobs;
mod list;
mod question;
mod rebuild;
mod remove_policy;
mod retry;
mod stream;
mod user_to_policy;
mod verify;
mod who_has;

use crate::http::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(in crate::http) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask::ask))
        .routes(routes!(explain::explain))
        .routes(routes!(catalogue::catalogue))
        .routes(routes!(assign_policy::assign_policy))
        .routes(routes!(remove_policy::remove_policy))
        .routes(routes!(user_to_policy::give_policy, user_to_policy::take_policy))
        .routes(routes!(job::job))
        .routes(routes!(jobs::jobs))
        .routes(routes!(cancel::cancel))
        .routes(routes!(retry::retry))
        .routes(routes!(rebuild::rebuild))
        .routes(routes!(verify::verify))
}

#[cfg(test)]
mod tests;
