//! `write`: documents into generations, with external versions. Every item of an answer is read.

use super::super::{Document, Generation, Written};
use super::client::{Call, Client};
use super::document;
use super::trouble::{Cause, Trouble, is_busy};
use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use elasticsearch::http::Method;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// A request's body ends at about so much: enough that a bigger one is no faster, and far below the server's 100 MB.
/// One document of the largest size in two generations may go beyond.
const BODY_BYTES: usize = 8 << 20;
/// Items that the server is too busy for are sent so many times more, waiting longer each time: some seconds in all.
const ITEM_RETRIES: usize = 5;

/// Writes each document into each generation; the worst of its generations is its outcome.
pub(super) async fn write(
    client: &Client,
    generations: &[Generation],
    documents: &[Arc<Document>],
) -> Result<Vec<Written>, Trouble> {
    let generations: Arc<[Generation]> = generations.into();
    let documents: Arc<[Arc<Document>]> = documents.into();
    let mut written: Vec<Option<Written>> = vec![None; documents.len()];
    let mut next = 0;
    while next < documents.len() {
        let (generations, documents) = (Arc::clone(&generations), Arc::clone(&documents));
        // A full body takes some tens of milliseconds to make: not on a thread that answers checks.
        let made = tokio::task::spawn_blocking(move || Chunk::of(&generations, &documents, next));
        let chunk = made.await.map_err(|_| Trouble::Ended)??;
        next = chunk.end;
        for (document, reason) in &chunk.refused {
            keep_worst(&mut written, *document, Written::Refused(reason.clone()));
        }
        chunk.send(client, &mut written).await?;
    }
    // Nowhere to write to any more: as good as done.
    Ok(written.into_iter().map(|written| written.unwrap_or(Written::Done)).collect())
}

fn keep_worst(all: &mut [Option<Written>], document: usize, written: Written) {
    let rank = |written: &Written| match written {
        Written::Newer => 0,
        Written::Done => 1,
        Written::Refused(_) => 2,
    };
    if let Some(kept) = all.get_mut(document)
        && kept.as_ref().is_none_or(|kept| rank(kept) < rank(&written))
    {
        *kept = Some(written);
    }
}

/// One request's body.
#[derive(Debug, Default)]
struct Chunk {
    body: Bytes,
    items: Vec<Item>,
    /// Documents beyond the bounds, which are not sent.
    refused: Vec<(usize, String)>,
    /// The first document that is not in here.
    end: usize,
}

/// One document for one generation.
#[derive(Debug, Clone)]
struct Item {
    document: usize,
    /// Its two lines in the body.
    bytes: Range<usize>,
}

#[derive(Serialize)]
struct Action<'a> {
    index: Target<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    _index: &'a str,
    _id: String,
    version: i64,
    version_type: &'static str,
    require_alias: bool,
}

impl Chunk {
    /// The documents from `from` on, as many as a body takes.
    fn of(generations: &[Generation], documents: &[Arc<Document>], from: usize) -> Result<Self, Trouble> {
        let mut chunk = Self { end: from, ..Self::default() };
        let (mut body, mut text) = (Vec::new(), Vec::new());
        for (index, document) in documents.iter().enumerate().skip(from) {
            if body.len() >= BODY_BYTES {
                break;
            }
            chunk.end = index + 1;
            if let Err(too_large) = document.check_size() {
                chunk.refused.push((index, too_large.to_string()));
                continue;
            }
            text.clear();
            document::encode(document, &mut text).map_err(Trouble::Answer)?;
            for generation in generations {
                let start = body.len();
                serde_json::to_writer(&mut body, &action(generation, document)).map_err(Trouble::Answer)?;
                body.push(b'\n');
                body.extend_from_slice(&text);
                body.push(b'\n');
                chunk.items.push(Item { document: index, bytes: start..body.len() });
            }
        }
        chunk.body = body.into();
        Ok(chunk)
    }

    /// Sends it, and again what the server was too busy for: the same bytes, so that nothing newer is undone.
    async fn send(self, client: &Client, written: &mut [Option<Written>]) -> Result<(), Trouble> {
        let mut waits = waits().build();
        let (mut body, mut items) = (self.body.clone(), self.items);
        while !items.is_empty() {
            let outcomes = post(client, body, items.len()).await?;
            let (mut again, mut busy) = (Vec::new(), None);
            for (item, outcome) in items.into_iter().zip(outcomes) {
                match outcome.read()? {
                    Outcome::Written(outcome) => keep_worst(written, item.document, outcome),
                    Outcome::Retired => {}
                    Outcome::Busy(trouble) => {
                        again.push(item);
                        busy = Some(trouble);
                    }
                }
            }
            if let Some(trouble) = busy {
                client.counts().items_again(again.len());
                tokio::time::sleep(waits.next().ok_or(trouble)?).await;
            }
            body = again
                .iter()
                .fold(Vec::new(), |mut body, item| {
                    body.extend_from_slice(self.body.get(item.bytes.clone()).unwrap_or_default());
                    body
                })
                .into();
            items = again;
        }
        Ok(())
    }
}

