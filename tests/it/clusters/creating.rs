//! An organization is created in one cluster only, as well as that can be without a database that all share.

use super::{lines, load, two};
use crate::support::app::{App, Engine, Side, within};
use crate::support::database::TestDatabase;
use crate::support::way::{Passage, Way};
use futures::future::join_all;
use permdex::service::Settings;
use permdex::store::pool::{PoolSettings, connect};
use reqwest::Method;
use serde_json::{Value, json};

async fn create(app: &App, cluster: &str, organization: &str) -> (u16, String) {
    let body = json!({"organization": organization, "name": "New"});
    let answer = app.ask_on(cluster, app.service(), Method::POST, "/v2/customer", body).await;
    (answer.status.as_u16(), answer.body["detail"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_another_cluster_has_is_taken() {
    let app = two(Engine::Embedded).await;
    // Not even what an other process has just created is missed.
    load(
        &app.eu().database,
        vec![json!({"kind": "customer", "id": 9, "organization": "new", "name": "N"}).to_string()],
    )
    .await;
    for (cluster, organization, elsewhere) in
        [("default", "globex", "`eu`"), ("eu", "acme", "`default`"), ("default", "new", "`eu`")]
    {
        let (status, detail) = create(&app, cluster, organization).await;
        assert_eq!(status, 409, "{detail}");
        assert!(detail.contains(elsewhere) && detail.contains(organization), "{detail}");
        let body = json!({"organization": organization, "name": "New"});
        let put = app.ask_on(cluster, app.service(), Method::PUT, "/v2/customer/77", body).await;
        assert_eq!(put.status, 409, "{}", put.body);
    }
    // What is there already is renamed, whatever the others have.
    let renamed = json!({"organization": "acme", "name": "Acme, Inc."});
    let renamed =
        app.ask_on("default", app.service(), Method::PUT, "/v2/customer/1?waitForCompletion=true", renamed).await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    assert!([201, 202].contains(&create(&app, "eu", "fresh").await.0));
    // A user who may not create is told nothing of others.
    let body = json!({"organization": "globex", "name": "Mine"});
    let refused = app.ask_as(&app.token_of(17, "acme"), Method::POST, "/v2/customer", body).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_create_the_same_organization_in_two_clusters_at_once_do_not_both_succeed() {
    let app = two(Engine::Embedded).await;
    for round in 0..20 {
        let organization = format!("rush-{round}");
        let both = ["default", "eu", "default", "eu"].map(|cluster| create(&app, cluster, &organization));
        let statuses: Vec<u16> = join_all(both).await.into_iter().map(|(status, _)| status).collect();
        let created = statuses.iter().filter(|status| [201, 202].contains(*status)).count();
        assert_eq!((created, statuses.iter().filter(|status| **status == 409).count()), (1, 3), "{statuses:?}");
    }
    assert!(app.clusters.look_at().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_away_is_taken_at_the_word_that_it_gave_last() {
    let (app, passage) = super::apart().await;
    within("its organizations are known", || async { app.eu().assembly.cluster.directory.is_loaded() }).await;
    passage.set(Way::Cut);
    let (status, detail) = create(&app, "default", "globex").await;
    assert_eq!(status, 409, "{detail}");
    let (status, detail) = create(&app, "default", "other").await;
    assert!([201, 202].contains(&status), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_never_told_its_organizations_may_have_any() {
    let side = |lines| Side::start("default", Engine::Embedded, lines, Settings::default(), |index| index);
    let default = side(lines("acme", "doc:read", &[17, 18])).await;
    let database = TestDatabase::new().await;
    load(&database, lines("globex", "doc:write", &[17, 19])).await;
    let passage = Passage::to(&database.options);
    passage.set(Way::Cut);
    // Its workers reach it, its requests do not.
    let way = (connect(passage.options(), &PoolSettings::default()), database.options.clone());
    let eu = Side::on("eu", Engine::Embedded, database, way, Settings::default(), |index| index).await;
    let app = App::several(default, vec![eu]).await;
    app.ready().await;
    let (status, detail) = create(&app, "default", "fresh").await;
    assert_eq!(status, 503, "{detail}");
    assert!(detail.contains("`eu`"), "{detail}");
    for token in [app.token_of(17, "globex"), app.service_of("globex"), app.service_of("nowhere")] {
        assert_eq!(app.checks(None, &token, 17, "doc:read").await, (503, None), "never the wrong cluster");
    }
    assert_eq!(app.checks(None, &app.token_of(17, "acme"), 17, "doc:read").await, (200, Some(true)));
    passage.set(Way::Open);
    within("it is found", || async {
        app.checks(None, &app.token_of(17, "globex"), 17, "doc:write").await == (200, Some(true))
    })
    .await;
    let found = app.ask_as(&app.service_of("nowhere"), Method::GET, "/v2/customer", Value::Null).await;
    assert_eq!(found.body["items"][0]["organization"], "acme", "{}", found.body);
}
