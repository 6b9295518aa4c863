//! PostgreSQL is gone, silent, restarting, failing over, out of connections, or its machine is lost. On Elasticsearch
//! everybody reads on.

use super::seen::{Changed, READ_ONLY, Seen, WELL, WITHOUT_DATABASE};
use super::stand::Stand;
use crate::support::app::within;
use crate::support::database::TestDatabase;
use crate::support::gatekeeper::Mood;
use crate::support::postgres::Postgres;
use crate::support::way::{Passage, Way};
use permdex::store::migrate::migrate;
use permdex::store::pool::{PoolSettings, connect};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_without_a_database_that_is_gone_or_silent() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    for way in [Way::Cut, Way::HeldUp] {
        stand.to_postgres.set(way);
        stand.comes_to(&format!("{way:?}"), WITHOUT_DATABASE).await;
        stand.to_postgres.set(Way::Open);
        stand.recovers(&format!("{way:?}")).await;
    }
    stand.ends().await;
}

/// No connection is ever closed, and nobody answers on those that are there.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_machine_is_lost_is_found_where_it_is_now() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    // In the midst of changes. Not again and again: the pool tries a connection that is given back, and waits for its answer
    // without a limit. Who is lost at that very moment keeps a place.
    let changes = async {
        for _ in 0..3 {
            stand.look().await;
        }
    };
    let strands = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(70)).await;
            stand.to_postgres.strand();
        }
    };
    tokio::join!(changes, strands);
    stand.recovers("stranded").await;
    // Nor does the end wait for them.
    stand.to_postgres.strand();
    stand.ends().await;
}

/// Its only place is held by a statement that nobody waits for any more, on a connection that nobody answers on.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_of_the_pool_is_given_to_another_connection() {
    let database = TestDatabase::new().await;
    let passage = Passage::to(&database.options);
    let settings =
        PoolSettings { max_connections: 1, acquire_timeout: Duration::from_secs(1), ..PoolSettings::default() };
    let pool = connect(passage.options(), &settings);
    let asked = tokio::time::timeout(Duration::from_millis(500), sqlx::query("select pg_sleep(25)").execute(&pool));
    let strands = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        passage.strand();
    };
    let (asked, ()) = tokio::join!(asked, strands);
    assert!(asked.is_err(), "nobody answers");
    within("another one has it", || async { sqlx::query("select 1").execute(&pool).await.is_ok() }).await;
}

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.expect("it does");
}

/// Ends all other connections to the database.
async fn end_connections(connection: &mut PgConnection) {
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(sql).execute(connection).await.expect("ended");
}

/// As of a failover's first seconds: the new server is a standby that nobody has promoted yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_nothing_until_it_is_promoted() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    let mut admin = database.options.connect().await.expect("connected");
    let name: String =
        sqlx::query_scalar("select current_database()::text").fetch_one(&mut admin).await.expect("a name");
    run(&mut admin, format!("alter database {name} set default_transaction_read_only = on")).await;
    end_connections(&mut admin).await;
    // It answers what it is asked; so it is not away.
    within("changes are refused", || async { stand.look().await == Seen { change: Changed::No, ..WELL } }).await;
    run(&mut admin, "set default_transaction_read_only = off".to_owned()).await;
    run(&mut admin, format!("alter database {name} reset default_transaction_read_only")).await;
    end_connections(&mut admin).await;
    stand.recovers("a standby").await;
    stand.ends().await;
}

async fn own_server() -> Postgres {
    let postgres = Postgres::start().await.expect("a server");
    let pool = connect(postgres.options(), &PoolSettings::default());
    migrate(&pool).await.expect("migrated");
    pool.close().await;
    postgres
}

/// Takes every connection that the server has, those kept for its operators included.
async fn take_all(options: &PgConnectOptions) -> Vec<PgConnection> {
    let mut admin = options.connect().await.expect("connected");
    let mut taken = Vec::new();
    loop {
        end_connections_of_permdex(&mut admin).await;
        match options.connect().await {
            Ok(connection) => taken.push(connection),
            // Several refusals in a row: permdex has none either.
            Err(_) if taken.len() > 80 => break,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    taken.push(admin);
    taken
}

async fn end_connections_of_permdex(connection: &mut PgConnection) {
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'permdex%'";
    sqlx::query(sql).execute(connection).await.expect("ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_connections_or_started_again_is_like_one_that_was_away() {
    let mut postgres = own_server().await;
    let stand = Stand::on_elasticsearch(&postgres.options()).await;
    let taken = take_all(&postgres.options()).await;
    stand.comes_to("out of connections", WITHOUT_DATABASE).await;
    for connection in taken {
        connection.close().await.expect("closed");
    }
    stand.recovers("out of connections").await;

    postgres.kill().expect("killed");
    stand.comes_to("killed", WITHOUT_DATABASE).await;
    postgres.restart().await.expect("started again");
    stand.recovers("killed").await;
    {
        let _stopped = postgres.stop().expect("stopped");
        stand.comes_to("stopped", WITHOUT_DATABASE).await;
    }
    stand.recovers("stopped").await;
    let other = postgres.fail_over().await.expect("another one");
    stand.to_postgres.lead_to(&other.options());
    stand.recovers("failed over").await;
    stand.ends().await;
}

/// The sequence goes back while everything runs, and connections break as in a failover.
#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_that_went_back_hides_no_change() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    let mut admin = database.options.connect().await.expect("connected");
    for to in [1, 1_000_000] {
        run(&mut admin, format!("alter sequence index_version restart with {to}")).await;
        end_connections(&mut admin).await;
        stand.recovers("went back").await;
        let now: i64 =
            sqlx::query_scalar("select last_value from index_version").fetch_one(&mut admin).await.expect("a number");
        assert!(now > 1_000_000_000, "{now} is beyond the index again");
    }
    stand.ends().await;
}

/// Somebody's `alter table` or `vacuum full` holds a lock for longer than statements wait for one. Whoever is changed
/// meanwhile keeps what he has, and no job is at fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_for_long_takes_nothing_from_anybody() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    stand.gatekeeper.set(Mood::RefusesBulk(429));
    stand.comes_to("a change waits", READ_ONLY).await;
    let mut admin = database.options.connect().await.expect("connected");
    run(&mut admin, "begin; lock table assignments in access exclusive mode".to_owned()).await;
    stand.gatekeeper.set(Mood::Helpful);
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock' and now() - query_start > '9 s'";
    let wait = async || sqlx::query_scalar::<_, i64>(waits).fetch_one(&database.pool).await.expect("counted") > 0;
    within("a worker waits for it", &wait).await;
    within("it has waited in vain", || async { !wait().await }).await;
    run(&mut admin, "rollback".to_owned()).await;
    stand.recovers("a lock").await;
    stand.ends().await;
}
