//! Between the alias and the register: what a builder leaves that dies there, and an instance that starts just then.

use super::{USERS, becomes, rebuild, register, serving, stalling};
use crate::support::app::{App, Engine, within};
use permdex::index::Generation;
use permdex::refresh;

/// The generation that the register says is being built.
async fn building(app: &App) -> Generation {
    let (name, state) = register(app).await.pop().expect("registered");
    assert_eq!(state, "building");
    Generation(name.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alias_goes_back_when_nobody_builds_what_it_points_at() {
    let (app, _gate) = stalling(Engine::Elastic).await;
    let before = serving(&app).await;
    let (prefix, _) = before.0.rsplit_once('-').expect("a generation's name");
    let left = Generation(format!("{prefix}-000999").into());
    let index = &app.assembly.cluster.index;
    index.create(&left).await.expect("created");
    index.serve(&left).await.expect("the alias points at it");
    sqlx::query(
        "insert into index_generations (id, name, schema_version, state) overriding system value
         values (999, $1, 1, 'building')",
    )
    .bind(&*left.0)
    .execute(&app.database.pool)
    .await
    .expect("registered");
    within("it is deleted", || async { register(&app).await.last().is_some_and(|(_, state)| state == "dropped") })
        .await;
    assert_eq!(index.serving().await.expect("it answers"), Some(before));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_starts_while_a_generation_begins_to_serve_takes_nothing_away() {
    let (app, gate) = stalling(Engine::Elastic).await;
    gate.arm_for(USERS);
    let path = rebuild(&app).await;
    within("it has filled all but the last page", || async { gate.held() == 1 }).await;
    let half = building(&app).await;
    let cluster = &app.assembly.cluster;
    cluster.index.serve(&half).await.expect("the alias points at it");
    let context = refresh::Context {
        pool: cluster.pool.clone(),
        index: cluster.index.clone(),
        cache: cluster.snapshots.clone(),
        signals: cluster.signals.clone(),
        clock: cluster.clock.clone(),
        settings: refresh::Settings::default(),
        server: refresh::KnownServer::default(),
        precedence: refresh::Precedence::default(),
        epoch: None,
    };
    let other = refresh::start(context).await.expect("it starts");
    assert_eq!(serving(&app).await, half);
    assert_eq!(building(&app).await, half);
    gate.release();
    becomes(&app, &path, "done").await;
    other.stop().await;
    assert_eq!(serving(&app).await, half);
}
