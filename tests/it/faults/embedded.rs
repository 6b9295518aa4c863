//! The embedded index: without PostgreSQL it answers nothing, for it can't know whether it is still the one that may.

use super::seen::DOWN;
use super::stand::Stand;
use crate::support::database::TestDatabase;
use crate::support::way::Way;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_from_memory_without_the_database_and_everything_afterwards() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_memory(&database.options).await;
    for way in [Way::Cut, Way::HeldUp] {
        stand.to_postgres.set(way);
        stand.comes_to(&format!("{way:?}"), DOWN).await;
        stand.to_postgres.set(Way::Open);
        stand.recovers(&format!("{way:?}")).await;
    }
    stand.ends().await;
}
