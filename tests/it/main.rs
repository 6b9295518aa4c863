//! Everything that needs more than one room: real servers, whole processes, and the house's own rules. One binary,
//! so that it is linked once and the servers are started once.

mod administration;
mod affected;
mod assignments;
mod campaign;
mod clusters;
mod commands;
mod conformance;
mod elastic_index;
mod embedded_index;
mod explain;
mod faults;
mod filling;
mod import;
mod import_beside;
mod instances;
mod observability;
mod openapi;
mod openapi_calls;
mod pressure;
mod private_cluster;
mod promises;
mod queue;
mod rebuilding;
mod roles;
mod rooms;
mod routes;
mod secured;
mod service;
mod settings;
mod snapshot;
mod support;
