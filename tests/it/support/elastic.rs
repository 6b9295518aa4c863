//! A real Elasticsearch for the tests: started when the first test asks for it, shared by all of this process, and
//! gone with the process, however that ends.
//!
//! `PERMDEX_TEST_ELASTICSEARCH_URL` names one that runs already; then nothing is started. How a node is started and
//! ended is in `node`.

mod account;
mod layout;
mod node;

use layout::Security;
pub use layout::{PASSWORD, USERNAME};
pub use node::Node;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The base URL, without a slash at the end. Tests share the server: each names its indexes by [`unique_prefix`].
///
/// # Panics
/// When it cannot be started; every test that asks is told the same reason, and only the first waits for it.
pub async fn elasticsearch() -> &'static str {
    static URL: OnceCell<Result<String, String>> = OnceCell::const_new();
    match URL.get_or_init(find_or_start).await {
        Ok(url) => url,
        Err(why) => panic!("{why}"),
    }
}

async fn find_or_start() -> Result<String, String> {
    if let Ok(url) = std::env::var("PERMDEX_TEST_ELASTICSEARCH_URL") {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let node = Node::start(Security::Off).await?;
    let url = node.url().to_owned();
    // Never dropped: its watchdog ends it with this process.
    std::mem::forget(node);
    Ok(url)
}

/// One of the caller's own that asks for [`layout::USERNAME`] and [`layout::PASSWORD`], ended when it is dropped. Costs
/// some ten seconds and half a gigabyte: for tests about credentials only.
///
/// # Panics
/// When it cannot be started.
pub async fn secured_elasticsearch() -> Node {
    match Node::start(Security::On).await {
        Ok(node) => node,
        Err(why) => panic!("{why}"),
    }
}

/// One of the caller's own that can be killed, paused and started again.
///
/// # Errors
/// When it cannot be started.
pub async fn own_elasticsearch() -> Result<Node, String> {
    Node::start(Security::Off).await
}

/// The same with TLS, under an authority of its own ([`Node::ca_file`]).
///
/// # Panics
/// When it cannot be started.
pub async fn tls_elasticsearch() -> Node {
    match Node::start(Security::Tls).await {
        Ok(node) => node,
        Err(why) => panic!("{why}"),
    }
}

/// A prefix for index names that no other test and no other run has.
pub fn unique_prefix() -> String {
    format!("permdex-test-{}", Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::{Client, StatusCode};
    use serde_json::{Value, json};

    #[tokio::test]
    async fn the_server_of_the_tests_is_an_elasticsearch_8_19() {
        let url = elasticsearch().await;
        let nodes: Value = get(&format!("{url}/_nodes/_local")).await;
        let node = nodes["nodes"].as_object().unwrap().values().next().unwrap();
        assert!(node["version"].as_str().unwrap().starts_with("8.19."), "{node}");
    }

    #[tokio::test]
    async fn an_index_never_appears_unasked() {
        let url = elasticsearch().await;
        let document = format!("{url}/{}/_doc/1", unique_prefix());
        let answer = Client::new().put(document).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_secured_server_asks_for_credentials_and_ends_when_dropped() {
        let server = secured_elasticsearch().await;
        let health = format!("{}/_cluster/health", server.url());
        let ask = Client::new().get(&health);
        let stranger = ask.try_clone().unwrap().send().await.unwrap();
        assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
        let known = ask.basic_auth(layout::USERNAME, Some(layout::PASSWORD)).send().await.unwrap();
        assert_eq!(known.status(), StatusCode::OK);

        let directory = server.directory().to_owned();
        drop(server);
        assert!(!directory.exists());
        assert!(Client::new().get(&health).send().await.is_err());
    }

    async fn get(url: &str) -> Value {
        Client::new().get(url).send().await.unwrap().json().await.unwrap()
    }
}
