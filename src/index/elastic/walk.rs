//! `versions` and `documents`: what a generation holds, in the order of the users' ids.

use super::super::kept::page;
use super::super::{Document, Generation, IndexError, Kept, UserRange, Whose};
use super::client::{Call, Client};
use super::document;
use super::search::{Shards, WHOLE};
use super::trouble::Trouble;
use crate::domain::UserId;
use elasticsearch::http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) async fn versions(
    client: &Client,
    generation: &Generation,
    range: UserRange,
    limit: usize,
) -> Result<Vec<(UserId, i64)>, IndexError> {
    let body = ask(client, generation, Whose::Range(range), limit, false).await?;
    Ok(hits(&body)?.into_iter().map(|hit| (hit.user(), hit.version())).collect())
}

pub(super) async fn documents(
    client: &Client,
    generation: &Generation,
    whose: Whose<'_>,
    limit: usize,
) -> Result<Vec<Kept>, IndexError> {
    let body = ask(client, generation, whose, limit, true).await?;
    Ok(hits(&body)?.into_iter().map(Hit::kept).collect())
}

async fn ask(
    client: &Client,
    generation: &Generation,
    whose: Whose<'_>,
    limit: usize,
    with_source: bool,
) -> Result<bytes::Bytes, Trouble> {
    let users = match whose {
        Whose::Range(range) => json!({"range": {"userId": bounds(range)}}),
        Whose::Only(users) => json!({"terms": {"userId": users}}),
    };
    let mut body = json!({
        "size": page(limit),
        "query": {"bool": {"filter": [users]}},
        "sort": [{"userId": "asc"}],
        "docvalue_fields": ["version"],
        "track_total_hits": false,
    });
    if !with_source {
        // Ids are stored beside the documents: to read one, Elasticsearch unpacks both.
        body["stored_fields"] = json!("_none_");
    }
    let path = format!("/{generation}/_search");
    client.ask(&Call::new(Method::Post, &path).query(&WHOLE).json(&body)?).await
}

fn bounds(range: UserRange) -> Map<String, Value> {
    let mut bounds = Map::new();
    if let Some(after) = range.after {
        bounds.insert("gt".to_owned(), json!(after));
    }
    if let Some(through) = range.through {
        bounds.insert("lte".to_owned(), json!(through));
    }
    bounds
}

#[derive(Deserialize)]
struct Answer<'a> {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    #[serde(borrow)]
    hits: Hits<'a>,
}

#[derive(Deserialize)]
struct Hits<'a> {
    #[serde(borrow)]
    hits: Vec<Hit<'a>>,
}

#[derive(Deserialize)]
struct Hit<'a> {
    #[serde(rename = "_id")]
    id: Option<Box<str>>,
    sort: [i64; 1],
    fields: HitFields,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct HitFields {
    version: [i64; 1],
}

fn hits(body: &[u8]) -> Result<Vec<Hit<'_>>, Trouble> {
    let answer: Answer = serde_json::from_slice(body).map_err(Trouble::Answer)?;
    if answer.timed_out {
        return Err(Trouble::Partial("it timed out".to_owned()));
    }
    answer.shards.check()?;
    Ok(answer.hits.hits)
}

impl Hit<'_> {
    const fn user(&self) -> UserId {
        let [user] = self.sort;
        UserId(user)
    }

    const fn version(&self) -> i64 {
        let [version] = self.fields.version;
        version
    }

    fn kept(self) -> Kept {
        let (user, version) = (self.user(), self.version());
        // An id that is not the user's would be a second document of his.
        let source = self.source.filter(|_| self.id.is_some_and(|id| *id == *user.to_string()));
        let document = source.and_then(|source| document::decode(source.get()).ok().filter(|read| says(read, source)));
        Kept { user, version, document: document.map(Arc::new) }
    }
}

/// Whether what is searched is what the document says: as it would be written, it is what is kept.
fn says(document: &Document, source: &RawValue) -> bool {
    let mut written = Vec::new();
    if document::encode(document, &mut written).is_err() {
        return false;
    }
    if written == source.get().as_bytes() {
        return true;
    }
    // Somebody may have copied it with another layout.
    let value = |text: &[u8]| serde_json::from_slice::<Value>(text).ok();
    value(&written).is_some_and(|written| Some(written) == value(source.get().as_bytes()))
}
