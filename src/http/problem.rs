//! What a client gets instead of an answer: `application/problem+json`, written in one place.
//!
//! A handler ends with a [`Problem`]; it travels to [`super::outer`] beside an empty answer, because only there the
//! request's id is known, and becomes a body there. So every answer that is an error reads alike, whoever made it.

use super::kind::Kind;
use super::request::RequestInfo;
use crate::json::{Errors, FieldError};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::response::IntoResponse;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// Why there is no answer. What it says is sent; its cause is only logged.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    challenge: Option<&'static str>,
    cause: Option<Box<str>>,
}

/// As it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// A problem of a kind. `detail` names the offending input in backticks and says what to do next.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { kind, detail, errors: Vec::new(), retry_after: None, challenge: None, cause: None }
    }

    /// Everything that is wrong with an input (422).
    #[must_use]
    pub fn invalid(errors: Errors) -> Self {
        let errors = errors.into_vec();
        // The reader of `json` begins these so, and no other error.
        let unknown = errors.iter().all(|error| error.detail.starts_with("unknown field"));
        let kind = if unknown && !errors.is_empty() { Kind::UnknownField } else { Kind::Invalid };
        let detail = match errors.as_slice() {
            [one] if one.pointer.is_empty() => Cow::Owned(one.detail.clone()),
            [one] => Cow::Owned(format!("`{}`: {}", one.pointer, one.detail)),
            many => Cow::Owned(format!("{} things are wrong with the request: see `errors`", many.len())),
        };
        Self { errors, ..Self::new(kind, detail) }
    }

    /// One thing is wrong with an input (422), at a JSON pointer.
    #[must_use]
    pub fn wrong(pointer: &str, detail: impl Into<String>) -> Self {
        let mut errors = Errors::default();
        errors.add(pointer, detail);
        Self::invalid(errors)
    }

    /// Says when to come again, in whole seconds, at least one.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Says how to authenticate.
    #[must_use]
    pub fn challenge(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Keeps a cause for the log: one line, as [`crate::telemetry::chain`] writes it. It is never sent.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<str>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What is logged, once, where it is sent.
    pub(super) fn log(&self, request: &RequestInfo) {
        let (problem, request_id, trace) = (self.kind.urn(), request.id(), request.trace());
        match &self.cause {
            Some(cause) if self.kind == Kind::Internal => {
                tracing::error!(request_id, trace.id = %trace, problem, %cause, "a request failed");
            }
            Some(cause) => {
                tracing::warn!(request_id, trace.id = %trace, problem, %cause, "a request could not be answered");
            }
            None => {}
        }
    }

    /// The headers it needs beside its body.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
    }

    /// Its body.
    pub(super) fn body(&self, request_id: &str) -> Vec<u8> {
        let sent = Sent {
            r#type: self.kind.urn(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            request_id,
            errors: &self.errors,
        };
        // Strings and numbers can't fail to be written.
        serde_json::to_vec(&sent).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.kind.status();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sent(problem: &Problem) -> Value {
        serde_json::from_slice(&problem.body("r-1")).unwrap()
    }

    #[test]
    fn a_problem_is_written_as_the_contract_says() {
        let problem = Problem::new(Kind::NotFound, "policy `77` does not exist: check the id");
        let wanted = json!({"type": "urn:permdex:problem:not-found", "title": "Not found", "status": 404,
            "detail": "policy `77` does not exist: check the id", "requestId": "r-1"});
        assert_eq!(sent(&problem), wanted);
    }

    #[test]
    fn all_errors_of_an_input_are_sent() {
        let mut errors = Errors::default();
        errors.add("/a", "unknown field `a`: none is known here");
        assert_eq!(sent(&Problem::invalid(errors.clone()))["type"], "urn:permdex:problem:unknown-field");
        errors.add("/b", "is missing");
        let both = sent(&Problem::invalid(errors));
        assert_eq!(
            (&both["type"], both["errors"].as_array().unwrap().len()),
            (&json!("urn:permdex:problem:invalid"), 2)
        );
        assert_eq!(both["errors"][1], json!({"pointer": "/b", "detail": "is missing"}));
    }

    #[test]
    fn a_cause_is_never_sent() {
        let problem = Problem::new(Kind::Internal, "see the log").because("host db-7 refused select secret");
        assert!(!String::from_utf8(problem.body("r-1")).unwrap().contains("db-7"));
    }

    #[test]
    fn coming_again_is_said_in_whole_seconds_and_at_least_one() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2")] {
            let mut headers = HeaderMap::new();
            Problem::new(Kind::Unavailable, "x").retry_after(Duration::from_millis(millis)).headers(&mut headers);
            assert_eq!(headers[RETRY_AFTER], seconds);
        }
    }
}
