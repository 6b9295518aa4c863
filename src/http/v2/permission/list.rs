//! The answer of a list: everything this user may do.

use super::entry::{self, Entry, Texts};
use crate::domain::{self, ActionPattern, ResourcePattern};
use crate::http::answer::json_from;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::queue::JobId;
use crate::service::{ListAnswer, ListQuestion};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// As it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    allow: bool,
    requester_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Texts<'a, ResourcePattern>>,
    permissions: Vec<Entry<'a, Texts<'a, ResourcePattern>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
}

/// What one user may do.
#[derive(ToSchema)]
#[schema(as = ListAnswer, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
pub(super) struct Described {
    /// Whether any allow is listed.
    allow: bool,
    /// Who was asked about.
    requester_id: i64,
    /// The filter asked.
    action: Option<String>,
    /// The filter asked.
    resource: Option<Vec<String>>,
    /// Sorted. Denies are listed; allows of which an unconditional deny leaves nothing are not.
    permissions: Vec<entry::Described>,
    /// An unfinished job that may still change this answer.
    job_id: Option<uuid::Uuid>,
}

pub(super) async fn answer(call: &Call, question: &ListQuestion) -> Result<Response, Problem> {
    let answer = call.cluster.list(&call.caller, question).await?;
    Ok(json_from(answer.source, &body(question, &answer)))
}

fn body<'a>(question: &'a ListQuestion, answer: &'a ListAnswer) -> Answer<'a> {
    let filter = &question.filter;
    Answer {
        allow: answer.allow,
        requester_id: question.requester.0,
        action: filter.action.as_ref().map(ActionPattern::as_str),
        resource: (!filter.resources.is_empty()).then_some(Texts(&filter.resources)),
        permissions: answer.entries.iter().map(listed).collect(),
        job_id: answer.job,
    }
}

fn listed(entry: &domain::Entry) -> Entry<'_, Texts<'_, ResourcePattern>> {
    Entry {
        action: entry.action.as_str(),
        allow: entry.allow,
        resource: Texts(&entry.resources),
        used_policies: &entry.policies,
        origins: &entry.origins,
        conditions: (!entry.conditions.is_empty()).then_some(&entry.conditions),
        until: entry.until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Condition, CustomerId, Filter, Origin, PolicyId, UserId, Value};
    use crate::service::Source;
    use serde_json::json;

    #[test]
    fn an_entry_has_what_is_there_and_nothing_is_null() {
        let plain = domain::Entry {
            action: ActionPattern::parse("doc:*").unwrap(),
            allow: true,
            resources: vec![ResourcePattern::parse("acrn:app:1:doc/*").unwrap()],
            policies: vec![PolicyId(3)],
            origins: vec![Origin::Customer(CustomerId(1))],
            conditions: domain::Conditions::default(),
            until: None,
        };
        let conditions = [("color".into(), Condition::Equals { value: Value::string("red") })].into();
        let timed = domain::Entry { conditions, until: Some(1_798_761_600_000_000), allow: false, ..plain.clone() };
        let question = ListQuestion { requester: UserId(17), filter: Filter::default(), after: None };
        let answer = ListAnswer { allow: true, entries: vec![plain, timed], source: Source::Index, job: None };
        let first = json!({"action": "doc:*", "allow": true, "resource": ["acrn:app:1:doc/*"], "usedPolicies": [3],
            "origins": ["customer:1"]});
        let mut second = first.clone();
        second["allow"] = json!(false);
        second["conditions"] = json!({"color": {"type": "Equals", "value": "red"}});
        second["until"] = json!("2027-01-01T00:00:00Z");
        let wanted = json!({"allow": true, "requesterId": 17, "permissions": [first, second]});
        assert_eq!(serde_json::to_value(body(&question, &answer)).unwrap(), wanted);
    }
}
