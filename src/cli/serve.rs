//! `permdex serve` and `permdex worker`.

use super::database::Database;
use super::exit::{Exit, Failure};
use super::runtime::{Assembly, Inputs, assemble, engine};
use super::{client, keys, output};
use crate::auth::{Keys, Verifier, require_explicit_key};
use crate::clock::Clock;
use crate::config::{Config, Engine};
use crate::refresh::{self, EngineLock, LockError};
use crate::service;
use crate::{http, telemetry};
use anyhow::{Context, anyhow};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Serves until SIGTERM or Ctrl-C.
pub(super) async fn serve(config: Config, work: bool) -> Result<Exit, Failure> {
    if !work && config.index.engine == Engine::Embedded {
        return Err(anyhow!(
            "--no-worker needs PERMDEX__INDEX__ENGINE=elasticsearch: nobody else can fill an embedded index"
        )
        .into());
    }
    let server = Server::start(&config, work).await?;
    output::text(&format!("permdex listening on {}", server.url()))?;
    asked_to_stop().await?;
    server.stop().await;
    Ok(Exit::Done)
}

/// Works until SIGTERM or Ctrl-C, without an API.
pub(super) async fn worker(config: Config) -> Result<Exit, Failure> {
    if config.index.engine == Engine::Embedded {
        return Err(anyhow!(
            "`worker` needs PERMDEX__INDEX__ENGINE=elasticsearch: the embedded index lives inside `serve`"
        )
        .into());
    }
    let database = Database::open(&config).await?;
    let mut assembly = assembled(&config, &database, None, true)?;
    output::text("permdex worker is running")?;
    asked_to_stop().await?;
    assembly.stop().await;
    database.close().await;
    Ok(Exit::Done)
}

/// A running server: database, index, workers and API.
pub(super) struct Server {
    /// Its database and index.
    pub assembly: Assembly,
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
            Ok(ready) => Ok(ready.run(config, database)),
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
        self.assembly.stop().await;
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
    url_file: PathBuf,
}

impl Ready {
    async fn make(config: &Config, database: &Database, work: bool) -> Result<Self, Failure> {
        let keys = keys::load(config)?;
        let listener = bind(config.http.listen).await?;
        let address = listener.local_addr()?;
        let metrics_listener = match config.http.metrics_listen {
            Some(apart) => Some(bind(apart).await?),
            None => None,
        };
        let metrics = telemetry::Metrics::install()?;
        let url_file = client::url_file(&config.data_dir);
        std::fs::create_dir_all(&config.data_dir)?;
        let lock = lock(config, database).await?;
        std::fs::write(&url_file, local_url(address)).context("can't say in the data directory where the server is")?;
        let assembly = assembled(config, database, lock, work)?;
        Ok(Self { keys, listener, address, metrics_listener, metrics, assembly, url_file })
    }

    fn run(self, config: &Config, database: Database) -> Server {
        tokio::spawn(self.metrics.clone().keep_up());
        let app = |metrics| {
            let verifier = Verifier::new(self.keys.clone(), Clock::System);
            http::App::new(self.assembly.cluster.clone(), verifier, metrics, config.into())
        };
        let draining = CancellationToken::new();
        let served_here = self.metrics_listener.is_none().then(|| self.metrics.clone());
        if let Some(listener) = self.metrics_listener {
            let router = http::metrics_router(app(Some(self.metrics.clone())));
            let asked = draining.clone().cancelled_owned();
            tokio::spawn(http::serve(router, listener, (&config.http).into(), asked));
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
    match config.index.engine {
        Engine::Embedded => Database::open(config).await,
        Engine::Elasticsearch => match Database::open(config).await {
            Err(failure) if failure.exit == Exit::Unreachable => {
                tracing::warn!(error = %failure, "the database is away: only reads are answered until it is back");
                let database = Database::connect(config).await?;
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
    Ok(assemble(Inputs {
        name: "default".into(),
        pool: database.pool.clone(),
        options: database.options.clone(),
        index: engine(&config.index)?,
        lock,
        clock: Clock::System,
        service: service_settings(config),
        refresh: work.then(|| refresh_settings(config)),
    }))
}

fn service_settings(config: &Config) -> service::Settings {
    service::Settings {
        wait_timeout: config.refresh.wait_timeout,
        fallback_concurrency: config.database.fallback_concurrency,
        search_concurrency: config.http.who_has_concurrency,
        stream_concurrency: config.http.stream_concurrency,
        explain_concurrency: config.http.explain_concurrency,
        dry_run_concurrency: config.http.dry_run_concurrency,
        ..service::Settings::default()
    }
}

fn refresh_settings(config: &Config) -> refresh::Settings {
    let refresh = &config.refresh;
    refresh::Settings {
        index_name: config.index.name.clone(),
        page_size: u32::try_from(refresh.page_size).unwrap_or(u32::MAX),
        small_workers: refresh.small_lane_workers,
        large_workers: refresh.large_lane_workers,
        lease: refresh.lease,
        heartbeat: refresh.heartbeat,
        refresh_interval: config.index.refresh_interval,
        poll: refresh.poll_interval,
        max_attempts: refresh.max_attempts,
        retry_after: refresh.retry_interval,
        retire_after: config.rebuild.retire_after,
        ..refresh::Settings::default()
    }
}

/// Returns on SIGTERM, SIGINT or SIGHUP.
pub(super) async fn asked_to_stop() -> Result<(), Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
