//! PostgreSQL: who was given what, in tables. A file per table family, each with the queries that touch it.
//!
//! Here live the connection pool, the migrations, the private cluster and the queries. No decisions about
//! permissions (`domain`), no index (`index`), no HTTP. Called by `service`, `refresh` and `cli`.

pub mod actions;
pub mod affected;
pub mod assignments;
pub mod audit;
pub mod directory;
mod error;
pub mod groups;
pub mod migrate;
pub mod names;
pub mod policies;
pub mod pool;
pub mod private;
pub mod records;
pub mod snapshot;
pub mod users;

pub use error::{StoreError, Unreadable, is_away};

/// Every statement of the request and refresh paths, by name: `tests/it/explain.rs` fails on one that scans a
/// large table.
#[must_use]
pub fn statements() -> Vec<(&'static str, &'static str)> {
    vec![
        ("snapshot", snapshot::SQL),
        ("affected page", affected::PAGE_SQL),
        ("affected count", affected::COUNT_SQL),
        ("affected any", affected::ANY_SQL),
        ("everyone estimate", affected::ESTIMATE_SQL),
        ("assign", assignments::ASSIGN_SQL),
        ("remove", assignments::REMOVE_SQL),
        ("lock assignment", assignments::LOCK_SQL),
        ("audit", audit::INSERT_SQL),
        ("directory by id", directory::BY_ID_SQL),
        ("directory by organization", directory::BY_ORGANIZATION_SQL),
        ("user", users::FIND_SQL),
        ("user's organization", users::ORGANIZATION_SQL),
        ("actions by model", actions::BY_MODEL_SQL),
        ("policy statements", policies::STATEMENTS_SQL),
        ("group", groups::CUSTOMER_SQL),
        ("models", actions::MODELS_SQL),
        ("names", names::SQL),
        ("audit refused", audit::REFUSED_SQL),
        ("lock customers", records::customers::LOCK_SQL),
        ("customer uses", records::customers::USES_SQL),
        ("role by name", records::roles::LIVING_ID_SQL),
        ("living role", records::roles::LIVING_SQL),
        ("role by id", records::roles::BY_ID_SQL),
        ("roles", records::roles::LIST_SQL),
        ("role grants", records::roles::GRANTS_SQL),
        ("role is held", records::roles::IS_HELD_SQL),
        ("role's users move", records::roles::MOVE_SQL),
        ("purge roles", records::roles::PURGE_SQL),
        ("tidy grants", records::temporary_grants::TIDY_SQL),
        ("group uses", records::groups::USES_SQL),
        ("group gives", records::groups::GIVES_SQL),
        ("members", records::members::LIST_SQL),
        ("member strangers", records::members::STRANGERS_SQL),
        ("lock members", records::members::LOCK_SQL),
        ("replace members", records::members::REPLACE_SQL),
        ("policy uses", records::policies::USES_SQL),
        ("policy holders", records::policies::HOLDERS_SQL),
        ("freed id", records::freed::IS_FREED_SQL),
        ("next user id", records::freed::IdKind::User.next_sql()),
    ]
}
