//! `GET /readyz`: whether checks can be answered.

use crate::http::answer::json;
use crate::http::app::App;
use crate::http::instant;
use crate::http::kind::Kind;
use crate::http::openapi::ProblemBody;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::service::{Cluster, Outage, RETRY_AFTER, Readiness};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether checks can be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ready {
    /// `ready`, or `degraded`: checks are answered, but something is away.
    status: &'static str,
    /// What is away, of all storage clusters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    degraded: Vec<Away>,
    /// The storage clusters, `default` first.
    clusters: Vec<OneCluster>,
}

/// Something that is away.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Away {
    /// Of which storage cluster.
    cluster: String,
    /// `index` or `database`.
    what: &'static str,
    /// Since when (RFC 3339).
    since: String,
}

/// One storage cluster.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClusterStatus)]
pub(super) struct OneCluster {
    /// Its name.
    name: String,
    /// `ready`, `degraded`, or `down`: none of its checks can be answered.
    status: &'static str,
}

/// Whether checks can be answered
///
/// From the index or, while that is away, from the database. Where there are several storage clusters, those of
/// `default` decide: whatever is away in the others shows in `degraded`, and `clusters` says how each of them is.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()), responses(
    (status = 200, description = "They can.", body = Ready,
        example = json!({"status": "degraded",
            "degraded": [{"cluster": "default", "what": "index", "since": "2027-01-01T00:00:00Z"}],
            "clusters": [{"name": "default", "status": "degraded"}]})),
    (status = 503, description = "They can't, or this instance is going away.", body = ProblemBody,
        content_type = "application/problem+json")))]
pub(super) async fn readyz(_: NoQuery, State(app): State<App>) -> Result<Response, Problem> {
    if app.is_draining() {
        return Err(unavailable("this instance is going away: ask another one".to_owned()));
    }
    // Beside each other: one that says nothing for long is not waited for twice.
    let found = join_all(app.clusters().iter().map(Cluster::readiness)).await;
    if let Some(Readiness::Down(outages)) = found.first() {
        return Err(down(outages));
    }
    let (mut degraded, mut clusters) = (Vec::new(), Vec::new());
    for (cluster, readiness) in app.clusters().iter().zip(found) {
        let name = &cluster.name;
        clusters.push(OneCluster { name: name.to_string(), status: word(&readiness) });
        degraded.extend(outages(readiness).into_iter().map(|outage| away(name, outage)));
    }
    let status = if degraded.is_empty() { "ready" } else { "degraded" };
    Ok(json(StatusCode::OK, &Ready { status, degraded, clusters }))
}

const fn word(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "ready",
        Readiness::Degraded(_) => "degraded",
        Readiness::Down(_) => "down",
    }
}

fn outages(readiness: Readiness) -> Vec<Outage> {
    match readiness {
        Readiness::Ready => Vec::new(),
        Readiness::Degraded(outage) => vec![outage],
        Readiness::Down(outages) => outages,
    }
}

fn away(cluster: &str, outage: Outage) -> Away {
    Away { cluster: cluster.to_owned(), what: outage.what.as_str(), since: instant::text(outage.since) }
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
