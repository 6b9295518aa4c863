//! Full rebuilds: what is not whole does not serve, what is cancelled or cut short leaves nothing behind, and a new
//! schema rolls out while the old one is read.

mod cancelling;
mod completeness;
mod half_served;
mod resuming;
mod schema;

use crate::support::app::{App, Engine, within};
use crate::support::database::TestDatabase;
use crate::support::stalling::{Gate, Stalling};
use permdex::cli::runtime::{Assembly, Inputs, assemble};
use permdex::clock::Clock;
use permdex::domain::UserId;
use permdex::index::elastic::ElasticIndex;
use permdex::index::{Generation, PermissionIndex, Whose};
use permdex::refresh;
use permdex::service::generate::{LineReader, demo};
use permdex::service::import::import;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Of the demo.
const USERS: i64 = 1_000;
/// "Invoices, reading" of the demo.
const POLICY: i64 = 7;
const RESOURCE: &str = "acrn:app:1:invoice/1";

/// Pages of a hundred, one after the other, and tidying at once.
fn small_pages() -> refresh::Settings {
    refresh::Settings {
        page_size: 100,
        pages_at_once: 1,
        tidy_every: Duration::from_millis(100),
        retire_after: Duration::from_millis(500),
        ..refresh::Settings::default()
    }
}

/// The demo, in pages of a hundred, behind a gate; its index serves.
async fn stalling(engine: Engine) -> (App, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let behind = Arc::clone(&gate);
    let app =
        App::launch_on(engine, demo_database().await, small_pages(), |index| Arc::new(Stalling::new(index, behind)));
    let app = app.await;
    app.ready().await;
    (app, gate)
}

async fn demo_database() -> TestDatabase {
    let database = TestDatabase::new().await;
    let lines = LineReader::new(demo(Clock::System.now()));
    import(&database.pool, lines, "cli:test", &Clock::System).await.expect("imported");
    database
}

/// Another instance on the same database and the same Elasticsearch, with workers.
async fn beside(
    app: &App,
    refresh: refresh::Settings,
    wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
) -> Assembly {
    let serving = serving(app).await;
    let (index_name, _) = serving.0.split_once("-v1-").expect("a generation's name");
    let mut settings = crate::support::app::elastic_settings().await;
    index_name.clone_into(&mut settings.name);
    settings.schema_version = refresh.schema_version;
    let index = wrap(Arc::new(ElasticIndex::new(&settings).expect("fine settings")));
    assemble(Inputs {
        name: "default".into(),
        pool: app.database.pool.clone(),
        options: app.database.options.clone(),
        index,
        lock: None,
        clock: Clock::System,
        service: permdex::service::Settings::default(),
        refresh: Some(refresh::Settings { index_name: index_name.to_owned(), ..refresh }),
    })
}

async fn serving(app: &App) -> Generation {
    app.assembly.cluster.index.serving().await.expect("it answers").expect("it serves")
}

/// Asks for a full rebuild; where its job is read.
async fn rebuild(app: &App) -> String {
    let begun = app.ask(Method::POST, "/v2/permission/rebuild", json!({})).await;
    assert!(begun.status.is_success(), "{}", begun.body);
    format!("/v2/permission/job/{}", begun.body["jobId"].as_str().expect("a job"))
}

async fn job(app: &App, path: &str) -> Value {
    app.ask(Method::GET, path, Value::Null).await.body
}

/// Waits until the job is in this state.
async fn becomes(app: &App, path: &str, state: &str) -> Value {
    within("the job's state", || async { job(app, path).await["state"] == json!(state) }).await;
    job(app, path).await
}

/// The register: state by name.
async fn register(app: &App) -> Vec<(String, String)> {
    let all = "select name, state from index_generations order by id";
    sqlx::query_as(all).fetch_all(&app.database.pool).await.expect("read")
}

/// Whether the index has anything of this user, be it the trace of a deleted one.
async fn is_kept(app: &App, user: i64) -> bool {
    let generation = serving(app).await;
    let index = &app.assembly.cluster.index;
    index.refresh(std::slice::from_ref(&generation)).await.expect("refreshed");
    !index.documents(&generation, Whose::Only(&[UserId(user)]), 10).await.expect("it answers").is_empty()
}
