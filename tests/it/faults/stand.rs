//! A permdex with a way to each of its servers, and callers who know every answer.

use super::seen::{Answered, Changed, Seen, Up, WELL};
use crate::support::app::{Answer, answer, service_token, verified, within};
use crate::support::elastic::{elasticsearch, unique_prefix};
use crate::support::gatekeeper::Gatekeeper;
use crate::support::process::Process;
use crate::support::shown::shown_at;
use crate::support::way::{Passage, TcpPassage};
use parking_lot::Mutex;
use permdex::clock::Clock;
use permdex::service::generate::LineReader;
use permdex::service::import::import;
use permdex::store::pool::{PoolSettings, connect};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Users of acme, two pages of them; each may read documents.
const USERS: i64 = 2_000;
/// Gives what is asked of changes. Nobody has it at first.
const POLICY: i64 = 2;
/// Is given to everybody at once.
pub const CROWD_POLICY: i64 = 3;
/// Nobody ever gives him anything.
const NOBODY: i64 = USERS;

/// Short, so that a fault is over soon: (setting, value).
const BOUNDS: [(&str, &str); 13] = [
    ("PERMDEX__REFRESH__LEASE", "3s"),
    ("PERMDEX__REFRESH__HEARTBEAT", "1s"),
    ("PERMDEX__REFRESH__POLL_INTERVAL", "500ms"),
    ("PERMDEX__REFRESH__WAIT_TIMEOUT", "2s"),
    ("PERMDEX__DATABASE__CONNECT_TIMEOUT", "10s"),
    ("PERMDEX__DATABASE__ACQUIRE_TIMEOUT", "1s"),
    ("PERMDEX__DATABASE__MAX_CONNECTIONS", "8"),
    ("PERMDEX__DATABASE__FALLBACK_CONCURRENCY", "4"),
    ("PERMDEX__INDEX__REQUEST_TIMEOUT", "1500ms"),
    ("PERMDEX__INDEX__REFRESH_INTERVAL", "300ms"),
    ("PERMDEX__INDEX__REPLICAS", "0"),
    ("PERMDEX__HTTP__REQUEST_TIMEOUT", "8s"),
    ("PERMDEX__LOG__FILTER", "off"),
];
/// Longer than any call may take by these bounds, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// What is asked of changes.
const ACTION: &str = "probe:run";
const RESOURCE: &str = "acrn:app:1:probe/1";

/// All of it.
pub struct Stand {
    process: Process,
    /// Between permdex and PostgreSQL.
    pub to_postgres: Passage,
    /// Between permdex and the gatekeeper.
    pub to_elastic: TcpPassage,
    /// Before Elasticsearch.
    pub gatekeeper: Gatekeeper,
    /// The prefix of its indexes.
    pub index: String,
    client: Client,
    next: AtomicI64,
    /// To whom the policy was given, and to whom perhaps: nobody said so.
    given: Mutex<BTreeSet<i64>>,
    perhaps: Mutex<BTreeSet<i64>>,
    _folder: TempDir,
}

/// Who there is.
fn lines() -> impl Iterator<Item = String> {
    let policy = |id: i64, action: &str, resource: &str| {
        let statements = json!([{"effect": "allow", "actions": [action], "resources": [resource]}]);
        json!({"kind": "policy", "id": id, "name": format!("Number {id}"), "statements": statements})
    };
    let fixed = [
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}),
        policy(1, "doc:read", "acrn:app:1:doc/*"),
        policy(POLICY, ACTION, RESOURCE),
        policy(CROWD_POLICY, "crowd:see", "acrn:app:1:crowd/1"),
        json!({"kind": "assignment", "policyId": 1, "customerId": 1}),
    ];
    let users = (1..=USERS).map(|id| {
        json!({"kind": "user", "id": id, "customerId": 1, "email": format!("{id}@acme.example"), "uiLanguage": "en",
            "active": true})
    });
    fixed.into_iter().chain(users).map(|line| line.to_string())
}

impl Stand {
    /// On Elasticsearch and the empty, migrated database `options`; filled, and all is well.
    pub async fn on_elasticsearch(options: &PgConnectOptions) -> Self {
        Self::start(options, true).await
    }

