//! Settings that reach their place through the whole program only: a real process with them in its environment.

use crate::support::app::within;
use crate::support::process::Process;
use permdex::queue::{self, JobId, State};
use permdex::store::migrate::migrate;
use permdex::store::pool::{PoolSettings, connect};
use permdex::store::private::PrivateCluster;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_has_failed_after_as_many_lost_workers_as_are_configured() {
    let folder = tempfile::tempdir().expect("a folder");
    let private = PrivateCluster::start(folder.path()).await.expect("a private server");
    let pool = connect(private.options(), &PoolSettings::default());
    migrate(&pool).await.expect("migrated");
    let lost = "insert into jobs (id, kind, scope, actor, lane, state, attempts, claim, lease_until)
        select gen_random_uuid(), 'refresh', '{\"user\": 1}', 'x', 'small', 'running', n, gen_random_uuid(), now()
        from unnest(array[2, 3]) n returning id";
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(lost).fetch_all(&pool).await.expect("added");
    let process = Process::serve(folder.path(), &[("PERMDEX__REFRESH__MAX_ATTEMPTS", "3")]).await;
    let state = async |at: usize| {
        let job = queue::get(&pool, JobId(ids[at])).await.expect("read").expect("there");
        (job.state, job.error)
    };
    within("the second attempt of three is not the last", || async { state(0).await.0 == State::Done }).await;
    let (state, error) = state(1).await;
    assert_eq!(state, State::Failed);
    assert!(error.expect("says why").starts_with("the worker was lost 3 times"));
    assert!(process.terminate().await);
    pool.close().await;
    private.stop().await.expect("stopped");
}
