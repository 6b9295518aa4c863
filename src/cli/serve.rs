//! `permdex serve` and `permdex worker`.

use super::database::Database;
use super::exit::{Exit, Failure};
use super::neighbours::{self, Neighbour, Prepared};
use super::runtime::{Assembly, Inputs, assemble, engine};
use super::{client, keys, output};
use crate::auth::{Keys, Verifier, require_explicit_key};
use crate::clock::Clock;
use crate::config::{Config, Engine, Place};
use crate::refresh::{self, EngineLock, LockError};
use crate::service::{self, Clusters};
use crate::{http, telemetry};
use anyhow::{Context, anyhow};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Serves until SIGTERM or Ctrl-C.
pub(super) async fn serve(config: Config, work: bool) -> Result<Exit, Failure> {
    if !work {
        no_embedded_index(&config, "--no-worker", "nobody else can fill an embedded index")?;
    }
    let server = Server::start(&config, work).await?;
    let asked = asked_to_stop()?;
    output::text(&format!("permdex listening on {}", server.url()))?;
    asked.await;
    server.stop().await;
    Ok(Exit::Done)
}

/// Works until SIGTERM or Ctrl-C, without an API.
pub(super) async fn worker(config: Config) -> Result<Exit, Failure> {
    no_embedded_index(&config, "`worker`", "the embedded index lives inside `serve`")?;
    let draining = CancellationToken::new();
    worker_metrics(&config, draining.clone()).await?;
    let prepared = neighbours::prepare(&config, true)?;
    let database = Database::open(&config.default_place()).await?;
    let mut assembly = assembled(&config, &database, None, true)?;
    let neighbours = neighbours::start(prepared).await;
    let asked = asked_to_stop()?;
    output::text("permdex worker is running")?;
    asked.await;
    draining.cancel();
    tokio::join!(assembly.stop(), neighbours::stop(neighbours));
    database.close().await;
    Ok(Exit::Done)
}

/// Without an API, `/metrics` is where the configuration says, or nowhere.
async fn worker_metrics(config: &Config, draining: CancellationToken) -> Result<(), Failure> {
    let Some(apart) = config.http.metrics_listen else { return Ok(()) };
    let (listener, metrics) = (bind(apart).await?, telemetry::Metrics::install()?);
    tokio::spawn(metrics.clone().keep_up());
    show_metrics(config, metrics, listener, draining);
    Ok(())
}

/// Serves `/metrics` alone until `draining`, in a task of its own.
fn show_metrics(config: &Config, metrics: telemetry::Metrics, listener: TcpListener, draining: CancellationToken) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!("metrics are at {}/metrics", local_url(address));
    }
    let router = http::metrics_router(metrics, config.http.request_timeout);
    tokio::spawn(http::serve(router, listener, (&config.http).into(), draining.cancelled_owned()));
}

fn no_embedded_index(config: &Config, what: &str, why: &str) -> Result<(), Failure> {
    let all = std::iter::once(config.default_place()).chain(config.other_places());
    match all.into_iter().find(|place| place.index.engine == Engine::Embedded) {
        None => Ok(()),
        Some(place) => {
            let (name, key) = (&place.name, place.key("index.engine"));
            Err(anyhow!("{what} needs `{key}` = \"elasticsearch\" (storage cluster `{name}`): {why}").into())
        }
    }
}

/// A running server: databases, indexes, workers and API.
pub(super) struct Server {
    /// The database and index of the storage cluster `default`.
    pub assembly: Assembly,
    neighbours: Vec<Neighbour>,
    /// Its keys.
    pub keys: Keys,
    address: SocketAddr,
    database: Database,
    draining: CancellationToken,
    api: tokio::task::JoinHandle<usize>,
    url_file: PathBuf,
}

impl Server {
    /// Starts everything in order; what was started is taken apart again when something fails.
    pub(super) async fn start(config: &Config, work: bool) -> Result<Self, Failure> {
        // Before anything is started: a wrong setting should not wait for a database.
        require_explicit_key(config.http.listen, &keys::settings(config))?;
        let database = open(config).await?;
        Self::start_on(config, database, work).await
    }

    /// The same on a database that is open.
    pub(super) async fn start_on(config: &Config, database: Database, work: bool) -> Result<Self, Failure> {
        match Ready::make(config, &database, work).await {
            Ok(ready) => Ok(ready.run(config, database).await),
            Err(failure) => {
                database.close().await;
                Err(failure)
            }
        }
    }

    /// Where it listens, as a client on this machine writes it.
    pub(super) fn url(&self) -> String {
        local_url(self.address)
    }

    /// Finishes requests, gives jobs back, closes the database.
    pub(super) async fn stop(mut self) {
        let _ = std::fs::remove_file(&self.url_file);
        self.draining.cancel();
        let _ = self.api.await;
        tokio::join!(self.assembly.stop(), neighbours::stop(self.neighbours));
        self.database.close().await;
    }
}

/// Everything that can fail, done before anything runs that would have to be ended again.
struct Ready {
    keys: Keys,
    listener: TcpListener,
    address: SocketAddr,
    /// Where `/metrics` is, when it is apart from the API.
    metrics_listener: Option<TcpListener>,
    metrics: telemetry::Metrics,
    assembly: Assembly,
    neighbours: Vec<Prepared>,
    url_file: PathBuf,
}

