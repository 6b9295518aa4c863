//! What a request leaves in the log.

use super::app::{ASK, DOC, TestApp, service, user};
use axum::http::Request;
use parking_lot::Mutex;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged at info while `work` runs.
fn logged(work: impl AsyncFnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || runtime.block_on(work()));
    String::from_utf8(lines.0.lock().clone()).unwrap()
}

#[test]
fn a_request_is_one_line_that_tells_no_secret() {
    let token = user(17, "acme");
    let text = logged(async || {
        let app = TestApp::acme().await;
        let body = json!({"action": "doc:read", "requesterId": 17, "resource": DOC}).to_string();
        app.post(ASK, &token, &body).await.ok();
        app.get("/v2/permission/job?state=secret-word", Some(&token)).await.problem(422);
    });
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    for (line, wanted) in [(lines[0], "POST /v2/permission 200"), (lines[1], "GET /v2/permission/job 422")] {
        assert!(line.contains(wanted) && line.contains("caller=user:17") && line.contains("took_us="), "{line}");
        assert!(line.contains("request_id="), "{line}");
    }
    for secret in [&*token, "@example.com", "secret-word", DOC] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}

#[test]
fn debug_logs_what_the_index_is_asked_with_the_id_of_the_request() {
    let questions = [
        (json!({"action": "doc:read", "requesterId": 17, "debug": true}), r#"{"get":{"_id":"17""#),
        (json!({"requesterId": 17, "list": true, "debug": true}), r#"{"get":{"_id":"17""#),
        (json!({"action": "doc:read", "resource": DOC, "debug": true}), "doc:read acrn:app:1:doc/*"),
    ];
    for (body, query) in questions {
        let text = logged(async || {
            let app = TestApp::acme().await;
            let request = Request::post(ASK).header("authorization", format!("Bearer {}", service()));
            let request = request.header("content-type", "application/json").header("x-request-id", "r-77");
            app.send(request.body(body.to_string().into()).unwrap()).await.ok();
        });
        let line =
            text.lines().find(|line| line.contains("permdex::query")).unwrap_or_else(|| panic!("{body}: {text}"));
        assert!(line.contains("r-77") && line.replace('\\', "").contains(query), "{line}");
    }
}

#[test]
fn without_debug_no_query_is_logged() {
    let text = logged(async || {
        let app = TestApp::acme().await;
        app.ask(json!({"action": "doc:read", "resource": DOC})).await.ok();
    });
    assert!(text.contains("permdex::request") && !text.contains("permdex::query"), "{text}");
}
