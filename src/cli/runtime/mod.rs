//! Assembly: the rooms put together into a running process, and taken apart in reverse.
//!
//! [`assemble`] is one database with its index and workers; the commands and the tests stand on the same one.

mod assembly;
mod index;

pub use assembly::{Assembly, Inputs, assemble};
pub(super) use index::engine;
