//! The server on a real socket.

use super::{Limits, serve};
use axum::Router;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<usize>,
}

fn limits() -> Limits {
    let minute = Duration::from_mins(1);
    Limits { max_connections: 10, header_timeout: minute, stall_timeout: minute, drain_timeout: minute }
}

async fn start(router: Router, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    Server { address, stop, task: tokio::spawn(serve(router, listener, limits, shutdown)) }
}

async fn ask(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// Answers when it is told to, and tells that it was asked.
fn slow() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asked_too, go_too) = (Arc::clone(&asked), Arc::clone(&go));
    let handler = move || {
        let (asked, go) = (Arc::clone(&asked_too), Arc::clone(&go_too));
        async move {
            asked.notify_one();
            go.notified().await;
            "slow"
        }
    };
    (Router::new().route("/slow", get(handler)), asked, go)
}

#[tokio::test]
async fn a_request_under_way_is_finished_when_the_server_stops() {
    let (router, asked, go) = slow();
    let server = start(router, limits()).await;
    let client = ask(server.address).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    asked.notified().await;
    server.stop.send(()).unwrap();
    // The listener is gone: the server has seen the signal.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    let text = answer(client).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("slow"), "{text}");
    assert_eq!(server.task.await.unwrap(), 0);
    drop(idle);
}

#[tokio::test]
async fn a_request_on_an_open_connection_is_answered_while_the_server_stops_and_is_the_last_one() {
    let (router, _asked, go) = slow();
    let server = start(router, limits()).await;
    let mut new = TcpStream::connect(server.address).await.unwrap();
    let mut used = ask(server.address).await;
    go.notify_one();
    let mut first = [0; 12];
    used.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    server.stop.send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    for stream in [&mut new, &mut used] {
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        go.notify_one();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (_, last) = text.rsplit_once("HTTP/1.1 ").unwrap_or_else(|| panic!("no answer: {text}"));
        assert!(last.starts_with("200") && last.contains("connection: close") && last.ends_with("slow"), "{text}");
    }
    assert_eq!(server.task.await.unwrap(), 0);
}

#[tokio::test]
async fn whoever_has_connected_and_waits_for_his_turn_is_answered_when_the_server_stops() {
    let (router, asked, go) = slow();
    let server = start(router, Limits { max_connections: 1, ..limits() }).await;
    let first = ask(server.address).await;
    asked.notified().await;
    let second = ask(server.address).await;
    server.stop.send(()).unwrap();
    for client in [first, second] {
        go.notify_one();
        let text = answer(client).await;
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("slow"), "{text}");
    }
    assert_eq!(server.task.await.unwrap(), 0);
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let (router, asked, _go) = slow();
    let server = start(router, Limits { drain_timeout: Duration::from_millis(5), ..limits() }).await;
    let client = ask(server.address).await;
    asked.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(server.task.await.unwrap(), 1);
    assert_eq!(answer(client).await, "");
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_headers_is_let_go() {
    let (router, _asked, _go) = slow();
    let server = start(router, Limits { header_timeout: Duration::from_millis(5), ..limits() }).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET /slow HTTP/1.1\r\nhost").await.unwrap();
    let text = answer(client).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    server.stop.send(()).unwrap();
    assert_eq!(server.task.await.unwrap(), 0);
}

/// How many are in it at a time, and how many were at most.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[tokio::test]
async fn connections_have_a_bound_and_the_next_one_waits_for_its_turn() {
    let crowd = Arc::new(Crowd::default());
    let inside = Arc::clone(&crowd);
    let handler = move || {
        let crowd = Arc::clone(&inside);
        async move {
            let now = crowd.now.fetch_add(1, SeqCst) + 1;
            crowd.most.fetch_max(now, SeqCst);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            crowd.now.fetch_sub(1, SeqCst);
        }
    };
    let router = Router::new().route("/slow", get(handler));
    let server = start(router, Limits { max_connections: 2, ..limits() }).await;
    let clients = (0..8).map(|_| async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        answer(stream).await
    });
    let answers = futures::future::join_all(clients).await;
    assert!(answers.iter().all(|text| text.starts_with("HTTP/1.1 200")), "{answers:?}");
    assert_eq!(crowd.most.load(SeqCst), 2);
    server.stop.send(()).unwrap();
    assert_eq!(server.task.await.unwrap(), 0);
}
