//! What is counted of requests: how many by method, route and status, and how long they took.
//!
//! Every handle is looked up in the recorder once and kept, so that counting a request is a look-up by route and
//! two atomic additions.

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, histogram};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
/// 499: the client left before its answer.
const STATUSES: [u16; 20] =
    [200, 201, 202, 204, 303, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 499, 500, 503];

/// Of all routes.
#[derive(Debug)]
pub(super) struct Counts {
    routes: HashMap<Box<str>, Route>,
    /// For what no route matched.
    none: Route,
}

#[derive(Debug)]
struct Route {
    name: Box<str>,
    methods: [OnceLock<Answers>; METHODS.len() + 1],
}

struct Answers {
    seconds: Histogram,
    by_status: [OnceLock<Counter>; STATUSES.len() + 1],
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answers")
    }
}

impl Counts {
    /// For these routes, as the router writes them. A path that is none of them is counted under `none`: what
    /// clients make up must not become labels.
    pub(super) fn new<'a>(routes: impl IntoIterator<Item = &'a str>) -> Self {
        let routes = routes.into_iter().map(|name| (name.into(), Route::new(name))).collect();
        Self { routes, none: Route::new("none") }
    }

    /// Counts one answered request.
    pub(super) fn count(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let route = route.and_then(|route| self.routes.get(route)).unwrap_or(&self.none);
        route.count(method, status.as_u16(), took);
    }
}

impl Route {
    fn new(name: &str) -> Self {
        Self { name: name.into(), methods: std::array::from_fn(|_| OnceLock::new()) }
    }

    fn count(&self, method: &Method, status: u16, took: Duration) {
        let at = METHODS.iter().position(|known| known == method).unwrap_or(METHODS.len());
        let Some(slot) = self.methods.get(at) else { return };
        let answers = slot.get_or_init(|| Answers {
            seconds: self.histogram(at),
            by_status: std::array::from_fn(|_| OnceLock::new()),
        });
        answers.seconds.record(took.as_secs_f64());
        let at_status = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        let Some(slot) = answers.by_status.get(at_status) else { return };
        slot.get_or_init(|| self.counter(at, at_status)).increment(1);
    }

    fn histogram(&self, method: usize) -> Histogram {
        let method = word(method);
        histogram!("permdex_http_request_seconds", "method" => method, "route" => self.name.to_string())
    }

    fn counter(&self, method: usize, status: usize) -> Counter {
        let method = word(method);
        let status = STATUSES.get(status).map_or_else(|| "other".to_owned(), u16::to_string);
        counter!("permdex_http_requests_total", "method" => method, "route" => self.name.to_string(), "status" => status)
    }
}

fn word(method: usize) -> String {
    METHODS.get(method).map_or("other", Method::as_str).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn requests_are_counted_by_route_and_what_clients_make_up_is_no_label() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let counts = Counts::new(["/livez"]);
            let took = Duration::from_micros(5);
            counts.count(&Method::GET, Some("/livez"), StatusCode::OK, took);
            counts.count(&Method::GET, Some("/livez"), StatusCode::OK, took);
            counts.count(&Method::GET, Some("/made/up"), StatusCode::NOT_FOUND, took);
            counts.count(&Method::from_bytes(b"BREW").unwrap(), None, StatusCode::IM_A_TEAPOT, took);
        });
        let text = recorder.handle().render();
        for line in [
            "permdex_http_requests_total{method=\"GET\",route=\"/livez\",status=\"200\"} 2",
            "permdex_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
            "permdex_http_requests_total{method=\"other\",route=\"none\",status=\"other\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("made"), "{text}");
    }
}
