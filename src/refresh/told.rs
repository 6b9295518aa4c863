//! What the log calls a claim: whatever is logged while it is worked on names its jobs and their traces.

use crate::queue::Claim;
use std::collections::BTreeSet;
use std::fmt;
use tracing::{Span, error_span};

/// So many jobs and traces of a claim are named: it may have 512.
const NAMED: usize = 8;

/// A span for the work on `claim`, with `job.id` and `trace.id`: several with commas between them, at most 8 of each.
pub(super) fn span(claim: &Claim) -> Span {
    let ids = Listed(claim.jobs.iter().map(|job| job.id).collect());
    let traces = Listed(claim.jobs.iter().filter_map(|job| job.trace).collect());
    error_span!("claim", job.id = %ids, trace.id = %traces)
}

/// Each once.
struct Listed<T>(BTreeSet<T>);

impl<T: fmt::Display> fmt::Display for Listed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.0.iter().take(NAMED).enumerate() {
            write!(f, "{}{one}", if at == 0 { "" } else { "," })?;
        }
        if self.0.len() > NAMED { f.write_str(",…") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Listed;

    #[test]
    fn a_claim_of_many_jobs_names_the_first_of_them() {
        let listed = |count: u8| Listed((0..count).collect()).to_string();
        assert_eq!([listed(0), listed(1), listed(3)], ["", "0", "0,1,2"]);
        assert_eq!((listed(8), listed(200)), ("0,1,2,3,4,5,6,7".to_owned(), "0,1,2,3,4,5,6,7,…".to_owned()));
    }
}
