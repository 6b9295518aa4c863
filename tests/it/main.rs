//! Everything that needs more than one room: real servers, whole processes, and the house's own rules. One binary,
//! so that it is linked once and the servers are started once.

mod administration;
mod affected;
mod assignments;
mod clusters;
mod commands;
mod conformance;
mod elastic_index;
mod embedded_index;
mod explain;
mod filling;
mod import;
mod openapi;
mod private_cluster;
mod promises;
mod queue;
mod rooms;
mod routes;
mod service;
mod snapshot;
mod support;
