//! The one layer around all routes: request ids, problems written out, panics and time limits, counts, the log line.
//!
//! One layer instead of a stack of ten: a check takes ten microseconds in all, and each layer costs an allocation.
//! The log line (target `permdex::request`, one a request) has `method`, `route` (the pattern, never the path or
//! query), `status`, `took_us` (until the headers of the answer), `caller` (`user:17`, `service:billing`; none before
//! a token was verified), `cluster` (where there are several), `request_id` and `trace.id`. A client that left before its
//! answer has status 499.

use super::counts::Counts;
use super::kind::Kind;
use super::problem::Problem;
use super::request::{RequestInfo, X_REQUEST_ID};
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::{Layer, Service};

/// The status that is logged for a client that left before its answer.
const CLIENT_LEFT: u16 = 499;

/// The layer.
#[derive(Debug, Clone)]
pub(super) struct OuterLayer {
    pub counts: Arc<Counts>,
    /// How long a request may take until the headers of its answer.
    pub request_timeout: Duration,
}

impl<S> Layer<S> for OuterLayer {
    type Service = Outer<S>;

    fn layer(&self, inner: S) -> Outer<S> {
        Outer { inner, layer: self.clone() }
    }
}

/// A route in the layer.
#[derive(Debug, Clone)]
pub(super) struct Outer<S> {
    inner: S,
    layer: OuterLayer,
}

impl<S> Service<Request> for Outer<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let watch = Watch {
            started: Instant::now(),
            info: Arc::new(RequestInfo::new(request.headers())),
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            counts: Arc::clone(&self.layer.counts),
            answered: false,
        };
        request.extensions_mut().insert(Arc::clone(&watch.info));
        let limit = self.layer.request_timeout;
        // Its timer is registered only when the answer is not there at once.
        let answer = tokio::time::timeout(limit, watch.info.trace().scope(self.inner.call(request)));
        Box::pin(async move {
            let response = match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(Ok(Ok(response))) => response,
                Ok(Err(_)) => timed_out(limit).into_response(),
                Err(panic) => panicked(&*panic).into_response(),
            };
            Ok(watch.finish(response))
        })
    }
}

fn timed_out(limit: Duration) -> Problem {
    let seconds = limit.as_secs_f64();
    let detail = format!(
        "the request took longer than {seconds} s: try again a little later; a change that it asked for may have been made"
    );
    Problem::new(Kind::TimedOut, detail).retry_after(Duration::from_secs(1))
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    bug(text.unwrap_or("a panic without a text"))
}

/// The problem of a bug: its text is logged, never sent.
pub(super) fn bug(cause: &str) -> Problem {
    let detail = "something went wrong here: the log has the cause under this request's id";
    Problem::new(Kind::Internal, detail).because(cause.replace(char::is_control, " "))
}

/// A request under way.
struct Watch {
    started: Instant,
    info: Arc<RequestInfo>,
    method: Method,
    route: Option<MatchedPath>,
    counts: Arc<Counts>,
    answered: bool,
}

impl Watch {
    fn finish(mut self, mut response: Response) -> Response {
        self.answered = true;
        if let Some(problem) = self.problem(&mut response) {
            problem.log(&self.info);
            *response.status_mut() = problem.kind().status();
            response.headers_mut().remove(CONTENT_LENGTH);
            problem.headers(response.headers_mut());
            *response.body_mut() = Body::from(problem.body(self.info.id()));
        }
        response.headers_mut().insert(X_REQUEST_ID, self.info.header());
        if let Some(standing) = self.info.standing() {
            standing.tell(response.headers_mut());
        }
        self.tell(response.status());
        response
    }

