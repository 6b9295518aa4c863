//! `GET /v1/{organization}/role/temporary_permission_grants`.

use super::call::RoleCall;
use super::limits::endpoint::GET_TEMPORARY_GRANTS;
use super::list::ids;
use super::{CallerParams, DescribedGrant};
use crate::domain::write_grant;
use crate::http::answer::json;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::{Query, limit_within};
use crate::json::{Fields, quoted};
use crate::service::roles::{
    GrantFilter, GrantPage, GrantQuestion, MAX_PAGE, SortBy, SortField, TagFilter, TemporaryGrant, Tenant,
};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Parameters that may be repeated.
const REPEATED: [&str; 5] = ["id", "user_id", "creator", "tag", "sort_by"];
/// What a value of these begins with who is no user.
const OTHERS: [&str; 2] = ["service:", "cli:"];

/// Which temporary permission grants, and in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// With one of these ids; repeat it.
    id: Option<Vec<String>>,
    /// Of one of these users; repeat it.
    user_id: Option<Vec<String>>,
    /// Of this permission.
    permission_grant_name: Option<String>,
    /// Only expired ones, or only those that are not.
    is_expired: Option<bool>,
    /// At most so many.
    #[param(minimum = 0, maximum = 10, default = 10)]
    limit: Option<u16>,
    /// Where to go on, as the page before said; 0: from the first on.
    #[param(minimum = 0, default = 0)]
    continuation_token: Option<i64>,
    /// Made by one of these, `{org_id}_{user_id}`; repeat it.
    creator: Option<Vec<String>>,
    /// With all of these: `key:value`; `key:*` with any value; `key:` with none. Repeat it.
    tag: Option<Vec<String>>,
    /// `+` or `-` and `user_id`, `expires_at` or `permission_grant.permission_name`; repeat it to break ties.
    sort_by: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
struct Page {
    temporary_permission_grants: Vec<Shown>,
    /// Whether there is more.
    has_more: bool,
    /// Where to go on; null when there is no more.
    #[schema(required = true, example = 17)]
    continuation_token: Option<i64>,
}

/// A temporary permission grant.
#[derive(Serialize, ToSchema)]
#[schema(as = TemporaryPermissionGrant)]
struct Shown {
    #[schema(example = "7c9e6679-7425-40de-944b-e07fc1f90ae7")]
    _id: String,
    /// The organization of its user.
    #[schema(example = "acme")]
    org_id: String,
    #[schema(example = "2027-01-01T00:00:00Z")]
    created_at: String,
    #[schema(example = "2027-01-01T00:00:00Z")]
    updated_at: String,
    #[schema(example = "17")]
    user_id: String,
    /// From this instant on it gives nothing.
    #[schema(example = "2027-01-01T01:00:00Z")]
    expires_at: String,
    #[schema(value_type = DescribedGrant)]
    permission_grant: Json,
    #[schema(example = "on call tonight")]
    justification: String,
    creator: Creator,
    /// Text to text or null.
    #[schema(value_type = Object)]
    tags: Json,
}

/// Who made it.
#[derive(Serialize, ToSchema)]
struct Creator {
    #[schema(example = "acme")]
    org_id: String,
    /// A user's id, `service:<name>`, or `cli:<login name>`.
    #[schema(example = "18")]
    user_id: String,
}

/// Temporary permission grants
///
/// Those that the caller may get (`Role:GetTemporaryPermissionGrant`); the others are left out silently, and pages stay exact.
#[utoipa::path(get, path = "/v1/{organization}/role/temporary_permission_grants", tag = "roles",
    params(("organization" = String, Path, description = "Whose.", example = "acme"), CallerParams, Params),
    responses((status = 200, description = "A page.", body = Page), Problems))]
pub(super) async fn list_temporary_grants(
    call: RoleCall<GET_TEMPORARY_GRANTS>,
    query: Query,
) -> Result<Response, Problem> {
    let now = call.cluster.now();
    let asked = query.read_repeated(&REPEATED, |fields| read(fields, &call.tenant, now))?;
    let page = call.cluster.temporary_grants(&call.caller, &call.tenant, &asked).await?;
    Ok(json(StatusCode::OK, &shown(page, &call.tenant)))
}

fn read(fields: &mut Fields<'_>, tenant: &Tenant, now: i64) -> Option<GrantQuestion> {
    let uuids = uuids(fields);
    let users = ids(fields, "user_id");
    let permission_name = fields.string("permission_grant_name");
    let expired = fields.boolean("is_expired").map(|expired| (expired, now));
    let limit = limit_within(fields, 0..=MAX_PAGE, MAX_PAGE);
    let continuation_token = token(fields);
    let creators = fields.strings("creator").unwrap_or_default();
    let creators = creators.into_iter().flat_map(|creator| spellings(creator, tenant)).collect();
    let tags = each(fields, "tag", read_tag);
    let order = each(fields, "sort_by", read_sort).and_then(|order| each_once(fields, order));
    let filter = GrantFilter { ids: uuids?, users: users?, permission_name, expired, creators, tags: tags? };
    Some(GrantQuestion { filter, order: order?, limit: limit?, continuation_token: continuation_token? })
}

/// Reads each value of a repeated parameter.
fn each<T>(fields: &mut Fields<'_>, name: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
    let found = fields.strings(name).unwrap_or_default();
    let all: Vec<Option<T>> = found.iter().map(|text| read(text).map_err(|why| fields.wrong(name, why)).ok()).collect();
    all.into_iter().collect()
}

fn uuids(fields: &mut Fields<'_>) -> Option<Vec<Uuid>> {
    each(fields, "id", |text| {
        let why = || format!("`{}` is no id of a temporary permission grant: they are UUIDs", quoted(text));
        Uuid::try_parse(text).map_err(|_| why())
    })
}

