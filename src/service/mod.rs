//! Use cases: what people and programs want done. No HTTP types here; called by `http` and `cli`.

pub mod export;
pub mod generate;
pub mod import;
