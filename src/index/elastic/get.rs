//! `get`: realtime reads that share round trips.
//!
//! The gets that are waiting now go together in one `_mget`. There is no delay to wait for more: the first get goes
//! at once, alone, and those that come while it is under way make up the next one. So the batches grow with the load,
//! and one client alone pays nothing.

use super::super::{Document, IndexError};
use super::client::{Call, Client};
use super::document;
use super::trouble::{Cause, Trouble};
use crate::domain::UserId;
use elasticsearch::http::Method;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Users in one `_mget`. Beyond, a document costs hardly less, and the first of a batch waits for the last.
const MAX_BATCH: usize = 64;
/// Round trips at a time. One as long as it keeps up: batches grow with the load, which is what makes a read cheap
/// (at 32 callers 36 us of CPU a read with one, 50 with two, 145 unbatched). Others help when a whole batch waits or
/// the one before stalls; more than these would only queue in the server.
const MAX_IN_FLIGHT: usize = 8;
/// A round trip that takes longer no longer keeps the next from going: some ten times the usual.
const STALLS: Duration = Duration::from_millis(10);
/// Longer than a pause of the server's memory management. Who asks for one user has another way (PostgreSQL), so it
/// is found out soon.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Reads that may wait: some tenths of a second of a busy server. Beyond, waiting longer would help nobody.
const MAX_WAITING: usize = 8_192;

type Found = Result<Option<Arc<Document>>, Arc<Trouble>>;

/// The queue of reads. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Gets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    path: String,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    /// In the order in which they came, each once.
    users: VecDeque<UserId>,
    /// Who asked for them. A user that many ask for at once is read and decoded once.
    asking: HashMap<UserId, Vec<oneshot::Sender<Found>>>,
    waiting: usize,
    in_flight: usize,
    /// When the last round trip began.
    began: Option<Instant>,
}

type Batch = Vec<(UserId, Vec<oneshot::Sender<Found>>)>;

impl Gets {
    pub fn new(client: Client, alias: &str) -> Self {
        let path = format!("/{alias}/_mget");
        Self(Arc::new(Inner { client, path, queue: Mutex::default() }))
    }

    pub async fn get(&self, user: UserId) -> Result<Option<Arc<Document>>, IndexError> {
        let (sender, found) = oneshot::channel();
        if self.0.queue.lock().push(user, sender)? {
            // A task of its own: whoever asked first may be gone before the others have their answer.
            tokio::spawn(Arc::clone(&self.0).run());
        }
        Ok(found.await.map_err(|_| Trouble::Ended)??)
    }
}

impl Queue {
    /// Says whether another round trip is to begin.
    fn push(&mut self, user: UserId, sender: oneshot::Sender<Found>) -> Result<bool, Trouble> {
        if self.waiting >= MAX_WAITING {
            return Err(Trouble::TooManyReads);
        }
        self.waiting += 1;
        let asking = self.asking.entry(user).or_default();
        if asking.is_empty() {
            self.users.push_back(user);
        }
        asking.push(sender);
        let begins = self.in_flight == 0 || (self.in_flight < MAX_IN_FLIGHT && self.needs_another());
        if begins {
            self.in_flight += 1;
            self.began = Some(Instant::now());
        }
        Ok(begins)
    }

    fn needs_another(&self) -> bool {
        self.users.len() >= MAX_BATCH || self.began.is_none_or(|began| began.elapsed() > STALLS)
    }

    /// The next batch; with nobody waiting, the round trip that asks ends.
    fn pop(&mut self) -> Option<Batch> {
        let count = self.users.len().min(MAX_BATCH);
        if count == 0 {
            self.in_flight = self.in_flight.saturating_sub(1);
            return None;
        }
        self.began = Some(Instant::now());
        let batch: Batch = self
            .users
            .drain(..count)
            .filter_map(|user| self.asking.remove(&user).map(|asking| (user, asking)))
            .collect();
        self.waiting = self.waiting.saturating_sub(batch.iter().map(|(_, asking)| asking.len()).sum());
        Some(batch)
    }
}

impl Inner {
    async fn run(self: Arc<Self>) {
        loop {
            // The lock is given back at the end of the statement.
            let next = self.queue.lock().pop();
            let Some(mut batch) = next else { return };
            // Nobody waits any more: nothing to read.
            batch.retain(|(_, asking)| asking.iter().any(|sender| !sender.is_closed()));
            if !batch.is_empty() {
                self.read(batch).await;
            }
        }
    }

