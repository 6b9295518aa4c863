//! What jobs do: carrying changes from PostgreSQL into the index (design section 6).
//!
//! A worker claims jobs, walks the users they affect in pages, and per page takes a version, then a snapshot,
//! evaluates and writes. What is written becomes visible, and only then are the jobs done. Here live the worker,
//! the page, the walk, the settling, the full build of a generation and the tidying. Nothing here knows HTTP or
//! callers; `cli` starts it, `service` only enqueues.

mod build;
mod compare;
mod complete;
mod context;
mod counts;
mod engine_lock;
mod error;
mod expiry;
mod generations;
mod in_flight;
mod leases;
mod page;
mod patience;
mod poison;
mod precedence;
mod ready;
mod report;
mod run;
mod scopes;
mod settle;
pub mod supervise;
mod tidy;
mod told;
mod verify;
mod versions;
mod walk;
mod worker;

pub use context::{Context, Settings};
pub use engine_lock::{EngineLock, LockError};
pub use error::RefreshError;
pub use expiry::tidy as tidy_expired;
pub use precedence::Precedence;
pub use run::{Refresher, start};
pub use versions::KnownServer;
