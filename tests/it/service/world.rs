//! Two organizations, and everything that stands between a caller and them. The tests play the worker.

use crate::support::database::TestDatabase;
use futures::future::BoxFuture;
use permdex::auth::{Claims, Scope, Subject};
use permdex::clock::Clock;
use permdex::domain::{ActionName, Attributes, CustomerId, PolicyId, ResourceName, UserId};
use permdex::index::embedded::EmbeddedIndex;
use permdex::index::{
    Document, Generation, IndexError, Kept, Page, PermissionIndex, Search, UserRange, UserStream, Whose, Written,
};
use permdex::queue::{JobId, Signals, State};
use permdex::service::{
    AssignRequest, Caller, Change, CheckQuestion, Cluster, Directory, Health, Parts, ServiceError, Settings, Target,
    WhoHasQuestion, WriteContext,
};
use permdex::store::snapshot::{self, SnapshotCache};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Acme: 17 administers it and may do everything with its documents, 18 may nothing, 19 is inactive. Globex: 27.
/// Policy 3 reads documents (shared), 4 is 17's, 5 is beyond him, 6 is Globex's own, 7 denies him nothing he lacks,
/// 8 denies what he lacks.
const DATA: &str = r#"
insert into customers (id, organization, name) values (1, 'acme', 'Acme'), (2, 'globex', 'Globex');
insert into users (id, customer_id, email, ui_language, active) values
    (17, 1, 'a@example.com', 'en', true), (18, 1, 'b@example.com', 'en', true),
    (19, 1, 'c@example.com', 'en', false), (27, 2, 'd@example.com', 'de', true);
insert into security_groups (id, customer_id, name) values (5, 1, 'Writers');
insert into security_group_members (security_group_id, user_id, customer_id) values (5, 18, 1);
insert into policies (id, customer_id, name, statements) values
    (3, null, 'docs', '[{"effect":"allow","actions":["doc:read"],"resources":["acrn:app:${customerId}:doc/*"]}]'),
    (4, null, 'admin', '[{"effect":"allow","actions":["permdex:*"],"resources":["acrn:permdex:${customerId}:*"]},
        {"effect":"allow","actions":["doc:*"],"resources":["acrn:app:${customerId}:*"]}]'),
    (5, null, 'bills', '[{"effect":"allow","actions":["bill:pay"],"resources":["acrn:app:1:bill/*"]}]'),
    (6, 2, 'globex', '[{"effect":"allow","actions":["doc:read"],"resources":["acrn:app:2:doc/*"]}]'),
    (7, null, 'no docs', '[{"effect":"deny","actions":["doc:read"],"resources":["acrn:app:1:secret/*"]}]'),
    (8, null, 'no bills', '[{"effect":"deny","actions":["bill:pay"],"resources":["acrn:app:1:bill/*"]}]'),
    (9, null, 'own org', '[{"effect":"allow","actions":["note:read"],"resources":["*"],
        "conditions":{"org_id":{"type":"Equals","value":"{self_org_id}"}}}]');
insert into assignments (policy_id, customer_id, user_id) values (4, 1, 17), (8, 1, 18);
insert into actions (name, model, title, description) values
    ('doc:read', 'doc', 'Read', 'Read documents'), ('bill:pay', 'bill', 'Pay', 'Pay bills');
"#;

pub const ACME: CustomerId = CustomerId(1);
pub const GLOBEX: CustomerId = CustomerId(2);

pub struct World {
    pub cluster: Cluster,
    pub index: Arc<Counting>,
    pub db: TestDatabase,
}

impl World {
    /// Everybody is in the index.
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let db = TestDatabase::new().await;
        sqlx::raw_sql(DATA).execute(&db.pool).await.expect("the data fits");
        let index = Arc::new(Counting::default());
        let generation = generation();
        index.create(&generation).await.expect("created");
        index.serve(&generation).await.expect("served");
        let cluster = instance(&db, &index, settings);
        cluster.load_directory().await.expect("loaded");
        let world = Self { cluster, index, db };
        world.work().await;
        world
    }

    /// Another process on the same database and index, which heard of nothing.
    pub fn other_instance(&self) -> Cluster {
        instance(&self.db, &self.index, Settings::default())
    }

    /// What a worker does, all of it: every document written, every job done.
    pub async fn work(&self) {
        let mut conn = self.db.pool.acquire().await.expect("a connection");
        let version: i64 = self.one("select nextval('index_version')").await;
        let jobs: Vec<uuid::Uuid> =
            sqlx::query_scalar("select id from jobs where state = 'queued'").fetch_all(&mut *conn).await.expect("read");
        let users: Vec<i64> = sqlx::query_scalar("select id from users").fetch_all(&mut *conn).await.expect("read");
        let mut documents = Vec::new();
        for user in users {
            let loaded =
                snapshot::load_one(&mut conn, UserId(user), 0, &SnapshotCache::default()).await.expect("loaded");
            let loaded = loaded.expect("there");
            let (email, ui_language, permissions) = (loaded.email, loaded.ui_language, loaded.permissions);
            documents.push(Arc::new(Document { email, ui_language, permissions, version }));
        }
        self.index.write(&[generation()], &documents).await.expect("written");
        self.run("update jobs set state = 'done', finished_at = now() where state = 'queued'").await;
        let jobs: Vec<_> = jobs.into_iter().map(JobId).collect();
        self.cluster.signals.finished(&jobs, State::Done);
    }

    pub async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.db.pool).await.expect("run");
    }

    pub async fn one<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).fetch_one(&self.db.pool).await.expect("read")
    }

    /// The index is away.
    pub async fn without_index(&self) {
        self.index.withdraw().await.expect("withdrawn");
    }

    /// The database is away.
    pub async fn without_database(&self) {
        self.db.pool.close().await;
    }

    pub async fn user(&self, id: i64) -> Caller {
        self.caller(user_claims(id, "acme")).await.expect("let in")
    }

    pub async fn caller(&self, claims: Claims) -> Result<Caller, ServiceError> {
        self.cluster.caller(Arc::new(claims)).await
    }

    pub async fn service(&self) -> Caller {
        self.caller(service_claims(None)).await.expect("let in")
    }

    /// Whether the check of one resource allows.
    pub async fn allows(&self, caller: &Caller, question: &CheckQuestion) -> bool {
        let answer = self.cluster.check(caller, question).await.expect("answered");
        answer.decide(question).allow
    }
}

