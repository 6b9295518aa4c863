//! All routes, and the layer around them.

use super::app::App;
use super::counts::Counts;
use super::kind::Kind;
use super::openapi::documented;
use super::ops::{docs, openapi_json};
use super::outer::OuterLayer;
use super::problem::Problem;
use super::query::NoQuery;
use super::{ops, v1, v2};
use crate::telemetry::Metrics;
use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;
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
    let layer = layer(app.settings().request_timeout, document.paths.paths.keys().map(String::as_str));
    router
        .merge(v1::role::with_slash())
        .merge(openapi_json::route(&document))
        .merge(docs::route())
        .fallback(nothing_here)
        .layer(layer)
        .with_state(app)
}

/// `/metrics` alone, for an address of its own.
pub fn metrics_router(metrics: Metrics, request_timeout: Duration) -> Router {
    let show = get(async move |_: NoQuery| ops::metrics::text(&metrics));
    let layer = layer(request_timeout, ["/metrics"]);
    Router::new().route("/metrics", show).fallback(nothing_here).layer(layer)
}

fn layer<'a>(request_timeout: Duration, routes: impl IntoIterator<Item = &'a str>) -> OuterLayer {
    OuterLayer { counts: Arc::new(Counts::new(routes)), request_timeout }
}

async fn nothing_here(request: Request) -> Problem {
    let path = crate::json::quoted(request.uri().path());
    Problem::new(Kind::UnknownEndpoint, format!("there is nothing at `{path}`: GET /openapi.json lists what is there"))
}
