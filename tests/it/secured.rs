//! Elasticsearch with TLS and credentials, as the environment of a real process names them: right, wrong and missing.
//! A right API key is not among them: the server of the tests lacks what it would keep its keys with, and can only
//! refuse them. That one is sent as Elasticsearch wants it is tested with the settings (`index::elastic`).

use crate::support::app::{answer, elastic_environment, service_token, within};
use crate::support::elastic::{PASSWORD, USERNAME, tls_elasticsearch, unique_prefix};
use crate::support::process::Process;
use permdex::clock::Clock;
use permdex::service::generate::{LineReader, demo};
use permdex::service::import::import;
use permdex::store::migrate::migrate;
use permdex::store::pool::{PoolSettings, connect};
use permdex::store::private::PrivateCluster;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

/// A running process and its log.
struct Logged<'a> {
    process: Process,
    folder: &'a Path,
}

impl<'a> Logged<'a> {
    async fn serve(folder: &'a Path, settings: &[(&str, &str)]) -> Self {
        let log = File::create(folder.join("log")).expect("a file");
        let settings = [settings, &[("PERMDEX__LOG__FILTER", "debug")]].concat();
        Self { process: Process::serve_logging(folder, &settings, Stdio::from(log)).await, folder }
    }

    /// 17 reads documents by the demo; who has this is answered by the index alone.
    async fn ask(&self, body: Value) -> (StatusCode, Value, bool) {
        let url = format!("{}/v2/permission", self.process.url);
        let client = Client::builder().no_proxy().build().expect("a client");
        let answer = answer(client.post(url).bearer_auth(service_token()).json(&body)).await;
        (answer.status, answer.body, answer.headers.contains_key("permdex-source"))
    }

    async fn ready(&self) -> (StatusCode, Value) {
        let client = Client::builder().no_proxy().build().expect("a client");
        let answer = answer(client.get(format!("{}/readyz", self.process.url))).await;
        (answer.status, answer.body)
    }

    /// Ends it; its log, in which none of `secrets` stands.
    async fn end(self, secrets: &[&str]) -> String {
        assert!(self.process.terminate().await);
        let log = std::fs::read_to_string(self.folder.join("log")).expect("a log");
        for secret in secrets {
            assert!(!log.contains(secret), "`{secret}` is in the log");
        }
        log
    }

    async fn works(self, secrets: &[&str]) {
        within("who-has is answered", || async { self.ask(who_has()).await.0 == StatusCode::OK }).await;
        let (status, body, fallback) = self.ask(check()).await;
        assert_eq!((status, &body["allow"], fallback), (StatusCode::OK, &json!(true), false), "{body}");
        within("it is ready", || async { self.ready().await.1["status"] == "ready" }).await;
        self.end(secrets).await;
    }

    /// Checks are answered from PostgreSQL, and the log says what is wrong.
    async fn falls_back(self, says: &str, secrets: &[&str]) {
        within("it is degraded", || async { self.ready().await.1["status"] == "degraded" }).await;
        let (status, body) = self.ready().await;
        assert_eq!((status, &body["degraded"][0]["what"]), (StatusCode::OK, &json!("index")), "{body}");
        let (status, body, fallback) = self.ask(check()).await;
        assert_eq!((status, &body["allow"], fallback), (StatusCode::OK, &json!(true), true), "{body}");
        assert_eq!(self.ask(who_has()).await.0, StatusCode::SERVICE_UNAVAILABLE);
        let log = self.end(secrets).await;
        assert!(log.contains(says), "not `{says}`:\n{log}");
    }
}

fn check() -> Value {
    json!({"requesterId": 17, "action": "doc:read", "resource": "acrn:app:1:doc/7"})
}

fn who_has() -> Value {
    json!({"action": "doc:read", "resource": "acrn:app:1:doc/7"})
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_authorities_come_from_the_environment() {
    let node = tls_elasticsearch().await;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let private = PrivateCluster::start(folder).await.expect("a private server");
    let pool = connect(private.options(), &PoolSettings::default());
    migrate(&pool).await.expect("migrated");
    import(&pool, LineReader::new(demo(Clock::System.now())), "cli:test", &Clock::System).await.expect("imported");
    let (name, ca_file) = (unique_prefix(), node.ca_file().display().to_string());
    let place = elastic_environment(node.url(), &name);
    let with = |more: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        place.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let (ca, user, api) =
        (("PERMDEX__INDEX__CA_FILE", ca_file.as_str()), "PERMDEX__INDEX__USERNAME", "PERMDEX__INDEX__API_KEY");
    let password = "PERMDEX__INDEX__PASSWORD";
    let serve = async |more: &[(&'static str, &str)]| {
        let all = with(more);
        let all: Vec<_> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Logged::serve(folder, &all).await
    };

    serve(&[ca, (user, USERNAME), (password, PASSWORD)]).await.works(&[PASSWORD]).await;

    let refused = "elasticsearch answered 401";
    serve(&[ca, (user, USERNAME), (password, "not-the-password")])
        .await
        .falls_back(refused, &["not-the-password"])
        .await;
    serve(&[ca, (api, "bm90OmFrZXk=")]).await.falls_back(refused, &["bm90OmFrZXk="]).await;
    serve(&[ca]).await.falls_back(refused, &[]).await;
    serve(&[(user, USERNAME), (password, PASSWORD)]).await.falls_back("certificate", &[PASSWORD]).await;

    let nowhere = folder.join("nowhere.pem").display().to_string();
    let ended = Command::new(env!("CARGO_BIN_EXE_permdex"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .env("PERMDEX__DATA_DIR", folder)
        .envs(with(&[("PERMDEX__INDEX__CA_FILE", &nowhere)]))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(2) && said.contains(&format!("`{nowhere}`")), "{said}");

    pool.close().await;
    private.stop().await.expect("stopped");
}
