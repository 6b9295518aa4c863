//! A rolling restart: two processes behind a client that goes from one to the next, as a load balancer does, and tries
//! another one only when it could not even connect. SIGTERM to one after the other under load loses no request.

use super::{OTHER, POLICY, borrowed, environment, place, resource, statements, unfinished};
use crate::support::app::{service_token, within};
use crate::support::process::Process;
use futures::future::join_all;
use parking_lot::Mutex;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const USERS: i64 = 3_000;
/// Half of them keep their connections, half make a new one for each request.
const CLIENTS: usize = 12;
/// Each of the two is replaced so often.
const ROUNDS: usize = 2;
/// Between two restarts: requests that each client gets through at least.
const BETWEEN: usize = 20;

/// Where requests go.
#[derive(Default)]
struct Balancer {
    urls: Mutex<Vec<String>>,
    turn: AtomicUsize,
    answered: AtomicUsize,
    failed: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Balancer {
    /// Sends it to the next one, and to another one only when that could not be reached.
    async fn send(&self, client: &Client, method: &Method, path: &str, body: &Value) {
        for _ in 0..100 {
            let url = {
                let urls = self.urls.lock();
                urls[self.turn.fetch_add(1, Ordering::Relaxed) % urls.len()].clone()
            };
            let request =
                client.request(method.clone(), format!("{url}{path}")).bearer_auth(service_token()).json(body);
            match request.send().await {
                Err(error) if error.is_connect() => {}
                Err(error) => return self.fails(format!("{method} {path}: {error:?}")),
                Ok(answer) if !answer.status().is_success() => {
                    return self.fails(format!("{method} {path}: {} {:?}", answer.status(), answer.text().await));
                }
                Ok(answer) => {
                    if let Err(error) = answer.bytes().await {
                        return self.fails(format!("{method} {path}: {error:?}"));
                    }
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        }
        self.fails(format!("{method} {path}: nobody could be reached"));
    }

    fn fails(&self, what: String) {
        self.failed.lock().push(what);
    }
}

async fn load(balancer: Arc<Balancer>, number: usize) {
    let client = Client::builder().no_proxy();
    let client = if number.is_multiple_of(2) { client } else { client.pool_max_idle_per_host(0) };
    let client = client.build().expect("a client");
    let user = 1 + i64::try_from(number).expect("few");
    for step in 0_u64.. {
        if balancer.over.load(Ordering::Relaxed) {
            return;
        }
        let wait = step % 4 == 0;
        let (method, path, body) = match step % 6 {
            1 => {
                let body = json!({"policyId": OTHER, "userId": user, "waitForCompletion": wait});
                (Method::POST, "/v2/permission/assignPolicy".to_owned(), body)
            }
            4 => {
                let body = json!({"policyId": OTHER, "userId": user, "waitForCompletion": wait});
                (Method::DELETE, "/v2/permission/removepolicy".to_owned(), body)
            }
            // A walk over everybody: there is nearly always one under way that has to be given back.
            5 if number == 0 => {
                let body = json!({"name": "everybody's", "statements": statements(step)});
                (Method::PUT, format!("/v2/policy/{POLICY}"), body)
            }
            _ => {
                let body = json!({"requesterId": user, "action": "doc:read", "resource": resource(0)});
                (Method::POST, "/v2/permission".to_owned(), body)
            }
        };
        balancer.send(&client, &method, &path, &body).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_loses_no_request() {
    let (database, settings) = place(USERS).await;
    let mut environment = environment(&database, settings.urls[0].as_str(), &settings.name);
    environment.push(("PERMDEX__REFRESH__PAGE_SIZE", "100".to_owned()));
    let environment = borrowed(&environment);
    let mut running: Vec<(Process, TempDir)> = Vec::new();
    let balancer = Arc::new(Balancer::default());
    for _ in 0..2 {
        let folder = tempfile::tempdir().expect("a folder");
        running.push((Process::serve(folder.path(), &environment).await, folder));
    }
    within("the index is filled", || async { unfinished(&database.pool).await == 0 }).await;
    balancer.urls.lock().extend(running.iter().map(|(process, _)| process.url.clone()));
    let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(load(Arc::clone(&balancer), number))).collect();

    for round in 0..ROUNDS * 2 {
        let wanted = balancer.answered.load(Ordering::Relaxed) + CLIENTS * BETWEEN;
        within("the clients go on", || async {
            balancer.answered.load(Ordering::Relaxed) >= wanted || !balancer.failed.lock().is_empty()
        })
        .await;
        let (old, folder) = running.remove(0);
        let url = old.url.clone();
        assert!(old.terminate().await, "round {round}: SIGTERM ends it with 0");
        let new = Process::serve(folder.path(), &environment).await;
        // Only now: until here the balancer has tried the one that is gone.
        balancer.urls.lock().iter_mut().filter(|known| **known == url).for_each(|known| known.clone_from(&new.url));
        running.push((new, folder));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    balancer.over.store(true, Ordering::Relaxed);
    join_all(clients).await.into_iter().for_each(|ended| ended.expect("no panic"));
    within("no job is left", || async { unfinished(&database.pool).await == 0 }).await;

    let failed = std::mem::take(&mut *balancer.failed.lock());
    let answered = balancer.answered.load(Ordering::Relaxed);
    println!("{answered} requests answered over {} restarts", ROUNDS * 2);
    assert!(failed.is_empty(), "{} of {answered} requests failed: {failed:#?}", failed.len());
    // What was under way was given back, which uses up no attempt; a lease that runs out does.
    let ended = "select state || ' ' || attempts from jobs group by 1";
    let ended: Vec<String> = sqlx::query_scalar(ended).fetch_all(&database.pool).await.expect("read");
    assert_eq!(ended, ["done 1"]);
    for (process, _) in running {
        assert!(process.terminate().await);
    }
}
