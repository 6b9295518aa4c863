//! An error with its causes, in one line.

use std::error::Error;
use std::fmt::Write as _;

/// Longer chains are cut: no error of ours has so many, and one that is its own source would never end.
const DEEPEST: usize = 32;
/// Longer lines are cut: a cause may quote whatever a server sent.
const LONGEST: usize = 8 * 1024;

/// `error: cause: cause of the cause`, for logs. Control characters become spaces, so that nothing an error quotes can
/// look like a line of its own; at most 8 KiB.
///
/// ```
/// let error = std::io::Error::other("the disk is gone");
/// assert_eq!(permdex::telemetry::chain(&error), "the disk is gone");
/// ```
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes.take(DEEPEST) {
        // Writing to a String can't fail.
        let _ = write!(line, ": {cause}");
    }
    if line.len() > LONGEST {
        line.truncate(line.floor_char_boundary(LONGEST));
        line.push('…');
    }
    line.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::chain;
    use thiserror::Error;

    #[derive(Debug, Error)]
    #[error("{text}")]
    struct Link {
        text: String,
        #[source]
        cause: Option<Box<Link>>,
    }

    fn link(text: impl Into<String>, cause: Option<Link>) -> Link {
        Link { text: text.into(), cause: cause.map(Box::new) }
    }

    #[test]
    fn every_cause_is_on_the_one_line() {
        let error =
            link("job `7` failed", Some(link("no\nanswer\r\u{1b}[31m", Some(link("connection refused", None)))));
        assert_eq!(chain(&error), "job `7` failed: no answer  [31m: connection refused");
    }

    #[test]
    fn a_line_has_an_end() {
        let long = (0..100).fold(link("end", None), |cause, at| link(format!("cause {at}"), Some(cause)));
        assert!(!chain(&long).contains("end"));
        assert!(chain(&link("ä".repeat(10_000), None)).len() <= 8 * 1024 + 3);
    }
}
