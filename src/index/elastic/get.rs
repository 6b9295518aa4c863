//! `get`: realtime reads that share round trips.
//!
//! The gets that are waiting now go together in one `_mget`. There is no delay to wait for more: the first get goes
//! at once, alone, and those that come while [`MAX_IN_FLIGHT`] round trips are under way make up the next one. So the
//! batches grow with the load, and one client alone pays nothing.

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
use tokio::sync::oneshot;

/// Users in one `_mget`. Beyond, a document costs hardly less, and the first of a batch waits for the last.
const MAX_BATCH: usize = 64;
/// Round trips at a time. Few, so that batches grow under load, which is what makes a read cheap; more than one, so
/// that the server is not idle while we decode.
const MAX_IN_FLIGHT: usize = 2;
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
        let begins = self.in_flight < MAX_IN_FLIGHT;
        self.in_flight += usize::from(begins);
        Ok(begins)
    }

    /// The next batch; with nobody waiting, the round trip that asks ends.
    fn pop(&mut self) -> Option<Batch> {
        let count = self.users.len().min(MAX_BATCH);
        if count == 0 {
            self.in_flight = self.in_flight.saturating_sub(1);
            return None;
        }
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
        let call = Call::new(Method::Post, &self.path).query(&[("realtime", "true")]).json(&Ids { ids })?;
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
