//! What a comparison found, as the readers of its job see it.

use super::compare::{Finding, Kind};
use crate::domain::{Difference, Effort, UserId};
use serde::Serialize;

/// So many users are described.
const MOST_EXAMPLES: usize = 100;
/// So much of what a user has too much of, and of what he lacks.
const MOST_PAIRS: usize = 20;
/// So many comparisons of patterns a user: milliseconds.
const COMPARISONS: usize = 1_000_000;

/// The `result` of a job of the kind `verify`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Users compared.
    pub users: i64,
    /// Users whose document differs, and was not mended.
    pub differences: usize,
    /// Users whose document was mended, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired: Option<usize>,
    /// The first of those that differed.
    pub examples: Vec<Example>,
}

/// How one user's document differed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Example {
    user_id: UserId,
    kind: Kind,
    /// The version that the index has.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// Which fields differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<&'static str>,
    /// What the index gives and the database does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_index_only: Vec<String>,
    /// What the database gives and the index does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_database_only: Vec<String>,
}

impl Report {
    /// Notes that the document of `finding` differs.
    pub(super) fn differs(&mut self, finding: &Finding, now: i64) {
        self.differences += 1;
        if self.examples.len() < MOST_EXAMPLES {
            self.examples.push(Example::of(finding, now));
        }
    }

    /// Sorts the examples, so that two runs say the same.
    pub(super) fn sort(&mut self) {
        self.examples.sort_by_key(|example| example.user_id);
    }
}

impl Example {
    fn of(finding: &Finding, now: i64) -> Self {
        let nothing = || crate::index::Document::empty(finding.user, finding.wanted.permissions.customer, 0);
        let kept = finding.kept.as_deref().cloned().unwrap_or_else(nothing);
        let effort = Effort { pairs: MOST_PAIRS, comparisons: COMPARISONS };
        let difference = Difference::between(&kept.permissions, &finding.wanted.permissions, now, effort);
        let words = |pairs: &std::collections::BTreeSet<_>| pairs.iter().map(ToString::to_string).collect();
        Self {
            user_id: finding.user,
            kind: finding.kind,
            version: finding.version,
            fields: finding.fields(now),
            in_index_only: words(&difference.losses),
            in_database_only: words(&difference.gains),
        }
    }
}
