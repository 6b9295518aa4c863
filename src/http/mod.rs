//! The API over HTTP: the one room that knows methods, headers, statuses and how JSON is spelled on the wire.
//!
//! Here live the endpoints, one file each with its tests (`v2/permission/check.rs`), the readers of what clients send
//! ([`question`](v2), bodies, query strings), the one table of errors ([`Kind`]), the layer around all routes
//! (`outer`), the OpenAPI document, which comes from the same macro as the router, and the server's loop ([`serve`]).
//!
//! What must not be here: who may do what, and what an answer is made from (`service`); SQL; the index.
//! Who calls: `cli`, which makes an [`App`] and serves its [`router`].

mod accept;
mod answer;
mod app;
mod body;
mod call;
mod counts;
mod instant;
mod kind;
mod openapi;
mod ops;
mod outer;
mod problem;
mod query;
mod refusal;
mod request;
mod router;
mod serve;
mod v1;
mod v2;
mod write;

pub use app::{App, Settings};
pub use kind::Kind;
pub use openapi::openapi;
pub use problem::Problem;
pub use request::RequestInfo;
pub use router::{metrics_router, router};
pub use serve::{Limits, serve};

#[cfg(test)]
mod tests;