fn instance(db: &TestDatabase, index: &Arc<Counting>, settings: Settings) -> Cluster {
    Cluster::new(Parts {
        name: "default".into(),
        pool: db.pool.clone(),
        index: Arc::clone(index) as Arc<dyn PermissionIndex>,
        snapshots: Arc::default(),
        directory: Directory::default(),
        signals: Signals::default(),
        clock: Clock::System,
        settings,
        health: Health::of("default".into()),
    })
}

pub fn generation() -> Generation {
    Generation("users-1".into())
}

pub fn user_claims(id: i64, organization: &str) -> Claims {
    claims(Subject::User(UserId(id)), Some(organization), None)
}

pub fn service_claims(scope: Option<&str>) -> Claims {
    claims(Subject::Service("billing".into()), None, scope.map(|scope| Scope::parse(scope).expect("a scope")))
}

fn claims(subject: Subject, organization: Option<&str>, scope: Option<Scope>) -> Claims {
    let organization = organization.map(str::to_owned);
    Claims { subject, organization, scope, valid_until: i64::MAX, valid_from: 0 }
}

pub fn check(user: i64, action: &str, resource: &str) -> CheckQuestion {
    CheckQuestion {
        requester: UserId(user),
        action: ActionName::parse(action).expect("an action"),
        resources: vec![ResourceName::parse(resource).expect("a resource")],
        attributes: Attributes::new(),
        after: None,
    }
}

pub fn who_has(action: &str, resource: &str) -> WhoHasQuestion {
    WhoHasQuestion {
        action: ActionName::parse(action).expect("an action"),
        resources: vec![ResourceName::parse(resource).expect("a resource")],
        attributes: Attributes::new(),
        customer: None,
        limit: 1_000,
        cursor: None,
        after: None,
        debug: false,
    }
}

pub fn assign(policy: i64, target: Target) -> AssignRequest {
    AssignRequest { change: Change::Assign, policy: PolicyId(policy), target, scope: None }
}

pub fn remove(policy: i64, target: Target) -> AssignRequest {
    AssignRequest { change: Change::Remove, ..assign(policy, target) }
}

pub fn waiting() -> WriteContext {
    WriteContext { wait: true, ..WriteContext::default() }
}

/// The embedded engine, counting look-ups.
#[derive(Debug, Default)]
pub struct Counting {
    engine: EmbeddedIndex,
    pub gets: AtomicUsize,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, IndexError>>;

impl PermissionIndex for Counting {
    fn get(&self, user: UserId) -> Answer<'_, Option<Arc<Document>>> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.engine.get(user)
    }
    fn write<'a>(&'a self, to: &'a [Generation], documents: &'a [Arc<Document>]) -> Answer<'a, Vec<Written>> {
        self.engine.write(to, documents)
    }
    fn refresh<'a>(&'a self, generations: &'a [Generation]) -> Answer<'a, ()> {
        self.engine.refresh(generations)
    }
    fn search<'a>(&'a self, search: &'a Search) -> Answer<'a, Page> {
        self.engine.search(search)
    }
    fn stream<'a>(&'a self, search: &'a Search) -> Answer<'a, UserStream> {
        self.engine.stream(search)
    }
    fn versions<'a>(
        &'a self,
        generation: &'a Generation,
        range: UserRange,
        limit: usize,
    ) -> Answer<'a, Vec<(UserId, i64)>> {
        self.engine.versions(generation, range, limit)
    }
    fn documents<'a>(&'a self, generation: &'a Generation, whose: Whose<'a>, limit: usize) -> Answer<'a, Vec<Kept>> {
        self.engine.documents(generation, whose, limit)
    }
    fn prepare(&self) -> Answer<'_, ()> {
        self.engine.prepare()
    }
    fn create<'a>(&'a self, generation: &'a Generation) -> Answer<'a, bool> {
        self.engine.create(generation)
    }
    fn serve<'a>(&'a self, generation: &'a Generation) -> Answer<'a, ()> {
        self.engine.serve(generation)
    }
    fn withdraw(&self) -> Answer<'_, ()> {
        self.engine.withdraw()
    }
    fn discard<'a>(&'a self, generation: &'a Generation) -> Answer<'a, ()> {
        self.engine.discard(generation)
    }
    fn serving(&self) -> Answer<'_, Option<Generation>> {
        self.engine.serving()
    }
    fn identity<'a>(&'a self, generation: &'a Generation) -> Answer<'a, Option<String>> {
        self.engine.identity(generation)
    }

    fn highest_version(&self) -> Answer<'_, i64> {
        self.engine.highest_version()
    }
    fn is_visible_at_once(&self) -> bool {
        self.engine.is_visible_at_once()
    }

    fn engine(&self) -> &'static str {
        self.engine.engine()
    }
}
