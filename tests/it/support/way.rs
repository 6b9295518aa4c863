//! A way to PostgreSQL that can be cut and held up: what an outage looks like from a client's side. Held up is worse:
//! nobody says that anything is wrong.

use sqlx::postgres::PgConnectOptions;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Connections break, and new ones break at once.
    Cut,
    /// Connections stay, new ones are accepted, and nothing comes through.
    HeldUp,
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

async fn both_ways(client: UnixStream, server: impl AsyncRead + AsyncWrite + Unpin, mut way: watch::Receiver<Way>) {
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
        let open = way.wait_for(|way| *way != Way::HeldUp).await.is_ok();
        if !open || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
