//! A server that says what the test wrote down, for what no real one does on demand.

use super::settings::ElasticSettings;
use elasticsearch::http::Url;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An answer: status and body. `0`: hangs up; `1`: never answers.
pub(super) type Script = Vec<(u16, &'static str)>;

/// Listens on a port of its own; the last answer is repeated.
pub(super) struct Fake {
    pub url: Url,
    /// The bodies of all requests, in order.
    pub asked: Arc<Mutex<Vec<String>>>,
    /// Their heads.
    pub heads: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = (Arc::clone(&asked), Arc::clone(&heads));
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(connection, script.clone(), seen.clone()));
            }
        });
        Self { url, asked, heads }
    }

    /// Settings with these nodes.
    pub fn settings(nodes: &[&Self], request_timeout: Duration) -> ElasticSettings {
        ElasticSettings {
            cluster: "eu".into(),
            urls: nodes.iter().map(|node| node.url.clone()).collect(),
            name: "test".to_owned(),
            api_key: None,
            username: None,
            password: None,
            ca_file: None,
            request_timeout,
            shards: 1,
            replicas: 0,
            schema_version: 1,
        }
    }

    pub fn count(&self) -> usize {
        self.asked.lock().len()
    }
}

type Seen = (Arc<Mutex<Vec<String>>>, Arc<Mutex<Vec<String>>>);

async fn answer(mut connection: TcpStream, script: Script, (asked, heads): Seen) {
    while let Some((head, body)) = read(&mut connection).await {
        heads.lock().push(head);
        let turn = {
            let mut asked = asked.lock();
            asked.push(body);
            asked.len() - 1
        };
        let (status, body) = *script.get(turn).or(script.last()).unwrap();
        match status {
            0 => return,
            1 => std::future::pending().await,
            _ => {
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                connection.write_all(text.as_bytes()).await.unwrap();
            }
        }
    }
}

/// One request's head and body.
async fn read(connection: &mut TcpStream) -> Option<(String, String)> {
    let mut text = Vec::new();
    loop {
        let all = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = all.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        if connection.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
    }
}
