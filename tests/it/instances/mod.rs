//! Several instances: on one Elasticsearch they share the work, a stalled one does no harm, and one after the other can be
//! replaced under load; with the embedded index there is one.

mod embedded;
mod rolling;
mod sharing;
mod stalled;
mod swapping;

use crate::support::app::{elastic_environment, elastic_settings};
use crate::support::database::TestDatabase;
use crate::support::stalling::{Gate, Stalling};
use permdex::cli::runtime::{Assembly, Inputs, assemble};
use permdex::clock::Clock;
use permdex::index::elastic::{ElasticIndex, ElasticSettings};
use permdex::queue::{JobId, Kind, Lane, NewJob, enqueue};
use permdex::refresh;
use permdex::service::generate::LineReader;
use permdex::service::import::import;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};
use std::sync::Arc;
use std::time::Duration;

/// The policy that all users of [`organization`] hold through their customer.
const POLICY: i64 = 1;
/// A second one, which nobody holds.
const OTHER: i64 = 2;

/// One customer with the users `1 ..= users`.
fn organization(users: i64) -> Vec<String> {
    let mut all = vec![
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}),
        json!({"kind": "policy", "id": POLICY, "name": "everybody's", "statements": statements(0)}),
        json!({"kind": "policy", "id": OTHER, "name": "somebody's", "statements": statements(0)}),
        json!({"kind": "assignment", "policyId": POLICY, "customerId": 1}),
    ];
    all.extend((1..=users).map(
        |user| json!({"kind": "user", "id": user, "customerId": 1, "email": format!("u{user}@example.org"), "active": true}),
    ));
    all.iter().map(Value::to_string).collect()
}

fn statements(number: u64) -> Value {
    json!([{"effect": "allow", "actions": ["doc:read"], "resources": [resource(number)]}])
}

fn resource(number: u64) -> String {
    format!("acrn:app:1:doc/{number}")
}

/// A database with [`organization`], and an index of its own.
async fn place(users: i64) -> (TestDatabase, ElasticSettings) {
    let database = TestDatabase::new().await;
    let lines = LineReader::new(organization(users).into_iter());
    import(&database.pool, lines, "cli:test", &Clock::System).await.expect("imported");
    (database, elastic_settings().await)
}

/// The settings of a process on that place, reaching Elasticsearch at `url`.
fn environment(database: &TestDatabase, url: &str, index: &str) -> Vec<(&'static str, String)> {
    let elastic = elastic_environment(url, index).map(|(key, value)| (key, value.to_owned()));
    let database = ("PERMDEX__DATABASE__URL", database.options.to_url_lossy().to_string());
    elastic.into_iter().chain([database]).collect()
}

/// As a process takes them.
fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

/// A worker in this process, which counts behind `gate` what it writes.
fn worker(database: &TestDatabase, settings: &ElasticSettings, gate: &Arc<Gate>) -> Assembly {
    let index = ElasticIndex::new(settings).expect("fine settings");
    assemble(Inputs {
        name: "default".into(),
        pool: database.pool.clone(),
        options: database.options.clone(),
        index: Arc::new(Stalling::new(Arc::new(index), Arc::clone(gate))),
        lock: None,
        clock: Clock::System,
        service: permdex::service::Settings::default(),
        refresh: Some(refresh::Settings {
            index_name: settings.name.clone(),
            tidy_every: Duration::from_millis(200),
            ..refresh::Settings::default()
        }),
    })
}

async fn add(database: &TestDatabase, kind: Kind, scope: Value, lane: Lane) {
    let (id, actor) = (JobId::new(&Clock::System), "service:test".to_owned());
    let job = NewJob { id, kind, scope, customer: None, actor, lane, waited: false };
    let mut connection = database.pool.acquire().await.expect("connected");
    enqueue(&mut connection, &job, &[]).await.expect("enqueued");
}

async fn unfinished(pool: &PgPool) -> i64 {
    let count = "select count(*) from jobs where state in ('queued', 'running')";
    sqlx::query_scalar(count).fetch_one(pool).await.expect("counted")
}
