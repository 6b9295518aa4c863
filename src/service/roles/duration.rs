//! How long a temporary grant lasts, as ISO 8601 writes it.

use crate::json::quoted;
use jiff::fmt::temporal::SpanParser;
use jiff::{Span, SpanRelativeTo};
use std::time::Duration;

static PARSER: SpanParser = SpanParser::new();

/// The longest that is allowed, as errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Longest(pub Duration);

/// Reads a duration such as `P7D` or `PT1H30M`: more than nothing, at most `longest`, without years and months, whose
/// length varies. A day has 24 hours. What is finer than a microsecond is cut off.
///
/// # Errors
/// What is wrong and what to do.
pub fn read_duration(text: &str, longest: Longest) -> Result<Duration, String> {
    let shown = quoted(text);
    let span = PARSER.parse_span(text).map_err(|_| {
        format!("`{shown}` is no duration as ISO 8601 writes it: send something like `P7D` or `PT1H30M`")
    })?;
    if has_years_or_months(span) {
        return Err(format!("`{shown}` has years or months, whose length varies: say it in days"));
    }
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let exact = exact.map_err(|_| format!("`{shown}` is too long: {}", longest.words()))?;
    let micros = u64::try_from(exact.as_micros()).unwrap_or_default();
    if micros == 0 {
        return Err(format!("`{shown}` is no time at all: a grant lasts longer than nothing"));
    }
    let duration = Duration::from_micros(micros);
    if duration > longest.0 { Err(format!("`{shown}` is too long: {}", longest.words())) } else { Ok(duration) }
}

/// Whether it says any, be it none of them: `P0Y`.
fn has_years_or_months(span: Span) -> bool {
    span.get_years() != 0 || span.get_months() != 0
}

impl Longest {
    fn words(self) -> String {
        let seconds = self.0.as_secs();
        let (count, unit) = match seconds {
            0..3_600 => (seconds, "seconds"),
            3_600..86_400 => (seconds / 3_600, "hours"),
            _ => (seconds / 86_400, "days"),
        };
        format!("at most {count} {unit} are allowed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MONTH: Longest = Longest(Duration::from_hours(30 * 24));

    #[test]
    fn durations_are_read_as_iso_8601_writes_them() {
        for (text, seconds) in [
            ("PT1S", 1.0),
            ("PT0.5S", 0.5),
            ("PT0,5S", 0.5),
            ("PT1H30M", 5_400.0),
            ("P1D", 86_400.0),
            ("P1DT12H", 129_600.0),
            ("P2W", 1_209_600.0),
            ("P30D", 2_592_000.0),
            ("PT720H", 2_592_000.0),
            ("PT0.000001S", 0.000_001),
        ] {
            assert_eq!(read_duration(text, MONTH), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_by_name() {
        let long = "P".repeat(10_000);
        for text in [
            "",
            "1h",
            "1 hour",
            "P",
            "PT",
            "P1M",
            "P1Y",
            "P1Y2D",
            "PT0S",
            "P0D",
            "-PT1S",
            "PT-1S",
            "P31D",
            "PT720H1S",
            "PT0.0000001S",
            "P99999999999D",
            "pt",
            "60",
            "PT1S ",
            "\0",
            &long,
        ] {
            let refused = read_duration(text, MONTH);
            assert!(refused.is_err(), "{text}: {refused:?}");
        }
        assert!(read_duration("P31D", MONTH).unwrap_err().contains("at most 30 days"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = read_duration(&text, MONTH);
        }

        #[test]
        fn whole_seconds_are_exact(seconds in 1_u64..=2_592_000) {
            prop_assert_eq!(read_duration(&format!("PT{seconds}S"), MONTH), Ok(Duration::from_secs(seconds)));
        }
    }
}
