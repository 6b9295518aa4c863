//! Two writes at once, each as far as it gets alone: for what one of them must see of the other.

use super::app::{App, within};
use sqlx::Connection as _;

/// Runs `first` until it is about to write its audit row, `second` until it waits for a lock, and lets both go.
pub async fn line_up<A, B>(app: &App, first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let mut holder = sqlx::PgConnection::connect_with(&app.database.options).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    // Blocks inserts and nothing else: everything before them is done, nothing is committed.
    sqlx::query("lock table audit in share mode").execute(&mut *held).await.unwrap();
    let waiting = async |wanted: i64| {
        within("both wait", || async {
            let sql =
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
            sqlx::query_scalar::<_, i64>(sql).fetch_one(&app.database.pool).await.unwrap() >= wanted
        })
        .await;
    };
    let go_on = async {
        waiting(2).await;
        held.rollback().await.unwrap();
    };
    let second = async {
        waiting(1).await;
        second.await
    };
    let (first, second, ()) = tokio::join!(first, second, go_on);
    (first, second)
}
