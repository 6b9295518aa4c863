//! The answer of a who-has, one page of it.

use super::entry::Texts;
use crate::domain::ResourceName;
use crate::http::answer::json;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::index::UserEntry;
use crate::queue::JobId;
use crate::service::{WhoHasAnswer, WhoHasQuestion};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// As it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Texts<'a, ResourceName>>,
    size: u64,
    users: Users<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
}

struct Users<'a>(&'a [UserEntry]);

impl Serialize for Users<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(User::from))
    }
}

/// A user, as answers have him.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User<'a> {
    id: i64,
    customer_id: i64,
    email: &'a str,
    ui_language: &'a str,
}

impl<'a> From<&'a UserEntry> for User<'a> {
    fn from(user: &'a UserEntry) -> Self {
        Self { id: user.id.0, customer_id: user.customer.0, email: &user.email, ui_language: &user.ui_language }
    }
}

/// Everybody who may do something, one page of them.
#[derive(ToSchema)]
#[schema(as = WhoHasAnswer, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
pub(super) struct Described {
    /// The action asked.
    action: String,
    /// The resources asked: who is listed may do it on every one of them.
    resource: Option<Vec<String>>,
    /// The exact number of all of them, on every page.
    size: u64,
    /// The page, ordered by id.
    users: Vec<DescribedUser>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
    /// An unfinished job that may still change this answer.
    job_id: Option<uuid::Uuid>,
}

/// A user.
#[derive(ToSchema)]
#[schema(as = User, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
pub(super) struct DescribedUser {
    #[schema(example = 17)]
    id: i64,
    #[schema(example = 1)]
    customer_id: i64,
    #[schema(example = "a@example.com")]
    email: String,
    #[schema(example = "en")]
    ui_language: String,
}

pub(super) async fn answer(call: &Call, question: &WhoHasQuestion) -> Result<Response, Problem> {
    let answer = call.cluster.who_has(&call.caller, question).await?;
    Ok(json(StatusCode::OK, &body(question, &answer)))
}

fn body<'a>(question: &'a WhoHasQuestion, answer: &'a WhoHasAnswer) -> Answer<'a> {
    Answer {
        action: question.action.as_str(),
        resource: (!question.resources.is_empty()).then_some(Texts(&question.resources)),
        size: answer.size,
        users: Users(&answer.users),
        next_cursor: answer.next_cursor.as_deref(),
        job_id: answer.job,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActionName, CustomerId, UserId};
    use serde_json::json;

    #[test]
    fn a_page_is_written_as_the_contract_says() {
        let question = WhoHasQuestion {
            action: ActionName::parse("doc:read").unwrap(),
            resources: vec![],
            attributes: crate::domain::Attributes::default(),
            customer: None,
            limit: 1,
            cursor: None,
            after: None,
            debug: false,
        };
        let user =
            UserEntry { id: UserId(17), customer: CustomerId(1), email: "a@b.c".into(), ui_language: "en".into() };
        let answer = WhoHasAnswer { size: 2, users: vec![user], next_cursor: Some("c".into()), job: None };
        let wanted = json!({"action": "doc:read", "size": 2, "nextCursor": "c",
            "users": [{"id": 17, "customerId": 1, "email": "a@b.c", "uiLanguage": "en"}]});
        assert_eq!(serde_json::to_value(body(&question, &answer)).unwrap(), wanted);
    }
}
