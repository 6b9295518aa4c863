//! Generalisation: the patterns that match a name, enumerated from the name alone.
//!
//! This is what makes "who may do this" a plain look-up of terms: no wildcard query, no scan.

use super::grammar::{MAX_WILDCARDS, Segments};
use super::kind::Kind;
use super::name::Name;

/// All patterns with at most `inner` wildcards before their last segment that match `name`, each once, in the
/// form in which patterns are kept (`acrn:*`, never `*`, for resources). At most 348 for a resource and 23 for
/// an action.
#[must_use]
pub fn generalisations<K: Kind>(name: &Name<K>, inner: usize) -> Vec<String> {
    let inner = inner.min(MAX_WILDCARDS);
    let segments: Vec<(u8, &str)> = Segments::of(name.as_str()).collect();
    // Prefixes of the name in which some segments are wildcards, each with how many.
    let mut open: Vec<(String, usize)> = vec![(String::new(), 0)];
    let mut all = Vec::new();
    for (index, (separator, segment)) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        let fixed = index == 0 && K::FIRST.is_some();
        let mut next = Vec::with_capacity(open.len() * 2);
        for (mut prefix, wildcards) in open {
            if *separator != 0 {
                prefix.push(char::from(*separator));
            }
            if !fixed {
                all.push(format!("{prefix}*"));
            }
            if !last && !fixed && wildcards < inner {
                next.push((format!("{prefix}*"), wildcards + 1));
            }
            prefix.push_str(segment);
            next.push((prefix, wildcards));
        }
        open = next;
    }
    all.extend(open.into_iter().map(|(pattern, _)| pattern));
    all
}
