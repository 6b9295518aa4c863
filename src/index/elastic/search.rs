//! `search`: one page and the exact number of all, in one request.

use super::super::{IndexError, Page, QuestionTerms, Search, UserEntry};
use super::client::{Call, Client};
use super::query::search_body;
use super::trouble::{Cause, Trouble};
use crate::domain::{CustomerId, UserId};
use elasticsearch::http::Method;
use serde::Deserialize;

/// A failed shard or a time-out is a failure of the whole, never a shorter list.
pub(super) const WHOLE: [(&str, &str); 1] = [("allow_partial_search_results", "false")];

pub(super) async fn search(client: &Client, alias: &str, search: &Search) -> Result<Page, IndexError> {
    let path = format!("/{alias}/_search");
    let body = search_body(search, &terms(search)?);
    let answer = client.ask(&Call::new(Method::Post, &path).query(&WHOLE).json(&body)?).await?;
    let answer = Answer::read(&answer)?;
    let total = answer.total()?;
    let mut users = answer.users()?;
    let more = users.len() > search.limit;
    users.truncate(search.limit);
    Ok(Page { total, users, more })
}

pub(super) fn terms(search: &Search) -> Result<QuestionTerms, IndexError> {
    QuestionTerms::of(search).map_err(|too_many| IndexError::Refused(Box::new(too_many)))
}

/// What a search answers.
#[derive(Deserialize)]
pub(super) struct Answer {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    hits: Hits,
    /// The point in time to go on from; it may be another one than was asked.
    pub pit_id: Option<String>,
}

#[derive(Deserialize)]
struct Hits {
    total: Option<Total>,
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Total {
    value: u64,
    relation: Box<str>,
}

#[derive(Deserialize)]
struct Hit {
    sort: Vec<i64>,
    fields: Option<HitFields>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HitFields {
    customer_id: [Box<str>; 1],
    email: [Box<str>; 1],
    ui_language: [Box<str>; 1],
}

impl Answer {
    /// Reads one that is whole.
    pub fn read(body: &[u8]) -> Result<Self, Trouble> {
        let answer: Self = serde_json::from_slice(body).map_err(Trouble::Answer)?;
        if answer.timed_out {
            return Err(Trouble::Partial("it timed out".to_owned()));
        }
        answer.shards.check()?;
        Ok(answer)
    }

    /// The exact number of all.
    pub fn total(&self) -> Result<u64, Trouble> {
        match &self.hits.total {
            Some(total) if &*total.relation == "eq" => Ok(total.value),
            _ => Err(Trouble::Partial("the total is not exact".to_owned())),
        }
    }

    /// The sort values of the last hit: where the next page begins.
    pub fn position(&self) -> Option<&[i64]> {
        self.hits.hits.last().map(|hit| &*hit.sort)
    }

    pub fn users(self) -> Result<Vec<UserEntry>, Trouble> {
        self.hits.hits.into_iter().map(Hit::user).collect()
    }
}

impl Hit {
    fn user(self) -> Result<UserEntry, Trouble> {
        let wrong = || Trouble::Unexpected("a hit without the fields of a user".to_owned());
        let HitFields { customer_id: [customer], email: [email], ui_language: [ui_language] } =
            self.fields.ok_or_else(wrong)?;
        let id = UserId(*self.sort.first().ok_or_else(wrong)?);
        let customer = CustomerId(customer.parse().map_err(|_| wrong())?);
        Ok(UserEntry { id, customer, email, ui_language })
    }
}

/// How many shards took part.
#[derive(Debug, Deserialize)]
pub(super) struct Shards {
    failed: u32,
    #[serde(default)]
    total: u32,
    #[serde(default)]
    successful: u32,
    #[serde(default)]
    failures: Vec<Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    reason: Cause,
}

impl Shards {
    pub fn check(&self) -> Result<(), Trouble> {
        if self.failed == 0 {
            // None of them may be assigned to a node this moment; that counts as no failure.
            let none = self.total > 0 && self.successful == 0;
            return if none { Err(Trouble::Partial("no shard was there to be asked".to_owned())) } else { Ok(()) };
        }
        let why = self.failures.first().map(|failure| failure.reason.to_string()).unwrap_or_default();
        Err(Trouble::Partial(format!("{} shards failed: {why}", self.failed)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;
    use crate::domain::{ActionName, Attributes};
    use crate::index::Customers;
    use std::time::Duration;

    #[tokio::test]
    async fn a_part_of_an_answer_is_an_error() {
        for body in [
            r#"{"timed_out":true,"_shards":{"failed":0},"hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}"#,
            r#"{"timed_out":false,"_shards":{"failed":1,"failures":[{"reason":{"type":"a","reason":"b"}}]},
                "hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}"#,
            r#"{"timed_out":false,"_shards":{"failed":0},"hits":{"total":{"value":9,"relation":"gte"},"hits":[]}}"#,
        ] {
            let fake = Fake::start(vec![(200, body)]).await;
            let client = Client::new(&Fake::settings(&[&fake], Duration::from_secs(30))).unwrap();
            let question = Search {
                action: ActionName::parse("doc:read").unwrap(),
                resources: Vec::new(),
                attributes: Attributes::new(),
                customers: Customers::All,
                now: 0,
                limit: 10,
                after: None,
            };
            assert!(matches!(search(&client, "test-v1", &question).await, Err(IndexError::Partial(_))), "{body}");
        }
    }
}
