//! `refresh`: calls at the same time share one. A call is answered by a refresh that began after it came: while one is
//! under way, everybody who comes waits for the next.

use super::super::{Generation, IndexError};
use super::client::{Call, Client};
use super::search::Shards;
use super::trouble::Trouble;
use elasticsearch::http::Method;
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;

type Done = Result<(), Arc<Trouble>>;

/// One refresh under way and one that waits, whatever the number of calls.
#[derive(Debug, Clone)]
pub(super) struct Refreshes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    next: Round,
}

/// Those who wait, and what they wait for.
#[derive(Debug, Default)]
struct Round {
    generations: BTreeSet<Generation>,
    waiting: Vec<oneshot::Sender<Done>>,
}

impl Refreshes {
    pub fn new(client: Client) -> Self {
        Self(Arc::new(Inner { client, state: Mutex::default() }))
    }

    pub async fn refresh(&self, generations: &[Generation]) -> Result<(), IndexError> {
        if generations.is_empty() {
            return Ok(());
        }
        let (sender, done) = oneshot::channel();
        let begins = {
            let mut state = self.0.state.lock();
            state.next.generations.extend(generations.iter().cloned());
            state.next.waiting.push(sender);
            !std::mem::replace(&mut state.running, true)
        };
        if begins {
            // A task of its own: whoever came first may go away, and the others still wait.
            tokio::spawn(Arc::clone(&self.0).run());
        }
        Ok(done.await.map_err(|_| Trouble::Ended)??)
    }
}

impl Inner {
    async fn run(self: Arc<Self>) {
        loop {
            let round = {
                let mut state = self.state.lock();
                state.running = !state.next.waiting.is_empty();
                if !state.running {
                    return;
                }
                std::mem::take(&mut state.next)
            };
            let done = self.refresh(&round.generations).await.map_err(Arc::new);
            for sender in round.waiting {
                // Whoever went away misses nothing.
                let _ = sender.send(done.clone());
            }
        }
    }

    async fn refresh(&self, generations: &BTreeSet<Generation>) -> Result<(), Trouble> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "_shards")]
            shards: Shards,
        }
        let names: Vec<&str> = generations.iter().map(|generation| &*generation.0).collect();
        let path = format!("/{}/_refresh", names.join(","));
        // A discarded generation needs no refresh.
        let call = Call::new(Method::Post, &path).query(&[("ignore_unavailable", "true")]);
        let body = self.client.ask(&call).await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(Trouble::Answer)?;
        answer.shards.check()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;
    use std::time::Duration;

    async fn answered(body: &'static str) -> Result<(), IndexError> {
        let fake = Fake::start(vec![(200, body)]).await;
        let client = Client::new(&Fake::settings(&[&fake], Duration::from_secs(30))).unwrap();
        Refreshes::new(client).refresh(&[Generation("test-v1-1".into())]).await
    }

    #[tokio::test]
    async fn a_refresh_that_no_shard_did_is_none() {
        let failed = r#"{"_shards":{"total":2,"successful":1,"failed":1}}"#;
        for body in [r#"{"_shards":{"total":2,"successful":0,"failed":0}}"#, failed] {
            assert!(matches!(answered(body).await, Err(IndexError::Partial(_))), "{body}");
        }
        // A replica that is nowhere yet; a generation that is gone.
        for body in [
            r#"{"_shards":{"total":2,"successful":1,"failed":0}}"#,
            r#"{"_shards":{"total":0,"successful":0,"failed":0}}"#,
        ] {
            answered(body).await.unwrap();
        }
    }
}
