//! A rebuild whose worker goes away is gone on with where it stood.

use super::{USERS, becomes, beside, job, rebuild, small_pages, stalling};
use crate::support::app::{Engine, within};
use crate::support::stalling::{Gate, Stalling};
use serde_json::json;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_goes_on_where_it_stood() {
    let (mut app, gate) = stalling(Engine::Elastic).await;
    gate.arm_for(550);
    let path = rebuild(&app).await;
    within("half of it is filled", || async { gate.held() == 1 }).await;
    assert_eq!(job(&app, &path).await["processed"], json!(500));
    // It gives its jobs back; the page that stalls is nobody's any more.
    app.assembly.stop().await;
    let counting = Arc::new(Gate::default());
    let behind = Arc::clone(&counting);
    let mut other = beside(&app, small_pages(), |index| Arc::new(Stalling::new(index, behind))).await;
    let done = becomes(&app, &path, "done").await;
    assert_eq!((&done["processed"], &done["total"]), (&json!(USERS), &json!(USERS)), "{done}");
    assert_eq!(i64::try_from(counting.documents()).expect("few"), USERS - 500, "what was filled is not filled again");
    other.stop().await;
    gate.release();
}
