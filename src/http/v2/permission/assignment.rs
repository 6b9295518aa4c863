//! Assignments as clients write them, and their answers: shared by the endpoints that make and remove them.

use crate::domain::{CustomerId, PolicyId, SecurityGroupId, UserId};
use crate::http::body::{OptionalJsonBody, object};
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::v2::dry_run::{self, Mode, mode};
use crate::http::write;
use crate::json::Fields;
use crate::service::{AssignRequest, Change, Target};
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// A policy and one target.
#[derive(ToSchema, IntoParams)]
#[schema(as = Assignment, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `policy_and_target` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// The policy.
    #[schema(minimum = 1, example = 3)]
    #[param(minimum = 1)]
    policy_id: i64,
    /// The target: one user. Excludes `securityGroupId`.
    #[schema(minimum = 1, example = 17)]
    #[param(minimum = 1)]
    user_id: Option<i64>,
    /// The target: the members of a group. Excludes `userId`.
    #[schema(minimum = 1)]
    #[param(minimum = 1)]
    security_group_id: Option<i64>,
    /// Alone: the target, all users of a customer. Beside another target: what `${customerId}` is bound to.
    #[schema(minimum = 1)]
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// Answer when every check and search includes the change, or after 30 s.
    wait_for_completion: Option<bool>,
    /// Change nothing, and answer what the change would give and take. Excludes `waitForCompletion`.
    dry_run: Option<bool>,
}

/// A policy and a user.
#[derive(ToSchema, IntoParams)]
#[schema(as = UserAssignment, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `policy_and_user` reads it, and a test holds the two together")]
pub(super) struct DescribedUser {
    /// The policy.
    #[schema(minimum = 1, example = 3)]
    #[param(minimum = 1)]
    policy_id: i64,
    /// The user.
    #[schema(minimum = 1, example = 17)]
    #[param(minimum = 1)]
    user_id: i64,
    /// What `${customerId}` is bound to, when not the user's own customer.
    #[schema(minimum = 1)]
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// Answer when every check and search includes the change, or after 30 s.
    wait_for_completion: Option<bool>,
    /// Change nothing, and answer what the change would give and take. Excludes `waitForCompletion`.
    dry_run: Option<bool>,
}

/// A committed change.
#[derive(Serialize, ToSchema)]
#[schema(as = AssignmentAnswer, rename_all = "camelCase")]
pub(super) struct DescribedAnswer {
    /// The job that carries it to the index; null when nothing changed and nothing is under way.
    #[schema(required = true, example = "01890a5d-ac96-774b-bcce-b302099a8057")]
    job_id: Option<uuid::Uuid>,
    /// Whether every check and search includes it.
    completed: bool,
    /// Whether it changed anything.
    changed: bool,
    policy_id: i64,
    customer_id: Option<i64>,
    security_group_id: Option<i64>,
    user_id: Option<i64>,
}

/// A committed change, or with `dryRun` what it would give and take.
#[derive(Serialize, ToSchema)]
#[schema(as = AssignmentOutcome)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described")]
pub(super) enum DescribedOutcome {
    Made(DescribedAnswer),
    Supposed(dry_run::Described),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    policy: PolicyId,
    target: Target,
    scope: Option<CustomerId>,
    mode: Mode,
}

/// As it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    changed: bool,
    policy_id: PolicyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<CustomerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_group_id: Option<SecurityGroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
}

/// Reads known fields off a body or a query.
pub(super) type Reader = fn(&mut Fields<'_>) -> Option<Asked>;

/// Reads what a DELETE is told by its body or its query.
///
/// # Errors
/// Both are given, or neither; all that is wrong.
pub(super) fn read_either(query: Query, body: OptionalJsonBody, reader: Reader) -> Result<Asked, Problem> {
    match body.0 {
        Some(_) if !query.0.is_empty() => Err(Problem::wrong("", "a body and a query are given: send one of the two")),
        Some(node) => Ok(object(node, reader)?),
        None => query.read(reader),
    }
}

/// A policy and one target of the three.
pub(super) fn policy_and_target(fields: &mut Fields<'_>) -> Option<Asked> {
    let policy = fields.required_id("policyId").map(PolicyId);
    let given = ["userId", "securityGroupId", "customerId"].map(|name| fields.has(name));
    let user = fields.id("userId").map(UserId);
    let group = fields.id("securityGroupId").map(SecurityGroupId);
    let customer = fields.id("customerId").map(CustomerId);
    let mode = mode(fields);
    match given {
        [false, false, false] => {
            let errors = fields.errors();
            errors.add("", "no target is given: name one of `userId`, `securityGroupId`, `customerId`");
        }
        [true, true, _] => {
            fields.wrong("securityGroupId", "`userId` and `securityGroupId` exclude each other: keep one");
        }
        _ => {}
    }
    let (target, scope) = match (user, group, customer) {
        (Some(user), None, scope) => (Target::User(user), scope),
        (None, Some(group), scope) => (Target::SecurityGroup(group), scope),
        (None, None, Some(customer)) => (Target::Customer(customer), None),
        _ => return None,
    };
    Some(Asked { policy: policy?, target, scope, mode })
}

/// A policy and a user.
pub(super) fn policy_and_user(fields: &mut Fields<'_>) -> Option<Asked> {
    let policy = fields.required_id("policyId").map(PolicyId);
    let user = fields.required_id("userId").map(UserId);
    let scope = fields.id("customerId").map(CustomerId);
    let mode = mode(fields);
    Some(Asked { policy: policy?, target: Target::User(user?), scope, mode })
}

/// Makes or removes the assignment, and answers when it is told to; or says what that would come to.
pub(super) async fn change(call: Call, change: Change, asked: Asked) -> Result<Response, Problem> {
    let Asked { policy, target, scope, mode } = asked;
    let request = AssignRequest { change, policy, target, scope };
    let Mode::Write { wait } = mode else {
        let context = call.write_context(false);
        return Ok(dry_run::answer(&call.cluster.preview_assign(&call.caller, request, &context).await?));
    };
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.assign(&caller, request, &context).await };
    let (changed, completion) = write::settle(call.cluster, write).await?;
    Ok(write::answer(completion, asked.answer(changed)))
}