fn token(fields: &mut Fields<'_>) -> Option<i64> {
    if !fields.has("continuation_token") {
        return Some(0);
    }
    let found = fields.integer("continuation_token")?;
    if found < 0 {
        fields.wrong("continuation_token", format!("`{found}` is no continuation token: begin with 0"));
        return None;
    }
    Some(found)
}

fn read_tag(text: &str) -> Result<TagFilter, String> {
    let (key, value) = text.split_once(':').ok_or_else(|| {
        format!("`{}` is no tag: send `key:value`, `key:*` for any value or `key:` for none", quoted(text))
    })?;
    Ok(match value {
        "*" => TagFilter::Any(key.to_owned()),
        "" => TagFilter::Is(key.to_owned(), None),
        value => TagFilter::Is(key.to_owned(), Some(value.to_owned())),
    })
}

fn read_sort(text: &str) -> Result<SortBy, String> {
    let wrong = || {
        format!(
            "`{}` is no order: `+` or `-`, then `user_id`, `expires_at` or `permission_grant.permission_name`",
            quoted(text)
        )
    };
    // A `+` that was not percent-encoded is a space.
    let (descending, field) = match text.split_at_checked(1).ok_or_else(wrong)? {
        ("+" | " ", field) => (false, field),
        ("-", field) => (true, field),
        _ => return Err(wrong()),
    };
    let field = match field {
        "user_id" => SortField::User,
        "expires_at" => SortField::ExpiresAt,
        "permission_grant.permission_name" => SortField::PermissionName,
        _ => return Err(wrong()),
    };
    Ok(SortBy { field, descending })
}

fn each_once(fields: &mut Fields<'_>, order: Vec<SortBy>) -> Option<Vec<SortBy>> {
    let is_twice = |(index, by): (usize, &SortBy)| order.iter().take(index).any(|before| before.field == by.field);
    if order.iter().enumerate().any(is_twice) {
        fields.wrong("sort_by", "a field is given twice: keep one");
        return None;
    }
    Some(order)
}

/// As a creator may be stored: who is no user may have no organization, and is shown under this one.
fn spellings(creator: String, tenant: &Tenant) -> Vec<String> {
    let bare = creator.strip_prefix(&*tenant.organization).and_then(|rest| rest.strip_prefix('_'));
    let bare = bare.filter(|rest| OTHERS.iter().any(|other| rest.starts_with(other))).map(str::to_owned);
    std::iter::once(creator).chain(bare).collect()
}

fn shown(page: GrantPage, tenant: &Tenant) -> Page {
    let temporary_permission_grants = page.grants.into_iter().map(|grant| show(grant, tenant)).collect();
    Page { temporary_permission_grants, has_more: page.next.is_some(), continuation_token: page.next }
}

fn show(grant: TemporaryGrant, tenant: &Tenant) -> Shown {
    let made = grant.made;
    Shown {
        _id: made.id.to_string(),
        org_id: tenant.organization.to_string(),
        created_at: grant.created_at.to_string(),
        updated_at: grant.updated_at.to_string(),
        user_id: made.user.to_string(),
        expires_at: Timestamp::from_microsecond(made.expires_at).unwrap_or(Timestamp::MAX).to_string(),
        permission_grant: write_grant(&made.grant),
        justification: made.justification,
        creator: creator(&made.creator, tenant),
        tags: made.tags,
    }
}

fn creator(stored: &str, tenant: &Tenant) -> Creator {
    let other = OTHERS.iter().find_map(|other| stored.find(other));
    let (organization, user) = match other {
        Some(0) => (None, stored),
        Some(at) => (stored.get(..at.saturating_sub(1)), stored.get(at..).unwrap_or(stored)),
        // An organization may contain `_`, an id can't.
        None => stored.rsplit_once('_').map_or((None, stored), |(organization, user)| (Some(organization), user)),
    };
    Creator { org_id: organization.unwrap_or(&tenant.organization).to_owned(), user_id: user.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CustomerId;

    fn acme() -> Tenant {
        Tenant { customer: CustomerId(1), organization: "ac_me".into() }
    }

    #[test]
    fn a_creator_is_shown_as_he_is_asked_for() {
        for (stored, organization, user) in [
            ("ac_me_17", "ac_me", "17"),
            ("globex_18", "globex", "18"),
            ("service:my_app", "ac_me", "service:my_app"),
            ("globex_service:my_app", "globex", "service:my_app"),
            ("cli:root", "ac_me", "cli:root"),
        ] {
            let shown = creator(stored, &acme());
            assert_eq!((&*shown.org_id, &*shown.user_id), (organization, user), "{stored}");
            let asked = format!("{organization}_{user}");
            assert!(spellings(asked, &acme()).iter().any(|spelling| spelling == stored), "{stored}");
        }
    }

    #[test]
    fn orders_and_tags_are_read_or_refused() {
        let by = |field, descending| Ok(SortBy { field, descending });
        assert_eq!(read_sort("+user_id"), by(SortField::User, false));
        assert_eq!(read_sort(" expires_at"), by(SortField::ExpiresAt, false));
        assert_eq!(read_sort("-permission_grant.permission_name"), by(SortField::PermissionName, true));
        for wrong in ["", "user_id", "+", "++user_id", "-name", "ü"] {
            assert!(read_sort(wrong).is_err(), "{wrong}");
        }
        assert_eq!(read_tag("a:*"), Ok(TagFilter::Any("a".into())));
        assert_eq!(read_tag("a:"), Ok(TagFilter::Is("a".into(), None)));
        assert_eq!(read_tag("a:b"), Ok(TagFilter::Is("a".into(), Some("b".into()))));
        assert!(read_tag("a").is_err());
    }
}
