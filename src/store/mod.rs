//! PostgreSQL: who was given what, in tables. A file per table family, each with the queries that touch it.
//!
//! Here live the connection pool, the migrations, the private cluster and the queries. No decisions about
//! permissions (`domain`), no index (`index`), no HTTP. Called by `service`, `refresh` and `cli`.

pub mod migrate;
pub mod pool;
pub mod private;
