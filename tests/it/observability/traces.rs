//! One trace from a request to its job, and to what the worker logs of it.

use super::running::Running;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::fs::{self, File};
use std::process::Stdio;
use uuid::Uuid;

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SENT: (&str, &str) = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

/// The trace of the job that an answer names.
async fn trace_of(pool: &PgPool, answer: &Value) -> Option<Uuid> {
    let job: Uuid = answer["jobId"].as_str().expect("a job").parse().expect("an id");
    sqlx::query_scalar("select trace from jobs where id = $1").bind(job).fetch_one(pool).await.expect("there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_the_request_to_its_job_and_to_what_is_logged_of_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let log = Stdio::from(File::create(&path).expect("a file"));
    let settings = [("PERMDEX__LOG__FORMAT", "json"), ("PERMDEX__LOG__FILTER", "permdex=debug")];
    let running = Running::start(log, &settings).await;
    let pool = &running.database.pool;

    let assign = |user: i64| json!({"policyId": 7, "userId": user, "waitForCompletion": true});
    let path_of = "/v2/permission/assignPolicy";
    let answer = running.ask_with(Method::POST, path_of, assign(17), &[SENT]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(trace_of(pool, &answer.body).await, Some(ID.parse().expect("128 bits")));
    // A change that is in no document, and a rebuild.
    let group = json!({"customerId": 1, "name": "traced"});
    let created = running.ask_with(Method::POST, "/v2/securityGroup", group, &[SENT]).await;
    assert!(created.status.is_success(), "{}", created.body);
    let of_one = json!({"userId": 17, "waitForCompletion": true});
    let rebuilt = running.ask_with(Method::POST, "/v2/permission/rebuild", of_one, &[SENT]).await;
    assert_eq!(trace_of(pool, &rebuilt.body).await, Some(ID.parse().expect("128 bits")));
    let traced: i64 = sqlx::query_scalar("select count(*) from jobs where trace = $1::text::uuid")
        .bind(ID)
        .fetch_one(pool)
        .await
        .expect("counted");
    assert_eq!(traced, 3, "a trace is found by its hex digits");
    // Without a header there is a trace too, another one each time.
    let malformed = ("traceparent", "00-nonsense");
    let others = [&[][..], &[malformed][..]];
    let mut made = Vec::new();
    for (user, headers) in (18..).zip(others) {
        let answer = running.ask_with(Method::POST, path_of, assign(user), headers).await;
        made.push(trace_of(pool, &answer.body).await.expect("one was made"));
    }
    assert!(made[0] != made[1] && !made.contains(&ID.parse().expect("128 bits")), "{made:?}");
    assert!(running.process.terminate().await);

    let text = fs::read_to_string(&path).expect("logged");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let request = lines.iter().find(|line| line["message"] == format!("POST {path_of} 200"));
    assert_eq!(request.expect("a line a request")["trace.id"], ID);
    let job = answer.body["jobId"].as_str().expect("a job");
    let written = lines.iter().find(|line| {
        let named = line["span"]["job.id"].as_str().is_some_and(|jobs| jobs.contains(job));
        line["message"] == "jobs are written" && named
    });
    assert_eq!(written.expect("the worker says so")["span"]["trace.id"], ID, "{written:?}");
}
