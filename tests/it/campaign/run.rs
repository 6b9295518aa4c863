//! What all who take part in a campaign share.

use super::model::Model;
use super::stage::Stage;
use super::tally::Tally;
use crate::support::app::service_token;
use parking_lot::Mutex;
use reqwest::{Client, RequestBuilder};
use serde_json::Value as Json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longer than permdex lets any request take: who waits for longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(90);

/// One campaign.
pub struct Run {
    pub seed: u64,
    pub stage: Stage,
    pub model: Model,
    pub tally: Tally,
    /// Writers and readers end.
    pub over: CancellationToken,
    failure: Mutex<Option<String>>,
    token: String,
}

/// What came of a request.
pub enum Came {
    /// It was not even sent.
    NotSent,
    /// Nobody knows what became of it.
    Broken,
    /// An answer.
    Answer(Answer),
}

/// An answer, read.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Json,
}

impl Run {
    pub fn new(seed: u64, stage: Stage, model: Model) -> Self {
        let (tally, over) = (Tally::default(), CancellationToken::new());
        Self { seed, stage, model, tally, over, failure: Mutex::new(None), token: service_token() }
    }

    /// Something is wrong: the campaign ends at once, with the first that is told.
    pub fn fail(&self, what: String) {
        self.failure.lock().get_or_insert(what);
        self.over.cancel();
    }

    /// What is wrong.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }

    /// Sends it, as a service, and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Came {
        let sent = tokio::time::timeout(PATIENCE, async {
            let answer = request.bearer_auth(&self.token).send().await?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let text = answer.text().await?;
            Ok::<_, reqwest::Error>((status, headers, text))
        });
        match sent.await {
            Ok(Ok((status, headers, text))) => {
                let body = serde_json::from_str(&text).unwrap_or(Json::String(text));
                Came::Answer(Answer { status, headers, body })
            }
            Ok(Err(error)) if error.is_connect() => Came::NotSent,
            Ok(Err(_)) => Came::Broken,
            Err(_) => {
                self.fail(format!("a request had no answer within {PATIENCE:?}"));
                Came::Broken
            }
        }
    }

    /// A pause, ended early when the campaign is over.
    pub async fn pause(&self, time: Duration) {
        self.over.run_until_cancelled(tokio::time::sleep(time)).await;
    }
}

/// A client of one writer or reader.
pub fn client() -> Client {
    Client::builder().no_proxy().connect_timeout(Duration::from_secs(2)).build().expect("a client")
}
