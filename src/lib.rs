//! permdex, a permission evaluation service: may this user do this, what may this user do, and who may do this.
//!
//! `docs/ARCHITECTURE.md` draws the rooms and the flow of one write and one read. The arrows between the
//! modules (`domain` <- `store`, `index` <- `refresh`, `service` <- `http` <- `cli`; `queue` depends on
//! nothing of ours) are a test over `use` lines: `tests/it/rooms.rs`.

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod http;
pub mod index;
pub mod json;
pub mod queue;
pub mod refresh;
pub mod service;
pub mod store;
pub mod telemetry;