    /// What to say instead of the answer: what a handler ended with, or words for an error that has none of ours.
    fn problem(&self, response: &mut Response) -> Option<Problem> {
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        let problem = response.extensions_mut().remove::<Problem>();
        Some(problem.unwrap_or_else(|| {
            let kind = Kind::of_status(status);
            match kind {
                Kind::MethodNotAllowed => Problem::new(
                    kind,
                    format!("`{}` is no method of this endpoint: the header `Allow` names its own", self.method),
                ),
                Kind::UnknownEndpoint => Problem::new(kind, "there is nothing here: GET /openapi.json lists what is"),
                Kind::Internal => bug("an answer of somebody who knows no problems"),
                _ => Problem::new(kind, "the request can't be read: check its path and headers"),
            }
        }))
    }

    fn tell(&self, status: StatusCode) {
        let took = self.started.elapsed();
        // Paths of `/v1` are served with and without a slash at their end.
        let route = self.route.as_ref().map(|route| route.as_str().trim_end_matches('/'));
        self.counts.count(&self.method, route, status, took);
        let (method, route, status) = (self.method.as_str(), route.unwrap_or("none"), status.as_u16());
        tracing::info!(
            target: "permdex::request",
            method,
            route,
            status,
            took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            caller = self.info.claims().map(|claims| tracing::field::display(&claims.subject)),
            cluster = self.info.cluster(),
            request_id = self.info.id(),
            trace.id = %self.info.trace(),
            "{method} {route} {status}"
        );
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.answered {
            self.tell(StatusCode::from_u16(CLIENT_LEFT).unwrap_or(StatusCode::BAD_REQUEST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::{get, post};
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use tower::ServiceExt as _;

    fn router() -> Router {
        let counts = Arc::new(Counts::new([]));
        let stuck = get(|| async { std::future::pending::<()>().await });
        Router::new()
            .route("/fine", get(|| async { "fine" }))
            .route("/panic", get(|| async { assert_eq!(1, 2, "secret") }))
            .route("/stuck", stuck)
            .route("/write", post(|| async {}).delete(|| async {}))
            .layer(OuterLayer { counts, request_timeout: Duration::from_millis(5) })
    }

    async fn answer(method: &str, path: &str, id: Option<&str>) -> (Response<()>, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(id) = id {
            request = request.header(X_REQUEST_ID, id);
        }
        let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (Response::from_parts(parts, ()), body.collect().await.unwrap().to_bytes().to_vec())
    }

    async fn problem(method: &str, path: &str) -> (Response<()>, Value) {
        let (response, body) = answer(method, path, Some("r-1")).await;
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["requestId"], "r-1");
        assert_eq!(problem["status"], response.status().as_u16());
        assert_eq!(response.headers()["x-request-id"], "r-1");
        (response, problem)
    }

    #[tokio::test]
    async fn every_answer_carries_the_id_of_its_request() {
        let (response, body) = answer("GET", "/fine", Some("r-1")).await;
        assert_eq!((&response.headers()["x-request-id"], &*body), (&"r-1".parse().unwrap(), &b"fine"[..]));
        let (response, _) = answer("GET", "/fine", Some("not sane")).await;
        assert_ne!(response.headers()["x-request-id"], "not sane");
    }

    #[tokio::test]
    async fn an_unknown_path_is_a_problem() {
        let (_, problem) = problem("GET", "/nothing").await;
        assert_eq!(problem["type"], "urn:permdex:problem:unknown-endpoint");
    }

    #[tokio::test]
    async fn another_method_is_a_problem_that_says_which_are_allowed() {
        let (response, problem) = problem("PUT", "/write").await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "POST,DELETE");
        assert!(problem["detail"].as_str().unwrap().contains("`PUT`"));
        let (response, _) = self::problem("OPTIONS", "/fine").await;
        assert_eq!(response.headers()["allow"], "GET,HEAD");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing() {
        let (_, problem) = problem("GET", "/panic").await;
        assert_eq!(problem["type"], "urn:permdex:problem:internal");
        assert!(!problem.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn what_takes_too_long_is_a_problem_that_says_when_to_come_again() {
        let (response, problem) = problem("GET", "/stuck").await;
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"1".parse().unwrap()));
        assert_eq!(problem["type"], "urn:permdex:problem:timed-out");
    }
}
