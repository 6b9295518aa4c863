//! The answer of a who-has as a stream: everybody, as NDJSON or CSV, in bounded memory.
//!
//! It ends whole or broken: after an error the transfer is cut, so that nobody takes a part for the whole.

use super::who_has::User;
use crate::http::accept::Form;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::request::RequestInfo;
use crate::index::UserEntry;
use crate::service::{ServiceError, WhoHasQuestion, WhoHasStream};
use crate::telemetry::chain;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use futures::stream::{self, Stream};
use futures::{StreamExt as _, TryStreamExt as _};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A piece of a body is about so large, so that a client is sent something often and memory stays small.
const USERS_A_PIECE: usize = 1_000;

pub(super) async fn answer(
    call: &Call,
    question: &WhoHasQuestion,
    form: Form,
    timeout: Duration,
) -> Result<Response, Problem> {
    // The time of a stream runs from here, the search included.
    let deadline = Instant::now() + timeout;
    let found = call.cluster.who_has_stream(&call.caller, question, &call.write_context(false)).await?;
    let body = Body::from_stream(body(found, form, deadline, Arc::clone(&call.request)));
    let kind = if form == Form::Csv { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" };
    Ok(([(CONTENT_TYPE, kind)], body).into_response())
}

/// Why a stream is cut; the transfer ends with it, and it is logged.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the stream can't go on")]
    Service(#[source] ServiceError),
    #[error("a piece of the stream can't be written")]
    Write(#[source] io::Error),
    #[error("the stream took longer than `http.stream_timeout`")]
    TooLong,
    #[error("the stream has {sent} users, and {size} were counted")]
    Size { sent: u64, size: u64 },
}

fn body(
    found: WhoHasStream,
    form: Form,
    deadline: Instant,
    request: Arc<RequestInfo>,
) -> impl Stream<Item = Result<Bytes, Cut>> + Send + 'static {
    let size = found.size;
    let pieces = stream::try_unfold((found.chunks, 0), move |(mut chunks, sent): (_, u64)| async move {
        match timeout_at(deadline, chunks.next()).await {
            Err(_) => Err(Cut::TooLong),
            Ok(Some(Err(error))) => Err(Cut::Service(error)),
            Ok(Some(Ok(users))) => {
                let sent = sent + users.len() as u64;
                Ok(Some((users, (chunks, sent))))
            }
            Ok(None) if sent == size => Ok(None),
            Ok(None) => Err(Cut::Size { sent, size }),
        }
    });
    let pieces = pieces.map_ok(move |users| stream::iter(written(&users, form))).try_flatten();
    let begin = stream::iter(begin(form).map(Ok));
    let end = stream::iter(end(form, size).map(Ok));
    begin.chain(pieces).chain(end).inspect_err(move |cut| {
        let (request_id, trace) = (request.id(), request.trace());
        tracing::warn!(request_id, trace.id = %trace, cause = %chain(cut), "a stream was cut");
    })
}

fn begin(form: Form) -> Option<Bytes> {
    (form == Form::Csv).then_some(Bytes::from_static(b"id,customerId,email,uiLanguage\r\n"))
}

fn end(form: Form, size: u64) -> Option<Bytes> {
    (form != Form::Csv).then(|| format!("{{\"size\":{size},\"complete\":true}}\n").into())
}

fn written(users: &[UserEntry], form: Form) -> Vec<Result<Bytes, Cut>> {
    let write = if form == Form::Csv { csv } else { ndjson };
    users.chunks(USERS_A_PIECE).map(|users| write(users).map(Bytes::from).map_err(Cut::Write)).collect()
}

fn ndjson(users: &[UserEntry]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::with_capacity(users.len() * 96);
    for user in users {
        serde_json::to_writer(&mut lines, &User::from(user))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn csv(users: &[UserEntry]) -> io::Result<Vec<u8>> {
    let lines = Vec::with_capacity(users.len() * 64);
    // RFC 4180 ends lines so.
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(lines);
    for user in users {
        let (id, customer) = (user.id.to_string(), user.customer.to_string());
        writer.write_record([&*id, &*customer, &*plain(&user.email), &*plain(&user.ui_language)])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// What a spreadsheet would take for a formula is made a text.
fn plain(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests;
