//! Single changes that somebody waits for, one after the other, while a hundred thousand users are imported beside them
//! and their job runs.

use super::place::{Place, import, import_beside};
use super::scenarios::{on_both, percentile, row};
use permdex::service::generate::{Size, large};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SIZE: Size = Size { users: 100_000, policies: 1_000, groups: 5_000 };
const SEED: u64 = 1;
/// Who changes: none of those imported.
const FIRST: i64 = 2_000_000;
const USERS: i64 = 1_000;
const POLICY: i64 = 900_000;
const BEFORE: Duration = Duration::from_secs(5);

pub async fn run() {
    on_both(measure).await;
}

fn lines() -> impl Iterator<Item = String> {
    let statements = json!([{"effect": "allow", "actions": ["single:see"], "resources": ["acrn:app:1000:single/1"]}]);
    let fixed = [
        json!({"kind": "customer", "id": 1000, "organization": "acme", "name": "Acme"}),
        json!({"kind": "policy", "id": POLICY, "name": "single", "statements": statements}),
    ];
    let users = (FIRST..FIRST + USERS)
        .map(|id| json!({"kind": "user", "id": id, "customerId": 1000, "email": format!("u{id}@acme.example")}));
    fixed.into_iter().chain(users).map(|line| line.to_string())
}

/// Changes one after the other until it is told to stop; what each took.
struct Singles<'a> {
    place: &'a Place,
    client: Client,
    made: i64,
}

impl Singles<'_> {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("http://{}/v2/permission{path}", self.place.address));
        let request = request.bearer_auth(&self.place.token);
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn one(&mut self) -> Duration {
        let (user, gives) = (FIRST + self.made % USERS, (self.made / USERS) % 2 == 0);
        let (method, path) = if gives { (Method::POST, "/assignPolicy") } else { (Method::DELETE, "/removepolicy") };
        let began = Instant::now();
        let answer =
            self.ask(method, path, json!({"policyId": POLICY, "userId": user, "waitForCompletion": true})).await;
        assert_eq!(answer["completed"], json!(true), "{answer}");
        self.made += 1;
        began.elapsed()
    }

    async fn while_so(&mut self, mut is_so: impl AsyncFnMut(&Self) -> bool) -> Vec<Duration> {
        let mut took = Vec::new();
        while is_so(self).await {
            took.push(self.one().await);
        }
        took
    }
}

fn text(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at = |percent: usize| percentile(&took, percent);
    format!("{:.1} / {:.1} / {:.1}", at(50), at(99), at(100))
}

async fn measure(engine: &str, environment: &[(&str, &str)]) {
    let place = Place::serve(import(lines()), environment).await;
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut singles = Singles { place: &place, client, made: 0 };
    let began = Instant::now();
    let before = singles.while_so(async |_| began.elapsed() < BEFORE).await;
    let importing = import_beside(&place, large(SIZE, SEED));
    let began = Instant::now();
    let import = singles.while_so(async |_| !importing.is_finished()).await;
    importing.join().expect("no panic");
    let imported = began.elapsed();
    // Their job: it is the large lane's only one.
    let runs = async |singles: &Singles<'_>| {
        let mut left = 0;
        for state in ["queued", "running"] {
            let jobs = singles.ask(Method::GET, &format!("/job?state={state}"), Value::Null).await;
            let jobs = jobs["items"].as_array().expect("jobs").clone();
            left += jobs.iter().filter(|job| job["scope"].get("userId").is_none()).count();
        }
        left > 0
    };
    let job = singles.while_so(runs).await;
    let (imported, whole) = (imported.as_secs_f64(), began.elapsed().as_secs_f64());
    let row = |what: &str, took, beside: &str| {
        row(
            &format!("{engine}: a single change with waitForCompletion, p50 / p99 / longest ms, {what}"),
            &text(took),
            beside,
            None,
            "",
        );
    };
    row("alone", before, "");
    row("while 100000 users are imported", import, &format!("{imported:.1} s"));
    row("while their job runs", job, &format!("{:.1} s", whole - imported));
    place.stop().await;
}
