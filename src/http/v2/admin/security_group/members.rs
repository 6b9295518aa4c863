//! `GET` and `PUT /v2/securityGroup/{id}/member`: who is in a group, as a list.

use super::super::answers::{done, page};
use super::super::ask::{PageParams, WriteParams, group_id, paging, waits};
use crate::domain::UserId;
use crate::http::body::{JsonBody, MAX_LIST_BODY, object};
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::{Fields, Node, Number};
use crate::service::admin::{MAX_MEMBERS, Page};
use axum::extract::Path;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// So many wrong ids are named.
const MAX_NAMED: usize = 20;

/// A member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member, rename_all = "camelCase")]
struct Member {
    #[schema(value_type = i64, minimum = 1, example = 17)]
    user_id: UserId,
}

/// One page of members.
#[derive(ToSchema)]
#[schema(as = MemberPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct DescribedPage {
    /// By id.
    items: Vec<Member>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

/// All members of a group.
#[derive(ToSchema)]
#[schema(as = Members, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
struct Described {
    /// Up to 100,000; one that is named twice counts once.
    #[schema(max_items = 100_000, example = json!([17, 18]))]
    user_ids: Vec<i64>,
}

/// What changed.
#[derive(ToSchema)]
#[schema(as = MembersAnswer, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct DescribedAnswer {
    /// The job that carries it to the index; null when nothing changed and nothing is under way.
    #[schema(required = true, example = "01890a5d-ac96-774b-bcce-b302099a8057")]
    job_id: Option<uuid::Uuid>,
    /// Whether every check and search includes it.
    completed: bool,
    /// Whether it changed anything.
    changed: bool,
    /// How many came.
    added: usize,
    /// How many went.
    removed: usize,
}

#[derive(Serialize)]
struct Counts {
    added: usize,
    removed: usize,
}

/// Members of a security group
///
/// Needs `permdex:securityGroup:read` on the group.
#[utoipa::path(get, path = "/v2/securityGroup/{id}/member", tag = "security groups",
    params(("id" = i64, Path, description = "The group's id.", minimum = 1, example = 5), PageParams),
    responses((status = 200, description = "A page.", body = DescribedPage), Problems))]
pub(super) async fn list_members(call: Call, query: Query, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, paging) = (group_id(&id)?, query.read(paging)?);
    let Page { items, next_cursor } = call.cluster.members(&call.caller, id, &paging).await?;
    let items = items.into_iter().map(|user_id| Member { user_id }).collect();
    Ok(page(Page { items, next_cursor }))
}

/// Write the whole list of members
///
/// Says how many came and went. Needs `permdex:securityGroup:update` on the group; a user caller must have what the group
/// gives to those who come, and what it denies to those who go. The body may be up to 4 MiB.
#[utoipa::path(put, path = "/v2/securityGroup/{id}/member", tag = "security groups",
    params(("id" = i64, Path, description = "The group's id.", minimum = 1, example = 5), WriteParams),
    request_body(content = Described, example = json!({"userIds": [17, 18]})),
    responses(
        (status = 200, description = "Written, and every answer includes it.", body = DescribedAnswer),
        (status = 202, description = "Committed; the job carries it to the index.", body = DescribedAnswer),
        Problems))]
pub(super) async fn replace_members(
    call: Call,
    query: Query,
    Path(id): Path<String>,
    JsonBody(node): JsonBody<MAX_LIST_BODY>,
) -> Result<Response, Problem> {
    let (id, wait) = (group_id(&id)?, waits(query)?);
    let wanted = object(node, read)?;
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move {
        let replaced = cluster.replace_members(&caller, id, &wanted, &context).await?;
        Ok((replaced.written, Counts { added: replaced.added, removed: replaced.removed }))
    };
    done(call.cluster, wait, write).await
}

fn read(fields: &mut Fields<'_>) -> Option<Vec<i64>> {
    let given = fields.has("userIds");
    let items = fields.array("userIds");
    let items = fields.required("userIds", items, given)?;
    if items.len() > MAX_MEMBERS {
        fields.wrong("userIds", format!("{} ids: at most {MAX_MEMBERS} are allowed", items.len()));
        return None;
    }
    let (count, mut named) = (items.len(), 0);
    let mut ids = Vec::with_capacity(count);
    for (index, item) in items.into_iter().enumerate() {
        let id = match item {
            Node::Number(Number::Integer(id)) => i64::try_from(id).ok().filter(|id| *id > 0),
            _ => None,
        };
        match id {
            Some(id) => ids.push(id),
            None if named < MAX_NAMED => {
                named += 1;
                let at = format!("{}/{index}", fields.at("userIds"));
                fields.errors().add(at, "this is no id: ids are positive integers");
            }
            None => {}
        }
    }
    (ids.len() == count).then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn ids(text: &str) -> Result<Vec<i64>, usize> {
        object(parse(text.as_bytes()).unwrap(), read).map_err(|errors| errors.into_vec().len())
    }

    #[test]
    fn a_list_is_positive_integers_and_nothing_else() {
        assert_eq!(ids(r#"{"userIds":[3,1,3]}"#), Ok(vec![3, 1, 3]));
        assert_eq!(ids(r#"{"userIds":[]}"#), Ok(vec![]));
        for (wrong, errors) in [
            ("{}", 1),
            (r#"{"userIds":[0,"1",1.5,null,-1]}"#, 5),
            (r#"{"userIds":17}"#, 1),
            (r#"{"userIds":[1],"users":[2]}"#, 1),
        ] {
            assert_eq!(ids(wrong), Err(errors), "{wrong}");
        }
        let many = format!(r#"{{"userIds":[{}1]}}"#, "1,".repeat(MAX_MEMBERS));
        assert_eq!(ids(&many), Err(1));
    }
}
