//! `dryRun`: how it is asked for, and how what a change would come to is answered.

use crate::domain::{Pair, UserId};
use crate::http::answer::{as_texts, json};
use crate::json::Fields;
use crate::service::{Preview, UserDifference};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a change is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is only asked what it would come to.
    DryRun,
    /// It is made.
    Write {
        /// And answered when everybody sees it.
        wait: bool,
    },
}

/// What a change would give and take; nothing was changed.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRun, rename_all = "camelCase", example = json!({"dryRun": true, "changed": true, "gaining": 1, "losing": 0,
    "users": [{"id": 17, "gains": ["doc:read acrn:app:1:doc/*"], "loses": []}], "complete": true}))]
pub(super) struct Described {
    /// Always true.
    dry_run: bool,
    /// Whether it would change anything, even if nobody gains or loses by it.
    changed: bool,
    /// How many users would gain something.
    #[schema(minimum = 0)]
    gaining: u64,
    /// How many users would lose something.
    #[schema(minimum = 0)]
    losing: u64,
    /// The first 100 of them, by id.
    #[schema(max_items = 100)]
    users: Vec<DescribedUser>,
    /// Whether everybody was looked at. Else it took too long, and more users may gain and lose than is said.
    complete: bool,
}

/// What a user would gain and lose: each an action pattern, a space and a resource pattern.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunUser)]
struct DescribedUser {
    #[schema(example = 17)]
    id: i64,
    /// What he is not allowed now: what another statement allows him already does not count. Sorted; of more than 50, some 50.
    #[schema(example = json!(["doc:read acrn:app:1:doc/*"]), max_items = 50)]
    gains: Vec<String>,
    /// What he would not be allowed any more; of what a deny would cut into, the part that it takes. Sorted; of more
    /// than 50, some 50.
    #[schema(max_items = 50)]
    loses: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    dry_run: bool,
    changed: bool,
    gaining: u64,
    losing: u64,
    users: Vec<User<'a>>,
    complete: bool,
}

#[derive(Serialize)]
struct User<'a> {
    id: UserId,
    #[serde(serialize_with = "texts")]
    gains: &'a [Pair],
    #[serde(serialize_with = "texts")]
    loses: &'a [Pair],
}

impl<'a> From<&'a UserDifference> for User<'a> {
    fn from(UserDifference { id, gains, loses }: &'a UserDifference) -> Self {
        Self { id: *id, gains, loses }
    }
}

fn texts<S: serde::Serializer>(pairs: &&[Pair], serializer: S) -> Result<S::Ok, S::Error> {
    as_texts(pairs, serializer)
}

/// Reads `dryRun` and `waitForCompletion`.
pub(super) fn mode(fields: &mut Fields<'_>) -> Mode {
    let says_whether_to_wait = fields.has("waitForCompletion");
    let wait = fields.boolean("waitForCompletion").unwrap_or(false);
    if !fields.boolean("dryRun").unwrap_or(false) {
        return Mode::Write { wait };
    }
    if says_whether_to_wait {
        fields.wrong("waitForCompletion", "a dry run changes nothing that could be waited for: leave it out");
    }
    Mode::DryRun
}

/// 200: nothing was changed.
pub(super) fn answer(preview: &Preview) -> Response {
    let &Preview { changed, gaining, losing, complete, .. } = preview;
    let users = preview.users.iter().map(User::from).collect();
    json(StatusCode::OK, &Answer { dry_run: true, changed, gaining, losing, users, complete })
}
