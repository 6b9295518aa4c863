//! An app in memory: two customers, a few users, typed callers.

use crate::auth::{Keys, Settings as AuthSettings, Verifier};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{CustomerId, Permissions, UserId};
use crate::http::{App, Settings, router};
use crate::index::embedded::EmbeddedIndex;
use crate::index::{Document, Generation, PermissionIndex};
use crate::queue::Signals;
use crate::service::{Cluster, Clusters, Directory, Health, Parts, Settings as ClusterSettings};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

pub(in crate::http) const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
/// 2026-11-01, in seconds.
pub(in crate::http) const NOW: i64 = 1_793_491_200;
pub(in crate::http) const ASK: &str = "/v2/permission";
pub(in crate::http) const DOC: &str = "acrn:app:1:doc/7";

pub(in crate::http) struct TestApp {
    pub app: App,
    pub router: Router,
    pub clock: Clock,
}

/// An answer, read whole.
#[derive(Debug)]
pub(in crate::http) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl TestApp {
    /// Customer 1 is acme: 17 may read documents but 9, and edit red ones until 2027; 18 may ask about and search
    /// acme's users; 19 is inactive. Customer 2 is globex: 30 may read all documents of everybody.
    pub(in crate::http) async fn acme() -> Self {
        let index = EmbeddedIndex::new();
        let generation = Generation("g1".into());
        index.create(&generation).await.unwrap();
        index.write(std::slice::from_ref(&generation), &users()).await.unwrap();
        index.serve(&generation).await.unwrap();
        Self::on(index)
    }

    /// With an index that does not serve: nothing can answer.
    pub(in crate::http) fn down() -> Self {
        Self::on(EmbeddedIndex::new())
    }

    fn on(index: EmbeddedIndex) -> Self {
        let clock = Clock::at(NOW * 1_000_000);
        let cluster = cluster("default", index, &["acme", "globex"], &clock);
        Self::of(cluster, clock)
    }

    /// `default`, which has acme and globex, and `eu`, which has initech; no index serves.
    pub(in crate::http) fn two_clusters() -> Self {
        let clock = Clock::at(NOW * 1_000_000);
        let default = cluster("default", EmbeddedIndex::new(), &["acme", "globex"], &clock);
        let eu = cluster("eu", EmbeddedIndex::new(), &["initech"], &clock);
        Self::of(Clusters::new(default, [eu]), clock)
    }

    fn of(clusters: impl Into<Clusters>, clock: Clock) -> Self {
        let keys = Keys::with(
            &AuthSettings { hs256_secret: vec![SECRET.into()], ..AuthSettings::default() },
            &[SECRET.into()],
        );
        let settings = Settings::from(&Config::built_in().unwrap());
        let app = App::new(clusters, Verifier::new(keys.unwrap(), clock.clone()), None, settings);
        Self { router: router(app.clone()), app, clock }
    }

    /// Sends a request as it is.
    pub(in crate::http) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Asks as the service `test`, which may everything.
    pub(in crate::http) async fn ask(&self, body: Value) -> Answer {
        self.post(ASK, &service(), &body.to_string()).await
    }

    pub(in crate::http) async fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        let request = Request::post(path).header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json").body(body.to_owned().into());
        self.send(request.unwrap()).await
    }

    pub(in crate::http) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = Request::get(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

impl Answer {
    #[track_caller]
    pub(in crate::http) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The problem, once its form is checked.
    #[track_caller]
    pub(in crate::http) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let problem: Value = serde_json::from_str(&self.text).unwrap();
        assert!(problem["type"].as_str().unwrap().starts_with("urn:permdex:problem:"), "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!((&problem["status"], &problem["requestId"]), (&json!(status), &json!(self.id())));
        for (code, header) in [(401, "www-authenticate"), (405, "allow"), (429, "retry-after"), (503, "retry-after")] {
            assert!(status != code || self.headers.contains_key(header), "{status} without {header}");
        }
        problem
    }

    /// Where the errors of a problem stand.
    #[track_caller]
    pub(in crate::http) fn pointers(&self) -> Vec<String> {
        let problem = self.problem(422);
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    pub(in crate::http) fn id(&self) -> &str {
        self.headers["x-request-id"].to_str().unwrap()
    }
}

/// A cluster with these organizations, by id from 1 on.
fn cluster(name: &str, index: EmbeddedIndex, organizations: &[&str], clock: &Clock) -> Cluster {
    // Nobody listens on port 1.
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(50));
    let directory = Directory::default();
    for (id, organization) in (1..).zip(organizations) {
        directory.learn(CustomerId(id), organization);
    }
    Cluster::new(Parts {
        name: name.into(),
        pool: pool.connect_lazy("postgres://nobody@127.0.0.1:1/nothing").unwrap(),
        index: Arc::new(index),
        snapshots: Arc::default(),
        directory,
        signals: Signals::default(),
        clock: clock.clone(),
        settings: ClusterSettings::default(),
        health: Health::default(),
    })
}

pub(in crate::http) fn token(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

pub(in crate::http) fn service() -> String {
    token(&json!({"sub": "service:test", "exp": NOW + 3_600}))
}

pub(in crate::http) fn user(id: i64, organization: &str) -> String {
    token(&json!({"sub": id.to_string(), "org": organization, "exp": NOW + 3_600}))
}

fn users() -> Vec<Arc<Document>> {
    let statement = |mut statement: Value, policy: i64, origin: &str| {
        statement["policy"] = json!(policy);
        statement["origin"] = json!(origin);
        statement
    };
    let seventeen = json!([
        statement(
            json!({"effect": "allow", "actions": ["doc:read"], "resources": ["acrn:app:1:doc/*"]}),
            3,
            "securityGroup:5"
        ),
        statement(json!({"effect": "deny", "actions": ["doc:*"], "resources": ["acrn:app:1:doc/9"]}), 4, "customer:1"),
        statement(
            json!({"effect": "allow", "actions": ["doc:edit"], "resources": ["acrn:app:1:doc/*"],
            "conditions": {"color": {"type": "Equals", "value": "red"}}, "until": 1_798_761_600_000_000_i64}),
            6,
            "user:17"
        ),
    ]);
    let eighteen = json!([statement(
        json!({"effect": "allow",
        "actions": ["permdex:permission:check", "permdex:permission:search"],
        "resources": ["acrn:permdex:1:user/*"]}),
        7,
        "user:18"
    )]);
    let thirty = json!([statement(
        json!({"effect": "allow", "actions": ["doc:read"], "resources": ["acrn:app:*"]}),
        3,
        "user:30"
    )]);
    [(17, 1, true, seventeen), (18, 1, true, eighteen), (19, 1, false, json!([])), (30, 2, true, thirty)]
        .into_iter()
        .map(|(id, customer, active, statements)| document(id, customer, active, statements))
        .collect()
}

fn document(id: i64, customer: i64, active: bool, statements: Value) -> Arc<Document> {
    let statements = serde_json::from_value(statements).unwrap();
    let permissions = Permissions { user: UserId(id), customer: CustomerId(customer), active, statements };
    Arc::new(Document { email: format!("={id}@example.com").into(), ui_language: "en".into(), permissions, version: 1 })
}
