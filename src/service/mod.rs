//! The use cases: what a caller may ask and change, without a word of HTTP.
//!
//! Here lives the way from a caller and a question to an answer: who may ask ([`Caller`], [`Right`], [`Own`]),
//! where the answer comes from (the index; PostgreSQL when the index can't answer, see [`Source`]), and what a
//! write leaves behind (the change, an audit row, a job). [`Cluster`] is one database with its index, [`Clusters`] are
//! all of them.
//!
//! What must not be here: HTTP types, SQL text (`store`, `queue`), the decision itself (`domain`).
//! Who calls: `http`, one endpoint a use case; `cli` imports, exports and generates ([`import`], [`export`],
//! [`generate`]).

pub mod admin;
mod after;
mod ask;
mod assign;
mod caller;
mod catalogue;
mod check;
mod cluster;
mod clusters;
mod counts;
mod current;
mod cursor;
mod debug;
mod directory;
mod document;
mod elsewhere;
mod error;
mod explain;
pub mod export;
mod fallback;
pub(crate) mod fields;
mod gauges;
pub mod generate;
mod health;
mod hint;
pub mod import;
mod jobs;
mod judge;
mod list;
mod preview;
mod question;
mod reach;
mod ready;
mod rebuild;
mod right;
pub mod roles;
mod stream;
mod verify;
mod who_has;
mod written;

pub use crate::store::assignments::Target;
pub use assign::{AssignRequest, Change};
pub use caller::{Caller, UserCaller};
pub use catalogue::CatalogueAction;
pub use check::{CheckAnswer, CheckQuestion, Decisions};
pub use cluster::{Cluster, Limited, Parts, Settings};
pub use clusters::{Clusters, DEFAULT_CLUSTER, Wish};
pub use cursor::{Cursor, CursorError};
pub use directory::Directory;
pub use document::{Found, Source};
pub use elsewhere::Elsewhere;
pub use error::{Cause, RETRY_AFTER, ServiceError};
pub use explain::{ExplainAnswer, ExplainQuestion};
pub use gauges::WorkerPool;
pub use health::{Dependency, Health, Outage, Readiness};
pub use jobs::JobPage;
pub use list::{ListAnswer, ListQuestion};
pub use preview::{MAX_PREVIEWED, MAX_PREVIEWED_PAIRS, Preview, UserDifference};
pub use question::{MAX_ATTRIBUTES, MAX_RESOURCES_ASKED};
pub use rebuild::RebuildScope;
pub use right::{Own, Right};
pub use stream::WhoHasStream;
pub use who_has::{DEFAULT_LIMIT, WhoHasAnswer, WhoHasQuestion};
pub use written::{Completion, Told, WriteContext, Written};
