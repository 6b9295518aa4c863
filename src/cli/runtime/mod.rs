//! Assembly: the rooms put together into a running process, and taken apart in reverse.
//!
//! [`assemble`] is one database with its index and workers, [`assemble_later`] one that may not be there yet; the
//! commands and the tests stand on the same ones.

mod assembly;
mod index;

pub use assembly::{Assembly, Inputs, Opened, assemble, assemble_later};
pub(super) use index::engine;
