//! Serving a router on a listener: bounded connections, time limits, a graceful end.

use crate::config::HttpConfig;
use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::Service as _;

mod stall;

use stall::Unstalled;

/// A request may be on its way when the server stops: so long it is waited for on a connection that is open. It is the
/// last one there, its answer says so (`Connection: close`).
const LAST_REQUEST: Duration = Duration::from_millis(500);
/// So many connections that the kernel has accepted for us are taken over when the server stops: its bound on them.
const BACKLOG: usize = 1_024;
/// After an error of the listener itself (no file descriptors left): not at once again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bounds of a server's connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections open at a time; more wait in the listener's backlog.
    pub max_connections: usize,
    /// How long a client may take to send its request's headers, and how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a client may refuse to take more of its answer.
    pub stall_timeout: Duration,
    /// How long the end waits for requests under way.
    pub drain_timeout: Duration,
}

impl From<&HttpConfig> for Limits {
    fn from(config: &HttpConfig) -> Self {
        Self {
            max_connections: config.max_connections,
            header_timeout: config.header_timeout,
            stall_timeout: config.request_timeout,
            drain_timeout: config.drain_timeout,
        }
    }
}

/// Serves `router` until `shutdown` is done; then accepts nothing more, lets the requests under way finish, those too
/// that come on open connections within half a second, and ends. What is not finished after [`Limits::drain_timeout`] is
/// cut: the number of connections that were.
pub async fn serve(router: Router, listener: TcpListener, limits: Limits, shutdown: impl Future<Output = ()>) -> usize {
    let (stop, stopped) = watch::channel(false);
    let places = Arc::new(Semaphore::new(limits.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (place, stream) = accept(&places, &listener) => {
                connections.spawn(connection(router.clone(), stream, place, limits, stopped.clone()));
            }
        }
    }
    // Nobody listens when there are no connections.
    let _ = stop.send(true);
    for stream in backlog(listener) {
        let (router, places, stopped) = (router.clone(), Arc::clone(&places), stopped.clone());
        connections.spawn(async move {
            let place = places.acquire_owned().await.ok();
            connection(router, stream, place, limits, stopped).await;
        });
    }
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limits.drain_timeout, all).await;
    let cut = connections.len();
    connections.shutdown().await;
    cut
}

/// The next connection, once there is a place for it.
async fn accept(places: &Arc<Semaphore>, listener: &TcpListener) -> (Option<OwnedSemaphorePermit>, TcpStream) {
    // Never closed; if it were, connections would not be counted.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (place, stream),
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for now");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Closes the listener; returns the connections that nobody has accepted yet. Closing it would reset them, and their
/// clients, who are connected, could not know that their requests were not read.
fn backlog(listener: TcpListener) -> Vec<TcpStream> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    // It does not block: an error is the end, whatever it says.
    let waiting = std::iter::from_fn(|| listener.accept().ok()).take(BACKLOG);
    let ours = waiting.filter_map(|(stream, _)| {
        stream.set_nonblocking(true).ok()?;
        TcpStream::from_std(stream).ok()
    });
    ours.collect()
}

/// Whether one client is to blame, and the next one can be accepted at once.
fn is_of_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    router: Router,
    stream: TcpStream,
    place: Option<OwnedSemaphorePermit>,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    // An answer is written at once; waiting for more to send would only delay it.
    let _ = stream.set_nodelay(true);
    let stops = stopped.clone();
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (answer, stops) = (router.clone().call(request), stops.clone());
        async move {
            let mut answer = answer.await?;
            if *stops.borrow() {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let io = TokioIo::new(Unstalled::new(stream, limits.stall_timeout));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // Also when the server is gone. Not at once: this would close a connection that is idle, or new, although its
        // client may be writing to it.
        () = async {
            drop(stopped.wait_for(|stopped| *stopped).await);
            tokio::time::sleep(LAST_REQUEST).await;
        } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(cause = %crate::telemetry::chain(&error), "a connection broke");
    }
    drop(place);
}

#[cfg(test)]
mod tests;
