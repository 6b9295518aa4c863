//! The things that are administered, as they are read, listed and written: a file each.
//!
//! Lists are put together from their filters, and planned for their values each time (`persistent(false)`): a plan kept
//! for any tenant and any limit would walk all tenants' rows to find a small one's.
//!
//! Here: rows and their statements. Whether a caller may, what a change gives and what it leaves behind are `service`'s,
//! which calls. What permissions mean is nobody's here.

pub mod actions;
pub mod customers;
pub mod freed;
pub mod groups;
pub mod members;
pub mod policies;
pub mod roles;
pub mod temporary_grants;
pub mod users;

use super::StoreError;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

/// The columns that every record ends with, as microseconds since 1970.
macro_rules! instants {
    ($table:literal) => {
        concat!(
            "(extract(epoch from ",
            $table,
            ".created_at) * 1000000)::bigint as created_at, (extract(epoch from ",
            $table,
            ".updated_at) * 1000000)::bigint as updated_at"
        )
    };
}
pub(in crate::store) use instants;

/// Whether a row is read to be changed: then nobody else changes it before the end of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Only read.
    No,
    /// `FOR NO KEY UPDATE`: rows that refer to it may come meanwhile.
    Update,
    /// `FOR UPDATE`: none may.
    Delete,
}

impl Lock {
    /// The end of the statement that reads the row.
    const fn clause(self) -> &'static str {
        match self {
            Self::No => "",
            Self::Update => " for no key update",
            Self::Delete => " for update",
        }
    }
}

/// Where in a list to read, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// After this id.
    pub after: i64,
    /// At most so many.
    pub limit: u16,
}

/// A row's instants.
fn instants_of(row: &PgRow) -> Result<(Timestamp, Timestamp), StoreError> {
    let instant = |column: &str| -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_microsecond(row.try_get(column)?).unwrap_or(Timestamp::UNIX_EPOCH))
    };
    Ok((instant("created_at")?, instant("updated_at")?))
}

/// What stands in the way of a deletion: words such as `users`, and how many there are.
pub type Uses = Vec<(&'static str, i64)>;

/// The uses that there are.
fn uses(row: &PgRow, words: &[&'static str]) -> Result<Uses, StoreError> {
    let mut all = Uses::new();
    for (index, word) in words.iter().enumerate() {
        let count: i64 = row.try_get(index)?;
        if count > 0 {
            all.push((word, count));
        }
    }
    Ok(all)
}