    /// The same on the embedded index.
    pub async fn on_memory(options: &PgConnectOptions) -> Self {
        Self::start(options, false).await
    }

    async fn start(options: &PgConnectOptions, on_elasticsearch: bool) -> Self {
        let pool = connect(options.clone(), &PoolSettings::default());
        import(&pool, LineReader::new(lines()), "cli:test", &Clock::System).await.expect("imported");
        pool.close().await;
        let to_postgres = Passage::to(options);
        let gatekeeper = Gatekeeper::before(elasticsearch().await).await;
        let to_elastic = TcpPassage::to(gatekeeper.address()).await;
        let (folder, index) = (tempfile::tempdir().expect("a folder"), unique_prefix());
        let (database, url) =
            (to_postgres.options().to_url_lossy().to_string(), format!("http://{}", to_elastic.address()));
        let mut settings = BOUNDS.to_vec();
        settings.push(("PERMDEX__DATABASE__URL", &database));
        if on_elasticsearch {
            settings.push(("PERMDEX__INDEX__ENGINE", "elasticsearch"));
            settings.push(("PERMDEX__INDEX__URL", &url));
            settings.push(("PERMDEX__INDEX__NAME", &index));
        }
        let process = Process::serve(folder.path(), &settings).await;
        let stand = Self {
            process,
            to_postgres,
            to_elastic,
            gatekeeper,
            index,
            client: Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client"),
            next: AtomicI64::new(1),
            given: Mutex::default(),
            perhaps: Mutex::default(),
            _folder: folder,
        };
        stand.comes_to("the beginning", WELL).await;
        stand
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.process.url
    }

    /// Asks as a service.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.process.url)).bearer_auth(service_token());
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// Waits until callers see just this, and see it twice. Whatever they see on the way is an answer that is right, or
    /// one that says that there is none now.
    pub async fn comes_to(&self, what: &str, expected: Seen) {
        let (mut last, mut times) = (None, 0);
        let looking = async {
            while times < 2 {
                let seen = self.look().await;
                last = Some(seen);
                times = if seen == expected { times + 1 } else { 0 };
            }
        };
        let came = tokio::time::timeout(Duration::from_mins(3), looking).await;
        assert!(came.is_ok(), "{what}: expected {expected:?}, last seen {last:?}");
    }

    /// What a caller sees now.
    pub async fn look(&self) -> Seen {
        let check = json!({"requesterId": 17, "action": "doc:read", "resource": "acrn:app:1:doc/7"});
        let check = self.question(check, |body| body["allow"] == json!(true)).await;
        // Nothing was ever given to him.
        let denied = json!({"requesterId": NOBODY, "action": ACTION, "resource": RESOURCE});
        self.question(denied, |body| body["allow"] == json!(false)).await;
        let list = json!({"requesterId": NOBODY, "list": true});
        let list = self.question(list, |body| body["permissions"].to_string().contains("doc:read")).await;
        let who_has = json!({"action": "doc:read", "resource": "acrn:app:1:doc/7", "limit": 10});
        let who_has = self.question(who_has, |body| body["size"] == json!(USERS)).await;
        Seen { check, list, who_has, change: self.change().await, up: self.up().await }
    }

    async fn question(&self, body: Value, is_right: impl Fn(&Value) -> bool) -> Answered {
        let answer = self.ask(Method::POST, "/v2/permission", body.clone()).await;
        if answer.status != StatusCode::OK {
            is_away(&answer);
            return Answered::No;
        }
        assert!(is_right(&answer.body), "{body}: {}", answer.body);
        match answer.headers.get("permdex-source").map(|source| source.to_str().expect("text")) {
            None => Answered::Index,
            Some("database") => Answered::Database,
            Some(other) => panic!("from `{other}`"),
        }
    }

