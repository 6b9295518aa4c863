//! What the tests stand on: real servers, started and ended here. No test lives here but those of the support itself.

pub mod app;
pub mod cache;
pub mod converged;
pub mod database;
pub mod dataset;
pub mod elastic;
pub mod gatekeeper;
pub mod guarded;
pub mod line_up;
pub mod losing;
pub mod organization;
pub mod postgres;
pub mod process;
pub mod schemathesis;
pub mod shown;
pub mod signals;
pub mod stalling;
pub mod way;
