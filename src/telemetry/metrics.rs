//! Counters, gauges and histograms, rendered for Prometheus when asked.

use super::{TelemetryError, described};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use metrics_process::Collector;
use std::time::Duration;

/// Upper bounds of the buckets of every histogram; all of them are in seconds. A check takes microseconds, a rebuild minutes.
const BUCKETS: [f64; 20] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5, 1.0, 5.0, 30.0, 120.0, 600.0,
];
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The process's metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    /// Memory, processor time, open files: looked up when somebody asks.
    process: Collector,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Sets up the recorder behind the `metrics` macros, once a process.
    ///
    /// # Errors
    /// It was set up before.
    pub fn install() -> Result<Self, TelemetryError> {
        let recorder = recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::MetricsTwice)?;
        described::describe();
        metrics::gauge!("permdex_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
        let process = Collector::default();
        process.describe();
        Ok(Self { handle, process })
    }

    /// All metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.process.collect();
        self.handle.render()
    }

    /// Folds the samples of histograms into their buckets every 5 s, until dropped. Without it they pile up while
    /// nobody asks for the metrics. For a task of its own.
    pub async fn keep_up(self) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        loop {
            ticks.tick().await;
            self.handle.run_upkeep();
        }
    }
}

fn recorder() -> PrometheusRecorder {
    // Fails only on an empty list.
    let builder = PrometheusBuilder::new();
    builder.set_buckets(&BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder()
}

#[cfg(test)]
mod tests {
    use super::{Collector, Metrics, recorder};

    #[test]
    fn what_is_counted_is_rendered_in_buckets_of_seconds() {
        let recorder = recorder();
        let shown = Metrics { handle: recorder.handle(), process: Collector::default() };
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("permdex_checks_total", "answer" => "allow").increment(2);
            metrics::histogram!("permdex_check_seconds").record(0.000_03);
        });
        let text = shown.render();
        for line in [
            "permdex_checks_total{answer=\"allow\"} 2",
            "permdex_check_seconds_bucket{le=\"0.000025\"} 0",
            "permdex_check_seconds_bucket{le=\"0.00005\"} 1",
            "permdex_check_seconds_count 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
