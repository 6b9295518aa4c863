//! Jobs in PostgreSQL: the index work that a write leaves behind, and whoever waits for it.
//!
//! A job row is committed together with the change it belongs to ([`enqueue`]), claimed under a lease by a
//! worker ([`claim`]), and ended by the attempt that claimed it ([`finish`], [`finish_failed`]). Every update
//! after the claim names the claim's token and is refused once another attempt has the row: whatever stalls,
//! dies or runs twice, a job ends only by its latest attempt and none is lost. Leases run by the database's
//! clock, never by a process's.
//!
//! What must not be here: permissions, users' data, the index. A scope is JSON that only the caller reads.
//! Who calls: `service` (enqueue, wait, read, cancel, retry), `refresh` (claim to finish), `cli` and `http`
//! through them.
//!
//! NOTIFY only makes things fast: workers also poll, waiters are also looked up once a second, and the pending
//! hints are loaded anew after each lost connection.

mod cancel;
mod claim;
mod claim_sql;
mod cut_off;
mod enqueue;
mod error;
mod finish;
mod job;
mod lease;
mod listen;
mod message;
mod overview;
mod pace;
mod pending;
mod purge;
mod read;
mod reap;
mod retry;
mod signals;
mod status;
mod tuned;
mod unfinished;
mod waiters;
mod wake;

pub use cancel::{Cancelled, cancel};
pub use claim::{Claim, ClaimRequest, ClaimedJob, Turn, claim};
pub use cut_off::cut_off_users;
pub use enqueue::{Joined, enqueue, enqueue_done, join_or_enqueue};
pub use error::QueueError;
pub use finish::{Ended, EndedJob, Finished, finish, finish_failed, finish_failed_some, finish_with_result};
pub use job::{JobId, Kind, Lane, NewJob, State};
pub use lease::{Fenced, Progress, give_back, heartbeat, hold, progress, release};
pub use listen::listen;
pub use overview::{BuildOverview, COUNTED, LaneOverview, Overview, overview};
pub use pending::{PENDING_BOUND, Pending};
pub use purge::{RETENTION, purge};
pub use read::{Job, JobFilter, LIST_BOUND, get, list};
pub use reap::{Reaped, reap, take_over};
pub use retry::{Retried, retry};
pub use signals::Signals;
pub use status::{Status, status, unfinished};
pub use tuned::tuned;
pub use unfinished::{Unfinished, unfinished_writes};
pub use waiters::{TooManyWaiters, WAITERS_BOUND, Waiters, Waiting};
pub use wake::{Desk, Wake};
