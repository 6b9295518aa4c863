//! Reading jobs: one, or a list from the newest on.

use super::pace::Pace;
use super::{JobId, Kind, QueueError, State};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Postgres, QueryBuilder, Row};

/// The most jobs a list returns.
pub const LIST_BOUND: u16 = 1_000;

/// `PostgreSQL`'s instants, as microseconds since 1970: exact, where a float would not be.
const COLUMNS: &str =
    "id, kind, state, scope, customer_id, actor, processed, total, attempts, error, result, processed_before,
    (extract(epoch from clock_timestamp() - started_at) * 1000000)::bigint as ran,
    (extract(epoch from created_at) * 1000000)::bigint as created_at,
    (extract(epoch from started_at) * 1000000)::bigint as started_at,
    (extract(epoch from finished_at) * 1000000)::bigint as finished_at";

/// A job as its readers see it. Who may read it is for the caller to decide (`customer`, `actor`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: Kind,
    /// How far it is.
    pub state: State,
    /// Which users.
    pub scope: serde_json::Value,
    /// Users written.
    pub processed: i64,
    /// Users in all, once known.
    pub total: Option<i64>,
    /// Users written a second, while it runs and as far as can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users_per_second: Option<f64>,
    /// How long it will still take at that rate, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<f64>,
    /// How often it was begun.
    pub attempts: i32,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When its latest attempt began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Its tenant; not part of the answer.
    #[serde(skip)]
    pub customer: Option<i64>,
    /// Who caused it; not part of the answer.
    #[serde(skip)]
    pub actor: String,
}

/// Which jobs to list; what is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<State>,
    /// Of this tenant.
    pub customer: Option<i64>,
    /// Caused by this actor.
    pub actor: Option<String>,
}

/// The job, if it is (still) there.
///
/// # Errors
/// [`QueueError`].
pub async fn get(db: impl PgExecutor<'_>, id: JobId) -> Result<Option<Job>, QueueError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from jobs where id = ").push_bind(id.0);
    query.build().fetch_optional(db).await?.as_ref().map(read).transpose()
}

/// At most `limit` (and [`LIST_BOUND`]) jobs below `before`, newest id first. The last one's id is the next `before`:
/// pages neither lose nor repeat, whatever is enqueued meanwhile.
///
/// # Errors
/// [`QueueError`].
pub async fn list(
    db: impl PgExecutor<'_>,
    filter: &JobFilter,
    before: Option<JobId>,
    limit: u16,
) -> Result<Vec<Job>, QueueError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from jobs where true");
    if let Some(state) = filter.state {
        // Its own text, not a parameter: only so can the planner use the indexes of the rare states.
        query.push(" and state = '").push(state.as_str()).push("'");
        if state == State::Running {
            // The index of those that run.
            query.push(" and claim is not null");
        }
    }
    if let Some(customer) = filter.customer {
        query.push(" and customer_id = ").push_bind(customer);
    }
    if let Some(actor) = &filter.actor {
        query.push(" and actor = ").push_bind(actor);
    }
    if let Some(before) = before {
        query.push(" and id < ").push_bind(before.0);
    }
    query.push(" order by id desc limit ").push_bind(i64::from(limit.min(LIST_BOUND)));
    // Planned for its values each time: a plan for any limit walks all jobs.
    query.build().persistent(false).fetch_all(db).await?.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<Job, QueueError> {
    let instant = |column: &str| -> Result<Option<Timestamp>, QueueError> {
        Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
    };
    let state = State::parse(row.try_get("state")?)?;
    let (processed, total) = (row.try_get("processed")?, row.try_get("total")?);
    let pace = match row.try_get("ran")? {
        Some(ran) if state == State::Running => Pace::of(processed, row.try_get("processed_before")?, total, ran),
        _ => None,
    };
    Ok(Job {
        id: JobId(row.try_get("id")?),
        kind: Kind::parse(row.try_get("kind")?)?,
        state,
        scope: row.try_get("scope")?,
        processed,
        total,
        users_per_second: pace.map(|pace| pace.users_per_second),
        seconds_left: pace.and_then(|pace| pace.seconds_left),
        attempts: row.try_get("attempts")?,
        error: row.try_get("error")?,
        result: row.try_get("result")?,
        created_at: instant("created_at")?.unwrap_or(Timestamp::UNIX_EPOCH),
        started_at: instant("started_at")?,
        finished_at: instant("finished_at")?,
        customer: row.try_get("customer_id")?,
        actor: row.try_get("actor")?,
    })
}
