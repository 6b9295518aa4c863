//! `GET /v2/permission/job`: jobs, from the newest on.

use super::job;
use crate::http::answer::json;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::{Query, limit};
use crate::json::{Fields, quoted};
use crate::queue::{Job, LIST_BOUND, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

const STATES: [State; 5] = [State::Queued, State::Running, State::Done, State::Failed, State::Cancelled];

/// Which jobs.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// In this state only: `queued`, `running`, `done`, `failed`, `cancelled`.
    state: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// Where to go on, as `nextCursor` said.
    cursor: Option<String>,
}

/// One page of jobs.
#[derive(ToSchema)]
#[schema(as = JobPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// From the newest on.
    items: Vec<job::Described>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    items: &'a [Job],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    state: Option<State>,
    limit: usize,
    cursor: Option<String>,
}

/// Jobs
///
/// All of them for who may read all, a customer's for who may read those, else the caller's own.
#[utoipa::path(get, path = "/v2/permission/job", tag = "jobs", params(Params),
    responses((status = 200, description = "A page of jobs.", body = Described), Problems))]
pub(super) async fn jobs(call: Call, query: Query) -> Result<Response, Problem> {
    let asked = query.read(read)?;
    let page = call.cluster.jobs(&call.caller, asked.state, asked.limit, asked.cursor.as_deref()).await?;
    Ok(json(StatusCode::OK, &Page { items: &page.items, next_cursor: page.next_cursor.as_deref() }))
}

pub(super) fn read(fields: &mut Fields<'_>) -> Option<Asked> {
    let state = fields.string("state").map(|word| {
        let known = STATES.into_iter().find(|state| state.as_str() == word);
        if known.is_none() {
            let states = STATES.map(State::as_str).join("`, `");
            fields.wrong("state", format!("`{}` is no state: `{states}` are", quoted(&word)));
        }
        known
    });
    let limit = limit(fields, LIST_BOUND).map(usize::from);
    let cursor = fields.string("cursor");
    Some(Asked { state: state.flatten(), limit: limit?, cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Option<Asked> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Query(pairs.collect()).read(read).ok()
    }

    #[test]
    fn every_state_can_be_asked_for_and_nothing_else() {
        assert_eq!(asked(&[]), Some(Asked { state: None, limit: 100, cursor: None }));
        for state in STATES {
            assert_eq!(asked(&[("state", state.as_str())]).unwrap().state, Some(state));
        }
        for wrong in
            [("state", "Done"), ("state", ""), ("limit", "0"), ("limit", "1001"), ("limit", "x"), ("page", "1")]
        {
            assert_eq!(asked(&[wrong]), None, "{wrong:?}");
        }
        assert_eq!(asked(&[("limit", "1000"), ("cursor", "c")]).unwrap().limit, 1_000);
    }
}
