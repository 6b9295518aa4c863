//! The floor: a bare axum endpoint that reads and writes the same JSON as a check, and does nothing.

use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// Makes this program the server.
pub const ARGUMENT: &str = "--serve-bare";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Question {
    requester_id: i64,
    action: String,
    resource: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    action: String,
    allow: bool,
    requester_id: i64,
    resource: [String; 1],
    permissions: [Entry; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    action: String,
    allow: bool,
    resource: [String; 1],
    used_policies: [i64; 1],
    origins: [&'static str; 1],
}

async fn answer(Json(question): Json<Question>) -> Json<Answer> {
    let entry = Entry {
        action: question.action.clone(),
        allow: true,
        resource: [question.resource.clone()],
        used_policies: [3],
        origins: ["securityGroup:5"],
    };
    Json(Answer {
        action: question.action,
        allow: true,
        requester_id: question.requester_id,
        resource: [question.resource],
        permissions: [entry],
    })
}

/// Serves until killed.
pub async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("bound"));
    axum_serve(listener, Router::new().route("/v2/permission", post(answer))).await;
}

/// As `axum::serve` does it; the crate's feature for it is not switched on.
async fn axum_serve(listener: TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.expect("accepted");
        let _ = stream.set_nodelay(true);
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let stream = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
        });
    }
}

/// Starts it as a process: where it listens.
pub async fn start() -> (Child, String) {
    let program = std::env::current_exe().expect("our own path");
    let mut child =
        Command::new(program).arg(ARGUMENT).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let address = lines.next_line().await.expect("readable").expect("an address");
    (child, address)
}
