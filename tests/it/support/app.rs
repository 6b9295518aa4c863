//! A whole permdex in this process: real PostgreSQL, a real index, workers, and the API on a real socket.

use super::database::TestDatabase;
use super::elastic::{elasticsearch, unique_prefix};
use permdex::auth::{Keys, MintRequest, Settings as AuthSettings, Subject, Verifier, mint};
use permdex::cli::runtime::{Assembly, Inputs, assemble};
use permdex::clock::Clock;
use permdex::config::{Config, RateLimits};
use permdex::domain::UserId;
use permdex::http;
use permdex::index::PermissionIndex;
use permdex::index::elastic::{ElasticIndex, ElasticSettings};
use permdex::index::embedded::EmbeddedIndex;
use permdex::refresh::{self, EngineLock};
use permdex::service::Clusters;
use permdex::service::generate::LineReader;
use permdex::service::import::import;
use reqwest::{Client, Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Which index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Embedded,
    Elastic,
}

/// A running permdex.
pub struct App {
    pub database: TestDatabase,
    pub assembly: Assembly,
    /// The storage clusters beside `default`.
    pub others: Vec<Side>,
    pub clusters: Clusters,
    pub url: String,
    client: Client,
    keys: Keys,
    service: String,
}

/// One storage cluster of an [`App`].
pub struct Side {
    pub database: TestDatabase,
    pub assembly: Assembly,
}

impl Side {
    /// A database with `lines` imported, an index and workers.
    pub async fn start(
        name: &str,
        engine: Engine,
        lines: Vec<String>,
        service: permdex::service::Settings,
        wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
    ) -> Self {
        let database = TestDatabase::new().await;
        import(&database.pool, LineReader::new(lines.into_iter()), "cli:test", &Clock::System).await.expect("imported");
        let (pool, options) = (database.pool.clone(), database.options.clone());
        Self::on(name, engine, database, (pool, options), service, wrap).await
    }

    /// The same on a database that is reached by `way`.
    pub async fn on(
        name: &str,
        engine: Engine,
        database: TestDatabase,
        (pool, options): (PgPool, PgConnectOptions),
        service: permdex::service::Settings,
        wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
    ) -> Self {
        Self::tuned(name, engine, database, (pool, options), service, refresh::Settings::default(), wrap).await
    }

    /// The same with other bounds of the workers; on Elasticsearch, in an index of this name if it has another than the
    /// usual one.
    pub async fn tuned(
        name: &str,
        engine: Engine,
        database: TestDatabase,
        (pool, options): (PgPool, PgConnectOptions),
        service: permdex::service::Settings,
        refresh: refresh::Settings,
        wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
    ) -> Self {
        let (index, lock, index_name) = match engine {
            Engine::Embedded => {
                let lock = EngineLock::take(&options).await.expect("nobody else has it");
                (Arc::new(EmbeddedIndex::new()) as Arc<dyn PermissionIndex>, Some(lock), "permdex-users".to_owned())
            }
            Engine::Elastic => {
                let mut settings = elastic_settings().await;
                if refresh.index_name != refresh::Settings::default().index_name {
                    settings.name.clone_from(&refresh.index_name);
                }
                settings.schema_version = refresh.schema_version;
                let name = settings.name.clone();
                (Arc::new(ElasticIndex::new(&settings).expect("fine settings")) as _, None, name)
            }
        };
        let assembly = assemble(Inputs {
            name: name.into(),
            pool,
            options,
            index: wrap(index),
            lock,
            clock: Clock::System,
            service,
            refresh: Some(refresh::Settings { index_name, ..refresh }),
        });
        Self { database, assembly }
    }

    /// Waits until its index serves and no job is left.
    pub async fn ready(&self) {
        ready(&self.database.pool, &self.assembly).await;
    }
}

/// As it is built in, but for rate limits: tests ask more often than anybody may.
fn unlimited() -> Config {
    let mut config = Config::built_in().expect("the defaults are fine");
    config.rate_limits = RateLimits {
        create_role: 0,
        get_roles: 0,
        modify_role: 0,
        assign_role: 0,
        create_temporary_grant: 0,
        get_temporary_grants: 0,
    };
    config
}

async fn ready(pool: &PgPool, assembly: &Assembly) {
    let index = &assembly.cluster.index;
    within("the index serves", || async { matches!(index.serving().await, Ok(Some(_))) }).await;
    drained(pool).await;
}

