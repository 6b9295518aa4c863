//! `debug`: what the index is asked, in the log.

use super::cluster::Cluster;
use crate::domain::UserId;
use crate::index::{QuestionTerms, Search, search_body};

/// A query is cut at so many bytes.
const MOST_BYTES: usize = 64 << 10;

impl Cluster {
    /// Logs the query of a who-has, as Elasticsearch takes it: the embedded engine answers the same one.
    pub(super) fn log_query(&self, search: &Search) {
        match QuestionTerms::of(search) {
            Ok(terms) => self.log(&search_body(search, &terms).to_string()),
            Err(error) => self.log(&error.to_string()),
        }
    }

    /// Logs what a check or a list asks the index: one document by its id.
    pub fn log_look_up(&self, user: UserId) {
        self.log(&format!("{{\"get\":{{\"_id\":\"{user}\",\"realtime\":true}}}}"));
    }

    fn log(&self, query: &str) {
        let cut = query.get(..query.floor_char_boundary(MOST_BYTES)).unwrap_or(query);
        tracing::info!(target: "permdex::query", cluster = %self.name, query = cut, "asking the index");
    }
}
