//! All routes, and the layer around them.

use super::app::App;
use super::counts::Counts;
use super::kind::Kind;
use super::openapi::documented;
use super::ops::{docs, openapi_json};
use super::outer::OuterLayer;
use super::problem::Problem;
use super::{ops, v1, v2};
use axum::Router;
use axum::extract::Request;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Every documented endpoint: what the router serves and what the document describes are this one list.
pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(v1::role::endpoints())
        .merge(v2::permission::endpoints())
        .merge(v2::admin::endpoints())
        .merge(ops::endpoints())
}

/// The API.
pub fn router(app: App) -> Router {
    let (router, document) = documented();
    let layer = layer(&app, document.paths.paths.keys().map(String::as_str));
    router
        .merge(v1::role::with_slash())
        .merge(openapi_json::route(&document))
        .merge(docs::route())
        .fallback(nothing_here)
        .layer(layer)
        .with_state(app)
}

/// `/metrics` alone, for an address of its own.
pub fn metrics_router(app: App) -> Router {
    let layer = layer(&app, ["/metrics"]);
    let (router, _) = ops::metrics_endpoint().split_for_parts();
    router.fallback(nothing_here).layer(layer).with_state(app)
}

fn layer<'a>(app: &App, routes: impl IntoIterator<Item = &'a str>) -> OuterLayer {
    let counts = Arc::new(Counts::new(routes));
    OuterLayer { counts, request_timeout: app.settings().request_timeout }
}

async fn nothing_here(request: Request) -> Problem {
    let path = crate::json::quoted(request.uri().path());
    Problem::new(Kind::UnknownEndpoint, format!("there is nothing at `{path}`: GET /openapi.json lists what is there"))
}
