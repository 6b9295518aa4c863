//! A real PostgreSQL for the tests: one private cluster a process, started when the first test asks, gone with the
//! process however that ends; and a database of its own for each test, copied from one that was migrated once.
//!
//! `PERMDEX_TEST_DATABASE_URL` names a server to use instead (its user must be allowed to create databases).

use super::guarded::Guarded;
use permdex::store::migrate::{MIGRATOR, migrate};
use permdex::store::pool::{PoolSettings, connect};
use permdex::store::private::{Durability, PrivateCluster};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};
use std::str::FromStr;
use tokio::sync::OnceCell;

/// Any number; two test processes on one server must not make the template both.
const TEMPLATE_LOCK: i64 = 0x7065_726d;

/// A migrated, empty database of one test, dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    /// A pool of a few connections, set up as in production.
    pub pool: PgPool,
    /// How to connect to it without the pool.
    pub options: PgConnectOptions,
    name: String,
}

impl TestDatabase {
    /// # Panics
    /// When no server can be started or reached; every test that asks is told the same reason.
    pub async fn new() -> Self {
        let server = server().await;
        let name = format!("permdex_test_{}", uuid::Uuid::new_v4().simple());
        let mut admin = server.options.connect().await.expect("the server answers");
        // Copying files: logging every page, the default, takes eight times as long.
        let create = format!("create database {name} template {} strategy file_copy", server.template);
        sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.expect("copied from the template");
        admin.close().await.expect("closed");
        let options = server.options.clone().database(&name);
        let settings = PoolSettings { max_connections: 8, ..PoolSettings::default() };
        Self { pool: connect(options.clone(), &settings), options, name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // The test's runtime may be ending: a thread and a runtime of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut admin = server().await.options.connect().await?;
                sqlx::query(AssertSqlSafe(format!("drop database {name} with (force)"))).execute(&mut admin).await?;
                admin.close().await
            })
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            // The cluster goes with the process anyway; a test's own panic says more.
            other => eprintln!("a test's database stays: {other:?}"),
        }
    }
}

/// The server of this process.
struct Server {
    options: PgConnectOptions,
    template: String,
}

async fn server() -> &'static Server {
    static SERVER: OnceCell<Result<Server, String>> = OnceCell::const_new();
    match SERVER.get_or_init(find_or_start).await {
        Ok(server) => server,
        Err(why) => panic!("{why}"),
    }
}

async fn find_or_start() -> Result<Server, String> {
    let options = match std::env::var("PERMDEX_TEST_DATABASE_URL") {
        Ok(url) => PgConnectOptions::from_str(&url).map_err(|error| format!("PERMDEX_TEST_DATABASE_URL: {error}"))?,
        Err(_) => start().await?,
    };
    let template = template(&options).await.map_err(|error| format!("the template database: {error:#}"))?;
    Ok(Server { options, template })
}

async fn start() -> Result<PgConnectOptions, String> {
    let guarded = Guarded::new();
    let cluster = PrivateCluster::start_with(guarded.path(), Durability::NoneForTests).await;
    let cluster = cluster.map_err(|error| error.to_string())?;
    let options = cluster.options();
    // Never dropped: the guard's shell ends the server with this process.
    std::mem::forget((guarded, cluster));
    Ok(options)
}

/// Makes the migrated database that the tests' are copied from, unless it is there: its name says which migrations
/// it has.
async fn template(options: &PgConnectOptions) -> anyhow::Result<String> {
    let hash = MIGRATOR.iter().fold(Sha256::new(), |hash, migration| hash.chain_update(&migration.checksum)).finalize();
    let prefix = String::from("permdex_test_template_");
    let name = hash.iter().take(8).fold(prefix, |name, byte| format!("{name}{byte:02x}"));
    let mut admin = options.connect().await?;
    sqlx::query("select pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut admin).await?;
    let exists = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    if !exists.bind(&name).fetch_one(&mut admin).await? {
        build(&mut admin, options, &name).await?;
    }
    admin.close().await?;
    Ok(name)
}

/// Under another name until it is whole.
async fn build(admin: &mut PgConnection, options: &PgConnectOptions, name: &str) -> anyhow::Result<()> {
    let unfinished = format!("{name}_unfinished");
    run(admin, format!("drop database if exists {unfinished} with (force)")).await?;
    run(admin, format!("create database {unfinished}")).await?;
    let pool = connect(options.clone().database(&unfinished), &PoolSettings::default());
    migrate(&pool).await?;
    pool.close().await;
    run(admin, format!("alter database {unfinished} rename to {name}")).await?;
    Ok(())
}

async fn run(admin: &mut PgConnection, sql: String) -> sqlx::Result<()> {
    sqlx::query(AssertSqlSafe(sql)).execute(admin).await.map(drop)
}

#[tokio::test]
async fn each_test_has_a_migrated_database_of_its_own() {
    let (one, other) = (TestDatabase::new().await, TestDatabase::new().await);
    let add = "insert into customers (organization, name) values ('acme', 'Acme')";
    sqlx::query(add).execute(&one.pool).await.expect("migrated");
    let count = "select count(*) from customers";
    let counted: i64 = sqlx::query_scalar(count).fetch_one(&other.pool).await.expect("migrated");
    assert_eq!(counted, 0);
    migrate(&one.pool).await.expect("a second time changes nothing");
}

#[tokio::test]
async fn a_database_goes_with_its_test() {
    let database = TestDatabase::new().await;
    let (name, held) = (database.name.clone(), database.pool.clone());
    sqlx::query("select 1").execute(&held).await.expect("in use");
    drop(database);
    let mut admin = server().await.options.connect().await.expect("the server answers");
    let exists = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    let exists: bool = exists.bind(&name).fetch_one(&mut admin).await.expect("asked");
    assert!(!exists);
}

#[tokio::test]
async fn a_pool_is_bounded_and_named() {
    let database = TestDatabase::new().await;
    let setting = |name: &'static str| sqlx::query_scalar::<_, String>("select current_setting($1)").bind(name);
    let read = async |name| setting(name).fetch_one(&database.pool).await.expect("read");
    assert_eq!(read("application_name").await, "permdex");
    assert_eq!(read("statement_timeout").await, "30s");
    assert_eq!(read("lock_timeout").await, "10s");
    assert_eq!(read("idle_in_transaction_session_timeout").await, "1min");
}

#[tokio::test]
async fn a_database_that_answers_no_is_not_tried_again() {
    let database = TestDatabase::new().await;
    let missing = connect(database.options.clone().database("no_such_database"), &PoolSettings::default());
    let error = migrate(&missing).await.expect_err("it is not there");
    assert!(!error.is_transient(), "{error:?}");
    // A file that was edited after it ran.
    let edit = "update _sqlx_migrations set checksum = '\\x00' where version = 1";
    sqlx::query(edit).execute(&database.pool).await.expect("edited");
    let error = migrate(&database.pool).await.expect_err("refused").to_string();
    assert!(error.starts_with("migration 1 differs"), "{error}");
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'of a newer one', true, '\\x00', 0)";
    sqlx::query(newer).execute(&database.pool).await.expect("added");
    let error = migrate(&database.pool).await.expect_err("refused").to_string();
    assert!(error.starts_with("migration 9999 in the database is unknown"), "{error}");
}