fn action<'a>(generation: &'a Generation, document: &Document) -> Action<'a> {
    Action {
        index: Target {
            _index: &generation.0,
            _id: document.user().to_string(),
            version: document.version,
            version_type: "external",
            // An alias would lead a late write into a generation that it was not made for.
            require_alias: false,
        },
    }
}

fn waits() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .with_max_times(ITEM_RETRIES)
        .with_jitter()
}

async fn post(client: &Client, body: Bytes, count: usize) -> Result<Vec<ItemAnswer>, Trouble> {
    let query = [("filter_path", "items.*.status,items.*.error.type,items.*.error.reason")];
    let body = client.ask(&Call::new(Method::Post, "/_bulk").query(&query).lines(body)).await?;
    // What stands in between answers strange things while it is being worked on: no document is to blame, and every item
    // may be sent again.
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|error| Trouble::Partial(format!("what came back of {count} writes can't be read: {error}")))?;
    if answer.items.len() != count {
        return Err(Trouble::Partial(format!("{} outcomes of {count} writes", answer.items.len())));
    }
    Ok(answer.items.into_iter().map(|entry| entry.index).collect())
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    index: ItemAnswer,
}

#[derive(Deserialize)]
struct ItemAnswer {
    status: u16,
    error: Option<Cause>,
}

enum Outcome {
    Written(Written),
    /// The generation is gone.
    Retired,
    /// Another try may help.
    Busy(Trouble),
}

impl ItemAnswer {
    fn read(self) -> Result<Outcome, Trouble> {
        let (status, error) = (self.status, self.error.unwrap_or_default());
        Ok(match status {
            200..=299 => Outcome::Written(Written::Done),
            409 => Outcome::Written(Written::Newer),
            404 if error.is_missing_index() => Outcome::Retired,
            // The mapping or a limit of it: this document's fault.
            400 => Outcome::Written(Written::Refused(error.to_string())),
            _ if is_busy(status) => Outcome::Busy(Trouble::Status { status, error }),
            _ => return Err(Trouble::of(status, error)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;
    use crate::domain::{CustomerId, UserId};
    use crate::index::IndexError;

    fn documents() -> Vec<Arc<Document>> {
        (1..=3).map(|user| Arc::new(Document::empty(UserId(user), CustomerId(1), 7))).collect()
    }

    async fn write_to(fake: &Fake) -> Result<Vec<Written>, Trouble> {
        let client = Client::new(&Fake::settings(&[fake], Duration::from_secs(30))).unwrap();
        write(&client, &[Generation("test-v1-1".into())], &documents()).await
    }

    const MIXED: &str = r#"{"items":[{"index":{"status":201}},
        {"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}},
        {"index":{"status":400,"error":{"type":"document_parsing_exception","reason":"no"}}}]}"#;

    #[tokio::test]
    async fn only_what_was_busy_is_sent_again_and_with_the_same_bytes() {
        let fake = Fake::start(vec![(200, MIXED), (200, r#"{"items":[{"index":{"status":409}}]}"#)]).await;
        let written = write_to(&fake).await.unwrap();
        let why = "document_parsing_exception (no)".to_owned();
        assert_eq!(written, [Written::Done, Written::Newer, Written::Refused(why)]);
        let asked = fake.asked.lock();
        let second: Vec<&str> = asked[0].lines().skip(2).take(2).collect();
        assert_eq!(asked[1].lines().collect::<Vec<_>>(), second);
        assert!(second[0].contains(r#""version":7,"version_type":"external""#));
    }

    #[tokio::test]
    async fn an_answer_that_misses_an_item_is_an_error() {
        let fake = Fake::start(vec![(200, r#"{"items":[{"index":{"status":201}}]}"#)]).await;
        assert!(matches!(write_to(&fake).await, Err(Trouble::Partial(_))));
    }

    #[tokio::test]
    async fn a_full_disk_is_no_documents_fault() {
        const BLOCKED: &str =
            r#"{"items":[{"index":{"status":403,"error":{"type":"cluster_block_exception","reason":"read-only"}}}]}"#;
        let fake = Fake::start(vec![(200, BLOCKED)]).await;
        let client = Client::new(&Fake::settings(&[&fake], Duration::from_secs(30))).unwrap();
        let trouble = write(&client, &[Generation("test-v1-1".into())], &documents()[..1]).await.unwrap_err();
        assert!(matches!(trouble.into(), IndexError::Unreachable(_)));
    }
}
