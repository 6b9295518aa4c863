//! `stream`: all users from one consistent view, a point in time, chunk by chunk.

use super::super::{IndexError, MAX_PAGE, Search, UserEntry, UserStream};
use super::client::{Call, Client};
use super::query::{search_body, set};
use super::search::{Answer, WHOLE, terms};
use super::trouble::Trouble;
use elasticsearch::http::Method;
use futures::StreamExt;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The server keeps the view so long after the last chunk: the longest that a reader may take over one.
const KEEP_ALIVE: &str = "1m";
/// A stream is given up after so long: a retired generation is dropped then, and views keep deleted files on disk.
const LONGEST: Duration = Duration::from_mins(10);

pub(super) async fn stream(client: &Client, alias: &str, search: &Search) -> Result<UserStream, IndexError> {
    let search = Search { limit: MAX_PAGE, after: None, ..search.clone() };
    let mut body = search_body(&search, &terms(&search)?);
    set(&mut body, "size", json!(MAX_PAGE));
    let view = View::open(client, alias).await?;
    let mut reader = Reader { view, body, until: Instant::now() + LONGEST };
    let answer = reader.next().await?;
    let total = answer.total()?;
    // The number is known: the rest need not be counted again.
    set(&mut reader.body, "track_total_hits", json!(false));
    let first = Step { reader, answer: Some(answer) };
    Ok(UserStream { total, chunks: stream::try_unfold(first, step).boxed() })
}

/// A chunk that is there, or else is still to be asked for.
struct Step {
    reader: Reader,
    answer: Option<Answer>,
}

async fn step(step: Step) -> Result<Option<(Vec<UserEntry>, Step)>, IndexError> {
    let mut reader = step.reader;
    let answer = match step.answer {
        Some(answer) => answer,
        None => reader.next().await?,
    };
    let Some(position) = answer.position() else {
        return Ok(None);
    };
    set(&mut reader.body, "search_after", json!(position));
    let users = answer.users()?;
    Ok(Some((users, Step { reader, answer: None })))
}

struct Reader {
    view: View,
    body: Value,
    until: Instant,
}

impl Reader {
    async fn next(&mut self) -> Result<Answer, Trouble> {
        if Instant::now() >= self.until {
            return Err(Trouble::TimedOut);
        }
        set(&mut self.body, "pit", json!({"id": self.view.id, "keep_alive": KEEP_ALIVE}));
        let call = Call::new(Method::Post, "/_search").query(&WHOLE).json(&self.body)?;
        let mut answer = Answer::read(&self.view.client.ask(&call).await?)?;
        if let Some(id) = answer.pit_id.take() {
            self.view.id = id;
        }
        Ok(answer)
    }
}

/// A point in time on the server, closed when it is dropped.
struct View {
    client: Client,
    id: String,
}

impl View {
    async fn open(client: &Client, alias: &str) -> Result<Self, Trouble> {
        #[derive(Deserialize)]
        struct Opened {
            id: String,
        }
        let path = format!("/{alias}/_pit");
        let body = client.ask(&Call::new(Method::Post, &path).query(&[("keep_alive", KEEP_ALIVE)])).await?;
        let Opened { id } = serde_json::from_slice(&body).map_err(Trouble::Answer)?;
        Ok(Self { client: client.clone(), id })
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // Outside of the runtime, at the process's end: the server forgets it after `KEEP_ALIVE`.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (client, id) = (self.client.clone(), std::mem::take(&mut self.id));
        runtime.spawn(async move {
            let closed = match Call::new(Method::Delete, "/_pit").json(&json!({"id": id})) {
                Ok(call) => client.ask(&call).await.map(|_| ()),
                Err(trouble) => Err(trouble),
            };
            if let Err(trouble) = closed {
                tracing::debug!(error = %trouble, "a point in time was not closed: it ends by itself");
            }
        });
    }
}
