//! `GET /metrics`: what is counted, for Prometheus.

use crate::http::app::App;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::telemetry::Metrics;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// What is counted
///
/// In Prometheus' text format. May be on an address of its own (`http.metrics_listen`).
#[utoipa::path(get, path = "/metrics", tag = "operations", security(()), responses(
    (status = 200, description = "All metrics.", body = str, content_type = "text/plain; version=0.0.4"),
    (status = 404, description = "They are on another address.", content_type = "application/problem+json",
        body = crate::http::openapi::ProblemBody)))]
pub(super) async fn metrics(_: NoQuery, State(app): State<App>) -> Result<Response, Problem> {
    let Some(metrics) = app.metrics() else {
        return Err(Problem::new(Kind::NotFound, "there are no metrics here: see `http.metrics_listen`"));
    };
    Ok(text(metrics))
}

/// The answer.
pub(in crate::http) fn text(metrics: &Metrics) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render()).into_response()
}
