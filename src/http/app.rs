//! What every handler is given: the storage clusters, the verifier, the metrics, bounds.

use super::problem::Problem;
use super::v1::role::limits::Limits;
use crate::auth::Verifier;
use crate::config::{Config, HttpConfig, RateLimits};
use crate::service::roles::Longest;
use crate::service::{Cluster, Clusters};
use crate::telemetry::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Bounds of requests.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a request may take until the headers of its answer.
    pub request_timeout: Duration,
    /// How long a who-has stream may take.
    pub stream_timeout: Duration,
    /// The longest temporary grant.
    pub longest_grant: Longest,
    /// Requests of the role API per caller, endpoint and minute.
    pub rate_limits: RateLimits,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let HttpConfig { request_timeout, stream_timeout, .. } = config.http;
        let longest_grant = Longest(config.roles.temporary_grant_max);
        Self { request_timeout, stream_timeout, longest_grant, rate_limits: config.rate_limits }
    }
}

/// The state of the HTTP room. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clusters: Clusters,
    verifier: Verifier,
    metrics: Option<Metrics>,
    settings: Settings,
    limits: Limits,
    draining: AtomicBool,
}

impl App {
    /// An app on its storage clusters; one alone is `default`. Without `metrics` there is no `/metrics` here.
    #[must_use]
    pub fn new(
        clusters: impl Into<Clusters>,
        verifier: Verifier,
        metrics: Option<Metrics>,
        settings: Settings,
    ) -> Self {
        let (clusters, limits) = (clusters.into(), Limits::new(&settings.rate_limits));
        let draining = AtomicBool::new(false);
        Self(Arc::new(Inner { clusters, verifier, metrics, settings, limits, draining }))
    }

    /// From now on `/readyz` says that this instance is going away. Requests are still answered.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    pub(super) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    pub(super) fn metrics(&self) -> Option<&Metrics> {
        self.0.metrics.as_ref()
    }

    pub(super) fn settings(&self) -> Settings {
        self.0.settings
    }

    /// The rate limits of the role API.
    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// All storage clusters.
    pub(super) fn clusters(&self) -> &Clusters {
        &self.0.clusters
    }

    /// The cluster of this name, which came in the header `x-mongo-cluster-name`.
    ///
    /// # Errors
    /// There is no such cluster (422).
    pub(super) fn named_cluster(&self, name: &str) -> Result<&Cluster, Problem> {
        self.clusters().named(name).ok_or_else(|| {
            let known: Vec<_> = self.clusters().iter().map(|cluster| format!("`{}`", cluster.name)).collect();
            let detail = format!(
                "the header `x-mongo-cluster-name` names `{}`, which is no storage cluster here: there is {}",
                crate::json::quoted(name),
                known.join(", ")
            );
            Problem::wrong("/x-mongo-cluster-name", detail)
        })
    }
}
