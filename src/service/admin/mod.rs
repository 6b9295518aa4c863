//! Administration: customers, users, security groups, policies, the action catalogue, the audit log.
//!
//! Each write is judged, made, told of in the audit log and enqueued in one transaction ([`writing`]). What may be
//! seen is judged by the index, what may be changed by PostgreSQL. Called by `http/v2`; rows are `store::records`.

mod actions;
mod audit_log;
mod customers;
mod deletion;
mod difference;
mod groups;
mod members;
mod page;
mod policies;
mod precondition;
mod preview;
mod refused;
mod thing;
mod users;
mod writing;

pub use crate::store::actions::ActionEntry;
pub use crate::store::audit::{AuditFilter, AuditRow};
pub use crate::store::records::customers::Customer;
pub use crate::store::records::groups::SecurityGroup;
pub use crate::store::records::policies::{PolicyContent, PolicyRecord};
pub use crate::store::records::users::UserRecord;
pub use audit_log::AuditQuestion;
pub use customers::{CustomerQuestion, NewCustomer};
pub use deletion::Deletion;
pub use groups::{GroupQuestion, NewGroup};
pub use members::{MAX_MEMBERS, Membership, Replacement};
pub use page::{MAX_LIMIT, Page, Paging};
pub use policies::{NewPolicy, PolicyQuestion};
pub use precondition::{Precondition, etag};
pub use users::{NewUser, UserQuestion};
pub(super) use writing::{Touches, Writing};

use super::written::Written;

/// What a `POST` or `PUT` made.
#[derive(Debug)]
pub struct Put<T> {
    /// How it stands.
    pub written: Written,
    /// The thing as it is now.
    pub record: T,
    /// Whether it was not there before.
    pub created: bool,
}
