//! A proxy before Elasticsearch that answers in its place, or changes what it is asked: what a cluster that has too much
//! to do looks like.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// The largest body that is read.
const MOST_BYTES: usize = 64 << 20;

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Everything gets through.
    Helpful,
    /// Everything is answered with this status.
    Refuses(u16),
    /// Bulk writes are: nothing of them gets through.
    RefusesBulk(u16),
    /// Of the documents of bulk writes every other one gets through; those between are answered with 429.
    HalfBulk,
    /// Bulk writes get through whole, and half of the answer comes back.
    HalfAnswer,
}

/// The proxy; ended when dropped.
#[derive(Debug)]
pub struct Gatekeeper {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug, Clone)]
struct Gate {
    target: String,
    client: reqwest::Client,
    mood: Arc<Mutex<Mood>>,
    documents: Arc<AtomicUsize>,
}

impl Gatekeeper {
    /// One before the Elasticsearch at `target`, helpful.
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mood = Arc::new(Mutex::new(Mood::Helpful));
        let gate = Gate {
            target: target.trim_end_matches('/').to_owned(),
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            mood: Arc::clone(&mood),
            documents: Arc::default(),
        };
        let router = Router::new().fallback(pass).with_state(gate);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, mood, _task: AbortOnDropHandle::new(task) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does from the next request on.
    pub fn set(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    let (mood, is_bulk) = (*gate.mood.lock(), request.uri().path().ends_with("/_bulk"));
    match mood {
        Mood::Refuses(status) => refused(status),
        Mood::RefusesBulk(status) if is_bulk => refused(status),
        Mood::HalfBulk if is_bulk => half_bulk(&gate, request).await,
        Mood::HalfAnswer if is_bulk => half_answer(&gate, request).await,
        _ => forwarded(&gate, request).await,
    }
}

/// As Elasticsearch says that it has too much to do.
fn too_much() -> Value {
    json!({"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"})
}

fn refused(status: u16) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(json!({"error": too_much(), "status": status.as_u16()}))).into_response()
}

async fn half_bulk(gate: &Gate, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES).await.expect("not that large");
    let lines: Vec<&str> = std::str::from_utf8(&body).expect("text").lines().collect();
    let passes: Vec<bool> = lines.chunks(2).map(|_| gate.documents.fetch_add(1, Ordering::SeqCst) % 2 == 1).collect();
    let kept = lines.chunks(2).zip(&passes).filter(|(_, passes)| **passes);
    let kept: String = kept.flat_map(|(lines, _)| lines.iter().map(|line| format!("{line}\n"))).collect();
    let mut written = Vec::new();
    if !kept.is_empty() {
        let answer = forwarded(gate, Request::from_parts(parts, Body::from(kept))).await;
        if !answer.status().is_success() {
            return answer;
        }
        written = items(answer).await;
    }
    let mut written = written.into_iter();
    let rejected = json!({"index": {"status": 429, "error": too_much()}});
    let items: Vec<Value> = passes
        .iter()
        .map(|passes| if *passes { written.next().expect("one each") } else { rejected.clone() })
        .collect();
    axum::Json(json!({"items": items})).into_response()
}

async fn half_answer(gate: &Gate, request: Request) -> Response {
    let answer = forwarded(gate, request).await;
    if !answer.status().is_success() {
        return answer;
    }
    let mut items = items(answer).await;
    items.truncate(items.len() / 2);
    axum::Json(json!({"items": items})).into_response()
}

async fn items(answer: Response) -> Vec<Value> {
    let body = to_bytes(answer.into_body(), MOST_BYTES).await.expect("not that large");
    let mut answer: Value = serde_json::from_slice(&body).expect("json");
    serde_json::from_value(answer["items"].take()).expect("items")
}

/// What Elasticsearch answers; 502 where it does not.
async fn forwarded(gate: &Gate, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    for hop in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING] {
        parts.headers.remove(hop);
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = to_bytes(body, MOST_BYTES).await.expect("not that large");
    let asked = gate.client.request(parts.method, format!("{}{path}", gate.target)).headers(parts.headers).body(body);
    let Ok(answer) = asked.send().await else { return refused(502) };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else { return refused(502) };
    for hop in [CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(hop);
    }
    (status, headers, body).into_response()
}