async fn drained(pool: &PgPool) {
    let left = "select count(*) from jobs where state in ('queued', 'running')";
    within("no job is left", || async {
        sqlx::query_scalar::<_, i64>(left).fetch_one(pool).await.expect("counted") == 0
    })
    .await;
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl App {
    /// Starts one with `lines` imported, and waits until its index serves.
    pub async fn start(engine: Engine, lines: Vec<String>) -> Self {
        Self::start_wrapped(engine, lines, |index| index).await
    }

    /// The same with the index wrapped, to stand in its way.
    pub async fn start_wrapped(
        engine: Engine,
        lines: Vec<String>,
        wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
    ) -> Self {
        let app = Self::launch(engine, lines, wrap).await;
        app.ready().await;
        app
    }

    /// The same without waiting for the index.
    pub async fn launch(
        engine: Engine,
        lines: Vec<String>,
        wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
    ) -> Self {
        Self::launch_limited(engine, lines, permdex::service::Settings::default(), wrap).await
    }

    /// The same with other limits.
    pub async fn launch_limited(
        engine: Engine,
        lines: Vec<String>,
        service: permdex::service::Settings,
        wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
    ) -> Self {
        let Side { database, assembly } = Side::start("default", engine, lines, service, wrap).await;
        Self::serve(database, assembly, Vec::new(), &unlimited()).await
    }

    /// The same with other bounds of the workers, on a database that may have been used before. Waits for no index.
    pub async fn launch_on(
        engine: Engine,
        database: TestDatabase,
        refresh: refresh::Settings,
        wrap: impl FnOnce(Arc<dyn PermissionIndex>) -> Arc<dyn PermissionIndex>,
    ) -> Self {
        let way = (database.pool.clone(), database.options.clone());
        let service = permdex::service::Settings::default();
        let Side { database, assembly } = Side::tuned("default", engine, database, way, service, refresh, wrap).await;
        Self::serve(database, assembly, Vec::new(), &unlimited()).await
    }

    /// The same as it is configured.
    pub async fn launch_configured(engine: Engine, lines: Vec<String>, config: &Config) -> Self {
        let service = permdex::service::Settings::default();
        let Side { database, assembly } = Side::start("default", engine, lines, service, |index| index).await;
        Self::serve(database, assembly, Vec::new(), config).await
    }

    /// One with storage clusters beside `default`. Waits for no index.
    pub async fn several(default: Side, others: Vec<Side>) -> Self {
        Self::serve(default.database, default.assembly, others, &unlimited()).await
    }

    async fn serve(database: TestDatabase, assembly: Assembly, others: Vec<Side>, config: &Config) -> Self {
        let clock = Clock::System;
        let clusters = Clusters::new(assembly.cluster.clone(), others.iter().map(|side| side.assembly.cluster.clone()));
        let keys = keys();
        let verifier = Verifier::new(keys.clone(), clock.clone());
        let app = http::App::new(clusters.clone(), verifier, None, config.into());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let limits = (&config.http).into();
        tokio::spawn(http::serve(http::router(app), listener, limits, std::future::pending()));
        let service = token(&keys, Subject::Service("test".into()), None, &clock);
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { database, assembly, others, clusters, url, client, keys, service }
    }

    /// Waits until the index serves and no job is left.
    pub async fn ready(&self) {
        ready(&self.database.pool, &self.assembly).await;
    }

    /// Waits until no job is left.
    pub async fn drained(&self) {
        drained(&self.database.pool).await;
    }

    /// A user's token.
    pub fn token_of(&self, id: i64, organization: &str) -> String {
        token(&self.keys, Subject::User(UserId(id)), Some(organization.to_owned()), &Clock::System)
    }

    /// A service's token that an organization issued.
    pub fn service_of(&self, organization: &str) -> String {
        token(&self.keys, Subject::Service("test".into()), Some(organization.to_owned()), &Clock::System)
    }

    /// The service's token.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Asks as a service.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        self.ask_as(&self.service, method, path, body).await
    }

    /// Asks with a token.
    pub async fn ask_as(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        answer(request).await
    }

    /// Asks the storage cluster of this name.
    pub async fn ask_on(&self, cluster: &str, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        let request = request.header("x-mongo-cluster-name", cluster);
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// `POST /v2/permission`, which must succeed.
    pub async fn question(&self, body: Value) -> Value {
        let answer = self.ask(Method::POST, "/v2/permission", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// May `user` do `action` on `resource`?
    pub async fn allows(&self, user: i64, action: &str, resource: &str) -> bool {
        let body = json!({"requesterId": user, "action": action, "resource": resource});
        self.question(body).await["allow"].as_bool().expect("a decision")
    }

    /// Everybody who may, page by page, and the size that every page said.
    pub async fn who_has(&self, action: &str, resource: &str, limit: usize) -> Vec<i64> {
        let mut body = json!({"action": action, "resource": resource, "limit": limit});
        let (mut all, mut size) = (Vec::new(), None);
        loop {
            let page = self.question(body.clone()).await;
            let said = page["size"].as_u64().expect("a size");
            assert_eq!(*size.get_or_insert(said), said, "every page says the same size");
            all.extend(page["users"].as_array().expect("users").iter().map(|user| user["id"].as_i64().expect("an id")));
            match page.get("nextCursor") {
                Some(cursor) => body["cursor"] = cursor.clone(),
                None => break,
            }
        }
        assert_eq!(size, Some(all.len() as u64), "the size is the number of all");
        assert!(all.is_sorted_by(|one, other| one < other), "ordered, each once");
        all
    }

    /// Assigns `policy` to `user` and waits.
    pub async fn assign(&self, policy: i64, user: i64) -> Value {
        self.change(Method::POST, "assignPolicy", policy, user).await
    }

    /// Removes `policy` from `user` and waits.
    pub async fn remove(&self, policy: i64, user: i64) -> Value {
        self.change(Method::DELETE, "removepolicy", policy, user).await
    }

    async fn change(&self, method: Method, path: &str, policy: i64, user: i64) -> Value {
        let body = json!({"policyId": policy, "userId": user, "waitForCompletion": true});
        let answer = self.ask(method, &format!("/v2/permission/{path}"), body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["completed"], json!(true), "{}", answer.body);
        answer.body
    }
}

/// Has index and database compared over HTTP, to the end: the result.
pub async fn verified(ask: impl AsyncFn(Method, String, Value) -> Answer, repair: bool) -> Value {
    let answer = ask(Method::POST, "/v2/permission/verify".to_owned(), json!({"repair": repair})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let path = answer.headers["location"].to_str().expect("text");
    let job = async || ask(Method::GET, path.to_owned(), Value::Null).await.body;
    within("the comparison ends", || async { job().await["state"] == json!("done") }).await;
    let job = job().await;
    assert_eq!((&job["kind"], &job["processed"]), (&json!("verify"), &job["result"]["users"]), "{job}");
    job["result"].clone()
}

/// Sends, and reads the answer.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await.expect("a body");
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// Settings for an index of its own on the tests' Elasticsearch.
pub async fn elastic_settings() -> ElasticSettings {
    ElasticSettings {
        cluster: "default".into(),
        urls: vec![elasticsearch().await.parse().expect("a URL")],
        name: unique_prefix(),
        api_key: None,
        username: None,
        password: None,
        ca_file: None,
        request_timeout: Duration::from_secs(30),
        shards: 1,
        replicas: 0,
        schema_version: permdex::index::SCHEMA_VERSION,
    }
}

/// The environment that makes `permdex` use the index `name` on the Elasticsearch at `url`.
pub fn elastic_environment<'a>(url: &'a str, name: &'a str) -> [(&'static str, &'a str); 3] {
    [("PERMDEX__INDEX__ENGINE", "elasticsearch"), ("PERMDEX__INDEX__URL", url), ("PERMDEX__INDEX__NAME", name)]
}

/// The secret of the tests' tokens.
pub const SECRET: &str = "a secret of the tests and long enough for HS256";

fn keys() -> Keys {
    Keys::with(&AuthSettings::default(), &[SecretString::from(SECRET)]).expect("fine keys")
}

fn token(keys: &Keys, subject: Subject, organization: Option<String>, clock: &Clock) -> String {
    let request = MintRequest { subject, organization, scope: None, ttl: Duration::from_hours(1) };
    mint(keys, &request, clock).expect("a token")
}

/// A service's token for a server with the tests' [`SECRET`].
pub fn service_token() -> String {
    token(&keys(), Subject::Service("test".into()), None, &Clock::System)
}

/// A user's token for a server with the tests' [`SECRET`].
pub fn user_token(id: i64, organization: &str) -> String {
    token(&keys(), Subject::User(UserId(id)), Some(organization.to_owned()), &Clock::System)
}

/// Waits for a state, for at most two minutes.
pub async fn within<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), waited)
        .await
        .unwrap_or_else(|_| panic!("not within two minutes: {what}"));
}