    /// Gives the policy to somebody new, and waits.
    async fn change(&self) -> Changed {
        let user = self.next.fetch_add(1, Ordering::SeqCst);
        assert!(user < NOBODY, "the users are used up");
        let body = json!({"policyId": POLICY, "userId": user, "waitForCompletion": true});
        let answer = self.ask(Method::POST, "/v2/permission/assignPolicy", body).await;
        match (answer.status, answer.body["completed"].as_bool()) {
            (StatusCode::OK, Some(true)) => {
                self.given.lock().insert(user);
                let check = json!({"requesterId": user, "action": ACTION, "resource": RESOURCE});
                // It was promised; an index that went away since may not answer, but not wrongly.
                self.question(check, |body| body["allow"] == json!(true)).await;
                Changed::Visible
            }
            (StatusCode::ACCEPTED, Some(false)) => {
                self.given.lock().insert(user);
                Changed::Waits
            }
            _ => {
                is_away(&answer);
                self.perhaps.lock().insert(user);
                Changed::No
            }
        }
    }

    async fn up(&self) -> Up {
        let ready = self.ask(Method::GET, "/readyz", Value::Null).await;
        let shown = shown_at(&self.process.url).await;
        let up = |what| shown.sum("permdex_dependency_up", &[("dependency", what), ("cluster", "default")]) > 0.5;
        if ready.status != StatusCode::OK {
            is_away(&ready);
            // A dependency that is found again between the two is seen once more.
            return if up("index") || up("database") { Up::Both } else { Up::Neither };
        }
        let away: Vec<_> = ready.body["degraded"].as_array().into_iter().flatten().collect();
        match (away.is_empty(), away.iter().all(|one| one["what"] == "index"), up("index"), up("database")) {
            (true, _, true, true) => Up::Both,
            (false, true, false, true) => Up::Database,
            (false, false, true, false) => Up::Index,
            // In between.
            _ => Up::Neither,
        }
    }

    /// All is well, nothing waits, everything that was accepted is there for everybody, and index and database agree.
    pub async fn recovers(&self, from: &str) {
        self.comes_to(from, WELL).await;
        for lane in ["queued", "running"] {
            within("no job is left", || async {
                let jobs = self.ask(Method::GET, &format!("/v2/permission/job?state={lane}"), Value::Null).await;
                jobs.status == StatusCode::OK && jobs.body["items"].as_array().is_some_and(Vec::is_empty)
            })
            .await;
        }
        let failed = self.ask(Method::GET, "/v2/permission/job?state=failed", Value::Null).await;
        assert_eq!(failed.body["items"], json!([]), "{from}: no job is at fault");
        let have: BTreeSet<i64> = self.who_has().await.into_iter().collect();
        let given = self.given.lock().clone();
        assert!(given.is_subset(&have), "{from}: lost {:?}", given.difference(&have));
        let perhaps: BTreeSet<_> = given.union(&self.perhaps.lock()).copied().collect();
        assert!(have.is_subset(&perhaps), "{from}: nobody gave {:?}", have.difference(&perhaps));
        let found = self.verify(false).await;
        assert_eq!((&found["users"], &found["differences"]), (&json!(USERS), &json!(0)), "{from}: {found}");
    }

    /// Everybody who has what changes give.
    pub async fn who_has(&self) -> Vec<i64> {
        let body = json!({"action": ACTION, "resource": RESOURCE, "limit": 1_000});
        let answer = self.ask(Method::POST, "/v2/permission", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let users = answer.body["users"].as_array().expect("users");
        assert_eq!(answer.body["size"], json!(users.len()), "few enough for one page");
        users.iter().map(|user| user["id"].as_i64().expect("an id")).collect()
    }

    /// Compares index and database: the result.
    pub async fn verify(&self, repair: bool) -> Value {
        verified(async |method, path, body| self.ask(method, &path, body).await, repair).await
    }

    /// SIGTERM, and it ends with 0.
    pub async fn ends(self) {
        let ended = tokio::time::timeout(Duration::from_mins(1), self.process.terminate()).await;
        assert_eq!(ended, Ok(true));
    }
}

/// The only answer there is in place of a right one.
fn is_away(answer: &Answer) {
    let text = answer.body.to_string();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
    let after: u64 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&after), "{after}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let kind = answer.body["type"].as_str().expect("a type");
    assert!(kind.starts_with("urn:permdex:problem:"), "{text}");
    for inside in ["127.0.0.1", "select", "sqlx", "Elasticsearch", "elasticsearch", "/tmp"] {
        assert!(!text.contains(inside), "nothing from inside: {text}");
    }
}
