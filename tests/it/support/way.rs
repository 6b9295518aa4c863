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

/// A socket that leads to a database; gone when dropped.
#[derive(Debug)]
pub struct Passage {
    folder: TempDir,
    way: watch::Sender<Way>,
    target: PgConnectOptions,
}

impl Passage {
    /// A passage to the server of `target`, open.
    pub fn to(target: &PgConnectOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(socket(folder.path(), target)).expect("a socket");
        let (way, watched) = watch::channel(Way::Open);
        tokio::spawn(accept(listener, target.clone(), watched));
        Self { folder, way, target: target.clone() }
    }

    /// How to connect through it.
    pub fn options(&self) -> PgConnectOptions {
        self.target.clone().socket(self.folder.path())
    }

    /// Changes how it is, for connections under way too.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// A TCP port on loopback that leads to another one; closed when dropped.
#[derive(Debug)]
pub struct TcpPassage {
    address: SocketAddr,
    way: watch::Sender<Way>,
    target: watch::Sender<SocketAddr>,
}

impl TcpPassage {
    /// A passage to `target`, open.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (way, watched) = watch::channel(Way::Open);
        let (target, led_to) = watch::channel(target);
        tokio::spawn(accept_tcp(listener, led_to, watched));
        Self { address, way, target }
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes how it is, for connections under way too.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Where new connections lead from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }
}

async fn accept_tcp(listener: TcpListener, target: watch::Receiver<SocketAddr>, mut way: watch::Receiver<Way>) {
    loop {
        let client = tokio::select! {
            client = listener.accept() => client,
            // Ends with the passage: then nobody can change the way.
            () = gone(&mut way) => return,
        };
        let Ok((client, _)) = client else { return };
        let (target, way) = (*target.borrow(), way.clone());
        tokio::spawn(async move {
            // Pieces as small as a header line would else wait for each other's acknowledgement.
            if let Ok(server) = TcpStream::connect(target).await
                && client.set_nodelay(true).is_ok()
                && server.set_nodelay(true).is_ok()
            {
                both_ways(client, server, way).await;
            }
        });
    }
}

async fn gone(way: &mut watch::Receiver<Way>) {
    while way.changed().await.is_ok() {}
}

fn socket(folder: &Path, target: &PgConnectOptions) -> PathBuf {
    folder.join(format!(".s.PGSQL.{}", target.get_port()))
}

async fn accept(listener: UnixListener, target: PgConnectOptions, way: watch::Receiver<Way>) {
    // Ends with the passage: then nobody can change the way.
    while way.has_changed().is_ok() {
        let Ok((client, _)) = listener.accept().await else { return };
        tokio::spawn(connection(client, target.clone(), way.clone()));
    }
}

async fn connection(client: UnixStream, target: PgConnectOptions, way: watch::Receiver<Way>) {
    match target.get_socket() {
        Some(folder) => {
            if let Ok(server) = UnixStream::connect(socket(folder, &target)).await {
                both_ways(client, server, way).await;
            }
        }
        None => {
            if let Ok(server) = TcpStream::connect((target.get_host(), target.get_port())).await {
                both_ways(client, server, way).await;
            }
        }
    }
}

async fn both_ways(
    client: impl AsyncRead + AsyncWrite + Unpin,
    server: impl AsyncRead + AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
) {
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::select! {
        () = forward(from_client, to_server, way.clone()) => {}
        () = forward(from_server, to_client, way.clone()) => {}
        _ = way.wait_for(|way| *way == Way::Cut) => {}
    }
}

async fn forward(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let Ok(way) = way.wait_for(|way| *way != Way::HeldUp).await.map(|way| *way) else { return };
        if let Way::Slow(later) = way {
            tokio::time::sleep(later).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
