//! P1: users listed are exactly those whose check allows. On two real organizations, every permission.
//! (Random organizations with every feature: `conformance`.)

use crate::support::app::{App, Engine};
use crate::support::dataset::{Dataset, resource};
use futures::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Denied pairs that are tried.
const DENIED: usize = 100_000;
/// The same question, at once: the API is asked as it is in use.
const AT_ONCE: usize = 32;

async fn matrix_is_answered(engine: Engine, dataset: Dataset, denied: usize) {
    let (Some(lines), Some(matrix)) = (dataset.lines(), dataset.matrix()) else {
        eprintln!("skipped: ../shared/data is not here, so the real organizations can't be asked");
        return;
    };
    let app = App::start(engine, lines).await;
    let mut columns: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut users = BTreeSet::new();
    for (user, permission) in &matrix {
        columns.entry(*permission).or_default().push(*user);
        users.insert(*user);
    }
    for (permission, column) in &columns {
        for limit in [10_000, 100] {
            let found = app.who_has("customer:use", &resource(*permission), limit).await;
            assert_eq!(&found, column, "permission {permission}, pages of {limit}");
        }
    }
    let users: Vec<i64> = users.into_iter().collect();
    let permissions: Vec<i64> = columns.keys().copied().collect();
    // Every pair of the matrix, and pairs beside it in a fixed scattered order.
    let all = users.len() * permissions.len();
    let step = 7_368_787 % all;
    let scattered = (0..all).map(|number| (number * step.max(1)) % all);
    let outside = scattered
        .map(|number| (users[number / permissions.len()], permissions[number % permissions.len()]))
        .filter(|pair| !matrix.contains(pair))
        .take(denied);
    let pairs = matrix.iter().copied().map(|pair| (pair, true)).chain(outside.map(|pair| (pair, false)));
    // Checks of one user together: 100 resources a request.
    let mut batches: BTreeMap<i64, Vec<(i64, bool)>> = BTreeMap::new();
    for ((user, permission), allow) in pairs {
        batches.entry(user).or_default().push((permission, allow));
    }
    stream::iter(batches)
        .for_each_concurrent(AT_ONCE, |(user, asked)| {
            let app = &app;
            async move {
                for part in asked.chunks(100) {
                    let resources: Vec<_> = part.iter().map(|(permission, _)| resource(*permission)).collect();
                    let body =
                        serde_json::json!({"requesterId": user, "action": "customer:use", "resource": resources});
                    let answer = app.question(body).await;
                    let decided = answer["permissions"].as_array().expect("one a resource");
                    for ((permission, allow), entry) in part.iter().zip(decided) {
                        assert_eq!(entry["allow"], serde_json::json!(allow), "user {user}, permission {permission}");
                    }
                }
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_matrix_is_answered_from_memory() {
    matrix_is_answered(Engine::Embedded, Dataset::Customer, DENIED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_matrix_is_answered_from_elasticsearch() {
    matrix_is_answered(Engine::Elastic, Dataset::Customer, DENIED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hc_matrix_is_answered_from_memory() {
    matrix_is_answered(Engine::Embedded, Dataset::Hc, DENIED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hc_matrix_is_answered_from_elasticsearch() {
    matrix_is_answered(Engine::Elastic, Dataset::Hc, DENIED).await;
}
