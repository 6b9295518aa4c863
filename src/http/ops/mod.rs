//! For operators, without a token: is it alive, is it ready, what does it count, what can it do.
//!
//! Must not: tell anything about users, permissions or hosts.

pub(super) mod docs;
pub(super) mod livez;
pub(super) mod metrics;
pub(super) mod openapi_json;
pub(super) mod readyz;

use super::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(livez::livez)).routes(routes!(readyz::readyz)).routes(routes!(metrics::metrics))
}
