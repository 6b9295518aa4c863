//! The answer of a check: may this user do this?

use super::entry::{self, Entry, Texts};
use crate::domain::{Decision, Origin, PolicyId, ResourceName, ResourcePattern};
use crate::http::answer::json_from;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::queue::JobId;
use crate::service::{CheckAnswer, CheckQuestion};
use axum::response::Response;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// As it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    action: &'a str,
    allow: bool,
    requester_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Texts<'a, ResourceName>>,
    permissions: Vec<Permission<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
}

/// An entry, and what it says beside the decision.
struct Permission<'a> {
    action: &'a str,
    /// The resource asked, if one was.
    asked: Option<&'a ResourceName>,
    decision: Decision<'a>,
}

impl Serialize for Permission<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let policies: Vec<PolicyId> = self.decision.used_policies();
        let origins: Vec<Origin> = self.decision.origins();
        let patterns: Vec<&ResourcePattern>;
        let resource = if let Some(asked) = self.asked {
            Asked::One([asked])
        } else {
            patterns = self.decision.resources();
            Asked::Patterns(Texts(&patterns))
        };
        let entry = Entry {
            action: self.action,
            allow: self.decision.allow,
            resource,
            used_policies: &policies,
            origins: &origins,
            conditions: None,
            until: None,
        };
        entry.serialize(serializer)
    }
}

enum Asked<'a> {
    One([&'a ResourceName; 1]),
    Patterns(Texts<'a, &'a ResourcePattern>),
}

impl Serialize for Asked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(one) => Texts(one).serialize(serializer),
            Self::Patterns(patterns) => patterns.serialize(serializer),
        }
    }
}

/// Whether one user may do something.
#[derive(ToSchema)]
#[schema(as = CheckAnswer, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
pub(super) struct Described {
    /// The action asked.
    action: String,
    /// Allowed on every resource asked; with none asked, anywhere.
    allow: bool,
    /// Who was asked about.
    requester_id: i64,
    /// The resources asked.
    resource: Option<Vec<String>>,
    /// One per resource asked, in order; one in all when none was asked.
    permissions: Vec<entry::Described>,
    /// An unfinished job that may still change this answer.
    job_id: Option<uuid::Uuid>,
}

pub(super) async fn answer(call: &Call, question: &CheckQuestion) -> Result<Response, Problem> {
    let answer = call.cluster.check(&call.caller, question).await?;
    Ok(json_from(answer.source, &body(question, &answer)))
}

fn body<'a>(question: &'a CheckQuestion, answer: &'a CheckAnswer) -> Answer<'a> {
    let decisions = answer.decide(question);
    let action = question.action.as_str();
    let mut asked = question.resources.iter();
    let permissions =
        decisions.each.into_iter().map(|decision| Permission { action, asked: asked.next(), decision }).collect();
    Answer {
        action,
        allow: decisions.allow,
        requester_id: question.requester.0,
        resource: (!question.resources.is_empty()).then_some(Texts(&question.resources)),
        permissions,
        job_id: answer.job,
    }
}
