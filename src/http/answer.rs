//! Answers written as JSON.

use super::outer::bug;
use crate::service::Source;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Serialize, Serializer};

const PERMDEX_SOURCE: HeaderName = HeaderName::from_static("permdex-source");
/// What most answers fit in.
const USUAL_BYTES: usize = 512;

/// `body` as JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    if let Err(error) = serde_json::to_writer(&mut bytes, body) {
        return bug(&error.to_string()).into_response();
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `body` as JSON, saying so when it had to come from PostgreSQL.
pub(super) fn json_from(source: Source, body: &impl Serialize) -> Response {
    let mut response = json(StatusCode::OK, body);
    if source == Source::Database {
        response.headers_mut().insert(PERMDEX_SOURCE, HeaderValue::from_static("database"));
    }
    response
}

/// Writes a list of what has a text as an array of strings.
pub(super) fn as_texts<T: std::fmt::Display, S: Serializer>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|item| Text(item)))
}

struct Text<'a, T>(&'a T);

impl<T: std::fmt::Display> Serialize for Text<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}
