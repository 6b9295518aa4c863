//! P9, case by case: what callers see while something is away, slow or refuses, that nothing which was accepted gets lost,
//! and that everything is as before afterwards without a restart. Real processes, a real PostgreSQL and a real
//! Elasticsearch; what stands between them is in `support::{way, gatekeeper}`.

mod database;
mod embedded;
mod index;
mod poison;
mod restored;
mod seen;
mod stand;