impl Asked {
    fn answer(self, changed: bool) -> Answer {
        let (user_id, security_group_id, customer_id) = match self.target {
            Target::User(user) => (Some(user), None, self.scope),
            Target::SecurityGroup(group) => (None, Some(group), self.scope),
            Target::Customer(customer) => (None, None, Some(customer)),
        };
        Answer { changed, policy_id: self.policy, customer_id, security_group_id, user_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Errors, parse};
    use serde_json::{Value, json};

    fn read(body: &Value, reader: Reader) -> Result<Asked, Vec<String>> {
        let pointers = |errors: Errors| errors.into_vec().into_iter().map(|error| error.pointer).collect();
        object(parse(body.to_string().as_bytes()).unwrap(), reader).map_err(pointers)
    }

    fn target(body: &Value) -> (Target, Option<CustomerId>) {
        let asked = read(body, policy_and_target).unwrap();
        (asked.target, asked.scope)
    }

    #[test]
    fn a_customer_alone_is_the_target_and_beside_another_the_scope() {
        let user = json!({"policyId": 3, "userId": 17, "customerId": 2});
        assert_eq!(target(&user), (Target::User(UserId(17)), Some(CustomerId(2))));
        assert_eq!(target(&json!({"policyId": 3, "customerId": 2})), (Target::Customer(CustomerId(2)), None));
        let group = json!({"policyId": 3, "securityGroupId": 5});
        assert_eq!(target(&group), (Target::SecurityGroup(SecurityGroupId(5)), None));
    }

    #[test]
    fn what_is_no_assignment_is_refused_by_pointer() {
        for (body, pointers) in [
            (json!({"policyId": 3}), &[""][..]),
            (json!({}), &["/policyId", ""]),
            (json!({"policyId": 3, "userId": 17, "securityGroupId": 5}), &["/securityGroupId"]),
            (json!({"policyId": 3, "userId": "17"}), &["/userId"]),
            (json!({"policyId": 3, "userId": null, "customerId": 1}), &["/userId"]),
            (json!({"policyId": 3, "userId": 17, "dryRun": 1}), &["/dryRun"]),
            (json!({"policyId": 3, "userId": 17, "dryrun": true}), &["/dryrun"]),
            (json!({"policyId": 3, "userId": 17, "dryRun": true, "waitForCompletion": true}), &["/waitForCompletion"]),
            (json!({"policyId": 3, "userId": 17, "dryRun": true, "waitForCompletion": false}), &["/waitForCompletion"]),
            (json!({"policyId": 3, "userId": 17, "waitForCompletion": "true"}), &["/waitForCompletion"]),
        ] {
            assert_eq!(read(&body, policy_and_target).unwrap_err(), pointers, "{body}");
        }
        let group = json!({"policyId": 3, "securityGroupId": 5});
        assert_eq!(read(&group, policy_and_user).unwrap_err(), ["/userId", "/securityGroupId"]);
    }

    #[test]
    fn a_delete_takes_its_body_or_its_query_but_not_both() {
        let pairs = || Query(vec![("policyId".into(), "3".into()), ("userId".into(), "17".into())]);
        let body = || OptionalJsonBody(Some(parse(br#"{"policyId":3,"userId":17}"#).unwrap()));
        let by_query = read_either(pairs(), OptionalJsonBody(None), policy_and_user).unwrap();
        let by_body = read_either(Query::default(), body(), policy_and_user).unwrap();
        assert_eq!(by_query, by_body);
        assert!(read_either(pairs(), body(), policy_and_user).is_err());
        assert!(read_either(Query::default(), OptionalJsonBody(None), policy_and_user).is_err());
    }

    #[test]
    fn the_answer_names_what_was_asked_for() {
        let asked = read(&json!({"policyId": 3, "userId": 17, "customerId": 2}), policy_and_user).unwrap();
        let answer = serde_json::to_value(asked.answer(true)).unwrap();
        assert_eq!(answer, json!({"changed": true, "policyId": 3, "customerId": 2, "userId": 17}));
    }
}
