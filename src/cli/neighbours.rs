//! The storage clusters beside `default`: each with a database, an index and workers of its own.
//!
//! None of them is waited for for long. Whatever is away when the process starts is opened in the background, and its
//! questions end meanwhile as those of a database that is away.

use super::database::{self, close, configured, pool_settings};
use super::exit::Failure;
use super::runtime::{Assembly, Inputs, Opened, assemble_later, engine};
use super::serve::{refresh_settings, service_settings};
use crate::clock::Clock;
use crate::config::{Config, Engine, Place};
use crate::refresh::EngineLock;
use crate::store::pool;
use crate::store::private::PrivateCluster;
use crate::telemetry::chain;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, TryFutureExt};
use parking_lot::Mutex;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// So long the start waits for all of them: what is there is served from the first request on.
const PATIENCE: Duration = Duration::from_secs(3);
/// What is away is tried again after ever longer pauses, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The private PostgreSQL of a neighbour, once it runs.
type Private = Arc<Mutex<Option<PrivateCluster>>>;

/// A neighbour that can be started: everything that may be wrong with its settings is not.
pub(super) struct Prepared {
    place: Place,
    inputs: Inputs,
    options: Option<PgConnectOptions>,
}

/// A running neighbour.
pub(super) struct Neighbour {
    /// Its index and workers.
    pub assembly: Assembly,
    pool: PgPool,
    private: Private,
}

/// Prepares all neighbours that are configured.
///
/// # Errors
/// A setting that can't be used.
pub(super) fn prepare(config: &Config, work: bool) -> Result<Vec<Prepared>, Failure> {
    config.other_places().into_iter().map(|place| Prepared::new(config, place, work)).collect()
}

/// Starts all of them, and waits a little for their databases.
pub(super) async fn start(prepared: Vec<Prepared>) -> Vec<Neighbour> {
    let (all, opened): (Vec<_>, Vec<_>) = prepared.into_iter().map(Prepared::start).unzip();
    let waits = all.iter().zip(opened).map(|(neighbour, opened)| neighbour.wait(opened));
    join_all(waits).await;
    all
}

/// Ends all of them.
pub(super) async fn stop(all: Vec<Neighbour>) {
    join_all(all.into_iter().map(Neighbour::stop)).await;
}

impl Prepared {
    fn new(config: &Config, place: Place, work: bool) -> Result<Self, Failure> {
        let options = configured(&place)?;
        // Where a private one will be is known when it runs; until then nobody is there.
        let pool_options = options.clone().unwrap_or_else(|| nowhere(&place.data_dir));
        let inputs = Inputs {
            name: place.name.as_str().into(),
            pool: pool::connect(pool_options.clone(), &pool_settings(&place.database)),
            options: pool_options,
            index: engine(&place)?,
            lock: None,
            clock: Clock::System,
            service: service_settings(config, &place),
            refresh: work.then(|| refresh_settings(config, &place)),
        };
        Ok(Self { place, inputs, options })
    }

    /// The neighbour, and whoever is told when its database is open.
    fn start(self) -> (Neighbour, oneshot::Receiver<()>) {
        let Self { place, inputs, options } = self;
        let (pool, private) = (inputs.pool.clone(), Private::default());
        let (tell, opened) = oneshot::channel();
        let opening = Opening { place, pool: pool.clone(), private: Arc::clone(&private), options };
        let opening = async move {
            let opened = opening.run().await;
            // Nobody waits any more when it took long.
            let _ = tell.send(());
            opened
        };
        (Neighbour { assembly: assemble_later(inputs, opening), pool, private }, opened)
    }
}

impl Neighbour {
    async fn wait(&self, opened: oneshot::Receiver<()>) {
        if tokio::time::timeout(PATIENCE, opened).await.is_err() {
            let name = &self.assembly.cluster.name;
            tracing::warn!(cluster = %name, "storage cluster `{name}` is away: it is served as soon as it is there");
        }
    }

    async fn stop(mut self) {
        self.assembly.stop().await;
        let private = self.private.lock().take();
        close(&self.pool, private).await;
    }
}

/// A database on its way, tried again for ever.
struct Opening {
    place: Place,
    pool: PgPool,
    private: Private,
    options: Option<PgConnectOptions>,
}

impl Opening {
    async fn run(self) -> Opened {
        let options = match self.options.clone() {
            Some(options) => options,
            None => self.start_private().await,
        };
        let pool = self.pool.clone();
        let migrate = move || database::migrated(pool.clone()).map_err(|failure| failure.to_string()).boxed();
        insist("it can't be brought up to date", migrate).await;
        let lock = match self.place.index.engine {
            Engine::Elasticsearch => None,
            Engine::Embedded => Some(locked(options.clone()).await),
        };
        Opened { options, lock }
    }

    async fn start_private(&self) -> PgConnectOptions {
        let folder = self.place.data_dir.clone();
        let start = move || {
            let folder = folder.clone();
            async move { PrivateCluster::start(&folder).await.map_err(|error| chain(&error)) }.boxed()
        };
        let private = insist("its private PostgreSQL can't be started", start).await;
        let options = private.options();
        *self.private.lock() = Some(private);
        self.pool.set_connect_options(pool::bounded(options.clone(), &pool_settings(&self.place.database)));
        options
    }
}

async fn locked(options: PgConnectOptions) -> EngineLock {
    let take = move || {
        let options = options.clone();
        async move { EngineLock::take(&options).await.map_err(|error| chain(&error)) }.boxed()
    };
    insist("the embedded index' lock can't be taken", take).await
}

/// Tries until it succeeds; each failure is logged.
async fn insist<T>(what: &str, attempt: impl Fn() -> BoxFuture<'static, Result<T, String>>) -> T {
    let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    let mut pauses = backoff.with_max_delay(LONGEST_PAUSE).without_max_times().build();
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => tracing::error!(error, "the database is away: {what}, which is tried again"),
        }
        tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
    }
}

/// How to connect to a private database that does not run: nobody is there.
fn nowhere(data_dir: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(data_dir.join("postgres"))
}