impl Ready {
    async fn make(config: &Config, database: &Database, work: bool) -> Result<Self, Failure> {
        // First: whatever is made from now on keeps handles of what it counts.
        let metrics = telemetry::Metrics::install()?;
        let keys = keys::load(config)?;
        let neighbours = neighbours::prepare(config, work)?;
        let listener = bind(config.http.listen).await?;
        let address = listener.local_addr()?;
        let metrics_listener = match config.http.metrics_listen {
            Some(apart) => Some(bind(apart).await?),
            None => None,
        };
        let url_file = client::url_file(&config.data_dir);
        std::fs::create_dir_all(&config.data_dir)?;
        let lock = lock(config, database).await?;
        std::fs::write(&url_file, local_url(address)).context("can't say in the data directory where the server is")?;
        let assembly = assembled(config, database, lock, work)?;
        Ok(Self { keys, listener, address, metrics_listener, metrics, assembly, neighbours, url_file })
    }

    async fn run(self, config: &Config, database: Database) -> Server {
        tokio::spawn(self.metrics.clone().keep_up());
        let neighbours = neighbours::start(self.neighbours).await;
        let others = neighbours.iter().map(|neighbour| neighbour.assembly.cluster.clone());
        let clusters = Clusters::new(self.assembly.cluster.clone(), others);
        tokio::spawn(clusters.clone().keep_current());
        let app = |metrics| {
            let verifier = Verifier::new(self.keys.clone(), Clock::System);
            http::App::new(clusters.clone(), verifier, metrics, config.into())
        };
        let draining = CancellationToken::new();
        let served_here = self.metrics_listener.is_none().then(|| self.metrics.clone());
        if let Some(listener) = self.metrics_listener {
            show_metrics(config, self.metrics.clone(), listener, draining.clone());
        }
        let app = app(served_here);
        let drained = app.clone();
        let asked = draining.clone().cancelled_owned();
        let shutdown = async move {
            asked.await;
            drained.drain();
        };
        let api = tokio::spawn(http::serve(http::router(app), self.listener, (&config.http).into(), shutdown));
        Server {
            assembly: self.assembly,
            neighbours,
            keys: self.keys,
            address: self.address,
            database,
            draining,
            api,
            url_file: self.url_file,
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    Ok(bound.with_context(|| format!("can't listen on {address}: is something else there?"))?)
}

/// An address as a client on this machine writes it.
fn local_url(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

/// The embedded engine needs its database; on Elasticsearch reads go on without one, so it is waited for in the
/// background.
async fn open(config: &Config) -> Result<Database, Failure> {
    let place = config.default_place();
    match config.index.engine {
        Engine::Embedded => Database::open(&place).await,
        Engine::Elasticsearch => match Database::open(&place).await {
            Err(failure) if failure.exit == Exit::Unreachable => {
                tracing::warn!(error = %failure, "the database is away: only reads are answered until it is back");
                let database = Database::connect(&place).await?;
                database.migrate_later();
                Ok(database)
            }
            opened => opened,
        },
    }
}

async fn lock(config: &Config, database: &Database) -> Result<Option<EngineLock>, Failure> {
    if config.index.engine == Engine::Elasticsearch {
        return Ok(None);
    }
    match EngineLock::take(&database.options).await {
        Ok(lock) => Ok(Some(lock)),
        Err(error @ LockError::Taken) => Err(Failure::wrong(error)),
        Err(error) => Err(Failure::unreachable(error)),
    }
}

fn assembled(config: &Config, database: &Database, lock: Option<EngineLock>, work: bool) -> Result<Assembly, Failure> {
    let place = config.default_place();
    Ok(assemble(Inputs {
        name: place.name.as_str().into(),
        pool: database.pool.clone(),
        options: database.options.clone(),
        index: engine(&place)?,
        lock,
        clock: Clock::System,
        service: service_settings(config, &place),
        refresh: work.then(|| refresh_settings(config, &place)),
    }))
}

pub(super) fn service_settings(config: &Config, place: &Place) -> service::Settings {
    service::Settings {
        wait_timeout: config.refresh.wait_timeout,
        fallback_concurrency: place.database.fallback_concurrency,
        search_concurrency: config.http.who_has_concurrency,
        stream_concurrency: config.http.stream_concurrency,
        explain_concurrency: config.http.explain_concurrency,
        dry_run_concurrency: config.http.dry_run_concurrency,
        ..service::Settings::default()
    }
}

pub(super) fn refresh_settings(config: &Config, place: &Place) -> refresh::Settings {
    let refresh = &config.refresh;
    refresh::Settings {
        cluster: place.name.as_str().into(),
        index_name: place.index.name.clone(),
        page_size: u32::try_from(refresh.page_size).unwrap_or(u32::MAX),
        small_workers: refresh.small_lane_workers,
        large_workers: refresh.large_lane_workers,
        lease: refresh.lease,
        heartbeat: refresh.heartbeat,
        refresh_interval: place.index.refresh_interval,
        poll: refresh.poll_interval,
        max_attempts: refresh.max_attempts,
        retry_after: refresh.retry_interval,
        retire_after: config.rebuild.retire_after,
        ..refresh::Settings::default()
    }
}

/// What it returns ends on SIGTERM, SIGINT or SIGHUP. Called before anybody is told that the server runs: whoever reads
/// that may send one at once, and before this it would kill the process where it stands.
pub(super) fn asked_to_stop() -> Result<impl Future<Output = ()>, Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}
