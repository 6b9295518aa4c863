//! A way to PostgreSQL or Elasticsearch that can be cut, held up and slowed down: what an outage looks like from a
//! client's side. Held up is worst: nobody says that anything is wrong.

use sqlx::postgres::PgConnectOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Connections break, and new ones break at once.
    Cut,
    /// Connections stay, new ones are accepted, and nothing comes through.
    HeldUp,
    /// Everything comes through, each piece (at most 16 KiB) so much later.
    Slow(Duration),
}

/// How it is, and how often everybody on it was left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    way: Way,
    stranded: u64,
}

const OPEN: State = State { way: Way::Open, stranded: 0 };

/// A socket that leads to a database; gone when dropped.
#[derive(Debug)]
pub struct Passage {
    folder: TempDir,
    state: watch::Sender<State>,
    target: watch::Sender<PgConnectOptions>,
}

impl Passage {
    /// A passage to the server of `target`, open.
    pub fn to(target: &PgConnectOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(socket(folder.path(), target)).expect("a socket");
        let (state, watched) = watch::channel(OPEN);
        let (target, led_to) = watch::channel(target.clone());
        tokio::spawn(accept(listener, led_to, watched));
        Self { folder, state, target }
    }

    /// How to connect through it.
    pub fn options(&self) -> PgConnectOptions {
        self.target.borrow().clone().socket(self.folder.path())
    }

    /// Changes how it is, for connections under way too.
    pub fn set(&self, way: Way) {
        self.state.send_modify(|state| state.way = way);
    }

    /// Where new connections lead from now on: a server that listens on the same port.
    pub fn lead_to(&self, target: &PgConnectOptions) {
        self.target.send_replace(target.clone());
    }

    /// Connections that are there stay, and nobody says anything on them ever again, as when the server's machine is
    /// gone. New ones get through.
    pub fn strand(&self) {
        self.state.send_modify(|state| state.stranded += 1);
    }
}

/// A TCP port on loopback that leads to another one; closed when dropped.
#[derive(Debug)]
pub struct TcpPassage {
    address: SocketAddr,
    state: watch::Sender<State>,
    target: watch::Sender<SocketAddr>,
}

impl TcpPassage {
    /// A passage to `target`, open.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (state, watched) = watch::channel(OPEN);
        let (target, led_to) = watch::channel(target);
        tokio::spawn(accept_tcp(listener, led_to, watched));
        Self { address, state, target }
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes how it is, for connections under way too.
    pub fn set(&self, way: Way) {
        self.state.send_modify(|state| state.way = way);
    }

    /// Where new connections lead from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }
}

async fn accept_tcp(listener: TcpListener, target: watch::Receiver<SocketAddr>, mut state: watch::Receiver<State>) {
    loop {
        let client = tokio::select! {
            client = listener.accept() => client,
            // Ends with the passage: then nobody can change the way.
            () = gone(&mut state) => return,
        };
        let Ok((client, _)) = client else { return };
        let (target, state) = (*target.borrow(), state.clone());
        tokio::spawn(async move {
            // Pieces as small as a header line would else wait for each other's acknowledgement.
            if let Ok(server) = TcpStream::connect(target).await
                && client.set_nodelay(true).is_ok()
                && server.set_nodelay(true).is_ok()
            {
                both_ways(client, server, state).await;
            }
        });
    }
}

async fn gone(state: &mut watch::Receiver<State>) {
    while state.changed().await.is_ok() {}
}

fn socket(folder: &Path, target: &PgConnectOptions) -> PathBuf {
    folder.join(format!(".s.PGSQL.{}", target.get_port()))
}

async fn accept(listener: UnixListener, target: watch::Receiver<PgConnectOptions>, state: watch::Receiver<State>) {
    // Ends with the passage: then nobody can change the way.
    while state.has_changed().is_ok() {
        let Ok((client, _)) = listener.accept().await else { return };
        let target = target.borrow().clone();
        tokio::spawn(connection(client, target, state.clone()));
    }
}

async fn connection(client: UnixStream, target: PgConnectOptions, state: watch::Receiver<State>) {
    match target.get_socket() {
        Some(folder) => {
            if let Ok(server) = UnixStream::connect(socket(folder, &target)).await {
                both_ways(client, server, state).await;
            }
        }
        None => {
            if let Ok(server) = TcpStream::connect((target.get_host(), target.get_port())).await {
                both_ways(client, server, state).await;
            }
        }
    }
}

async fn both_ways(
    client: impl AsyncRead + AsyncWrite + Unpin,
    server: impl AsyncRead + AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) {
    let born = state.borrow().stranded;
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::select! {
        () = forward(from_client, to_server, state.clone(), born) => {}
        () = forward(from_server, to_client, state.clone(), born) => {}
        _ = state.wait_for(|state| state.way == Way::Cut) => {}
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    born: u64,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let passes = |state: &State| state.way != Way::HeldUp && state.stranded == born;
        let Ok(way) = state.wait_for(passes).await.map(|state| state.way) else { return };
        if let Way::Slow(later) = way {
            tokio::time::sleep(later).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    // The other end is gone. On a stranded connection nobody is told.
    while state.borrow().stranded != born {
        if state.changed().await.is_err() {
            return;
        }
    }
}
