//! The whole room on a real service and the embedded index, without a database: what needs one is under `tests/it`.

pub(super) mod app;
mod callers;
mod documents;
mod errors;
mod logs;
mod operations;
mod questions;