    async fn read(&self, batch: Batch) {
        let users: Vec<UserId> = batch.iter().map(|(user, _)| *user).collect();
        match self.fetch(&users).await {
            Ok(found) => {
                for ((_, asking), found) in batch.into_iter().zip(found) {
                    deliver(asking, &found);
                }
            }
            Err(trouble) => {
                let found = Err(Arc::new(trouble));
                for (_, asking) in batch {
                    deliver(asking, &found);
                }
            }
        }
    }

    /// One answer per user, in order.
    async fn fetch(&self, users: &[UserId]) -> Result<Vec<Found>, Trouble> {
        let ids = users.iter().map(ToString::to_string).collect();
        let call = Call::new(Method::Post, &self.path).query(&[("realtime", "true")]).within(TIMEOUT);
        let call = call.json(&Ids { ids })?;
        let body = self.client.ask(&call).await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(Trouble::Answer)?;
        if answer.docs.len() != users.len() {
            return Err(Trouble::Unexpected(format!("{} documents for {} users", answer.docs.len(), users.len())));
        }
        Ok(users.iter().zip(answer.docs).map(|(user, item)| item.read(*user).map_err(Arc::new)).collect())
    }
}

fn deliver(asking: Vec<oneshot::Sender<Found>>, found: &Found) {
    for sender in asking {
        // Whoever went away misses nothing.
        let _ = sender.send(found.clone());
    }
}

#[derive(Serialize)]
struct Ids {
    ids: Vec<String>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    docs: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(default)]
    found: bool,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
    error: Option<Cause>,
}

impl Item<'_> {
    fn read(self, user: UserId) -> Result<Option<Arc<Document>>, Trouble> {
        if let Some(error) = self.error {
            // One of a missing index is the alias's; anything else is a shard that can't be read now.
            return Err(if error.is_missing_index() {
                Trouble::NotReady
            } else {
                Trouble::Status { status: 503, error }
            });
        }
        let Some(source) = self.source.filter(|_| self.found) else {
            return Ok(None);
        };
        let document = document::decode(source.get()).map_err(Trouble::Answer)?;
        if document.user() != user {
            return Err(Trouble::Unexpected(format!("the document of {} for that of {user}", document.user())));
        }
        Ok(Some(Arc::new(document)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;
    use futures::future::join_all;

    fn gets(fake: &Fake) -> Gets {
        Gets::new(Client::new(&Fake::settings(&[fake], Duration::from_secs(30))).unwrap(), "test-v1")
    }

    #[tokio::test]
    async fn a_user_that_many_ask_for_is_read_once() {
        let fake = Fake::start(vec![(200, r#"{"docs":[{"_id":"7","found":false}]}"#)]).await;
        let gets = gets(&fake);
        for found in join_all((0..50).map(|_| gets.get(UserId(7)))).await {
            assert_eq!(found.unwrap(), None);
        }
        assert_eq!(*fake.asked.lock(), [r#"{"ids":["7"]}"#]);
    }

    #[tokio::test]
    async fn an_item_that_failed_is_no_missing_user() {
        const ANSWER: &str = r#"{"docs":[
            {"_id":"1","found":false},
            {"_id":"2","error":{"type":"no_shard_available_action_exception","reason":"x"}},
            {"_id":"3","error":{"type":"index_not_found_exception","reason":"x"}},
            {"_id":"4","found":true,"_source":{"userId":5}},
            {"_id":"5","found":true,"_source":{"userId":6,"customerId":1,"email":"","uiLanguage":"","active":true,
             "allow":["x"],"permissions":[],"version":1}}]}"#;
        let gets = gets(&Fake::start(vec![(200, ANSWER)]).await);
        let found = join_all((1..=5).map(|user| gets.get(UserId(user)))).await;
        let [none, failed, missing, broken, foreign] = found.try_into().unwrap();
        assert_eq!(none.unwrap(), None);
        assert!(matches!(failed, Err(IndexError::Unreachable(_))));
        assert!(matches!(missing, Err(IndexError::NotReady)));
        assert!(matches!(broken, Err(IndexError::Refused(_))));
        assert!(matches!(foreign, Err(IndexError::Refused(_))));
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let fake = Fake::start(vec![(1, "")]).await;
        let gets = gets(&fake);
        let mut waiting: Vec<_> = (0..).map(|user| Box::pin(gets.get(UserId(user)))).take(MAX_WAITING).collect();
        for get in &mut waiting {
            assert!(futures::poll!(get).is_pending());
        }
        assert!(matches!(gets.get(UserId(-1)).await, Err(IndexError::Unreachable(_))));
        // Whoever waits already is no further reader, but still one that waits.
        assert!(matches!(gets.get(UserId(0)).await, Err(IndexError::Unreachable(_))));
    }
}
