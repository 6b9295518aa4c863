//! `GET /readyz`: whether checks can be answered.

use crate::http::answer::json;
use crate::http::app::App;
use crate::http::instant;
use crate::http::kind::Kind;
use crate::http::openapi::ProblemBody;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::service::{Outage, RETRY_AFTER, Readiness};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether checks can be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ready {
    /// `ready`, or `degraded`: checks are answered, but something is away.
    status: &'static str,
    /// What is away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    degraded: Vec<Away>,
}

/// Something that is away.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Away {
    /// `index` or `database`.
    what: &'static str,
    /// Since when (RFC 3339).
    since: String,
}

impl From<Outage> for Away {
    fn from(outage: Outage) -> Self {
        Self { what: outage.what.as_str(), since: instant::text(outage.since) }
    }
}

/// Whether checks can be answered
///
/// From the index or, while that is away, from the database.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()), responses(
    (status = 200, description = "They can.", body = Ready,
        example = json!({"status": "degraded", "degraded": [{"what": "index", "since": "2027-01-01T00:00:00Z"}]})),
    (status = 503, description = "They can't, or this instance is going away.", body = ProblemBody,
        content_type = "application/problem+json")))]
pub(super) async fn readyz(_: NoQuery, State(app): State<App>) -> Result<Response, Problem> {
    if app.is_draining() {
        return Err(unavailable("this instance is going away: ask another one".to_owned()));
    }
    let mut degraded = Vec::new();
    for cluster in app.clusters().iter() {
        match cluster.readiness().await {
            Readiness::Ready => {}
            Readiness::Degraded(outage) => degraded.push(outage.into()),
            Readiness::Down(outages) => return Err(down(&outages)),
        }
    }
    let status = if degraded.is_empty() { "ready" } else { "degraded" };
    Ok(json(StatusCode::OK, &Ready { status, degraded }))
}

fn down(outages: &[Outage]) -> Problem {
    let away: Vec<_> = outages
        .iter()
        .map(|outage| format!("the {} is away since {}", outage.what.as_str(), instant::text(outage.since)))
        .collect();
    unavailable(format!("no check can be answered: {}", away.join(", ")))
}

fn unavailable(detail: String) -> Problem {
    Problem::new(Kind::Unavailable, detail).retry_after(RETRY_AFTER)
}
