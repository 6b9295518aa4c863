//! A full rebuild of the embedded index, beside writing the same documents into an empty one.

use super::scenarios::row;
use super::support::app::{App, Engine, within};
use futures::{StreamExt, stream};
use permdex::index::embedded::EmbeddedIndex;
use permdex::index::{Document, Generation, MAX_PAGE, PermissionIndex, UserRange, Whose};
use permdex::service::generate::{Size, large};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

pub async fn run() {
    let size = Size { users: 100_000, policies: 1_000, groups: 5_000 };
    let app = App::start(Engine::Embedded, large(size, 1).collect()).await;
    let documents = documents(&app).await;
    let (mut rebuilt, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let began = Instant::now();
        let answer = app.ask(Method::POST, "/v2/permission/rebuild", json!({})).await;
        let path = format!("/v2/permission/job/{}", answer.body["jobId"].as_str().expect("a job"));
        within("the rebuild ends", || async {
            app.ask(Method::GET, &path, Value::Null).await.body["state"] == json!("done")
        })
        .await;
        rebuilt.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        write(&documents).await;
        raw.push(began.elapsed().as_secs_f64());
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (rebuilt, raw) = (median(&mut rebuilt), median(&mut raw));
    let count = documents.len() as f64;
    row(
        &format!(
            "embedded: full rebuild of {count}, users/s; beside it the same documents written into an empty index"
        ),
        &format!("{:.0}", count / rebuilt),
        &format!("{:.0}", count / raw),
        Some(raw / rebuilt),
        "",
    );
    let began = Instant::now();
    let asked = app.ask(Method::POST, "/v2/permission/verify", json!({})).await;
    let path = format!("/v2/permission/job/{}", asked.body["jobId"].as_str().expect("a job"));
    within("the comparison ends", || async {
        app.ask(Method::GET, &path, Value::Null).await.body["state"] == json!("done")
    })
    .await;
    row(
        &format!("embedded: verify {count} users, users/s"),
        &format!("{:.0}", count / began.elapsed().as_secs_f64()),
        "",
        None,
        "",
    );
}

async fn documents(app: &App) -> Vec<Arc<Document>> {
    let index = &app.assembly.cluster.index;
    let generation = index.serving().await.expect("it answers").expect("it serves");
    let (mut all, mut rest) = (Vec::new(), UserRange::default());
    loop {
        let page = index.documents(&generation, Whose::Range(rest), MAX_PAGE).await.expect("it answers");
        let Some(last) = page.last() else { return all };
        rest = rest.above(last.user);
        all.extend(page.into_iter().filter_map(|kept| kept.document));
    }
}

/// In pages, as many at once as a rebuild has.
async fn write(documents: &[Arc<Document>]) {
    let index = Arc::new(EmbeddedIndex::new());
    let generation = Generation("raw-v1-000001".into());
    index.create(&generation).await.expect("created");
    let settings = permdex::refresh::Settings::default();
    let pages = documents.chunks(usize::try_from(settings.page_size).expect("small"));
    let write = |page: &[Arc<Document>]| {
        let (index, generation, page) = (Arc::clone(&index), generation.clone(), page.to_vec());
        async move {
            let work = tokio::spawn(async move { index.write(&[generation], &page).await.map(|_| ()) });
            work.await.expect("no panic").expect("written");
        }
    };
    stream::iter(pages).for_each_concurrent(settings.pages_at_once, write).await;
    index.serve(&generation).await.expect("it serves");
}
