//! Durations as people write them: `500ms`, `30s`, `5m`, `1h`, `30d`. A `serde(with)` module and two functions.

use jiff::SpanRelativeTo;
use jiff::fmt::friendly::SpanParser;
use serde::{Deserialize as _, Deserializer, Serializer};
use std::time::Duration;

/// Reads a duration: whole milliseconds, not negative, no months or years.
///
/// # Errors
/// A sentence that quotes `text` and says how to write it.
pub fn parse(text: &str) -> Result<Duration, String> {
    let refuse = || format!("`{text}` is not a duration: write it like `30s`, `5m`, `1h` or `30d`");
    let span = SpanParser::new().parse_span(text).map_err(|_| refuse())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(format!("`{text}` has months or years, whose length varies: write days, like `30d`"));
    }
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| refuse())?;
    let duration = Duration::try_from(signed).map_err(|_| format!("`{text}` is negative: write it like `30s`"))?;
    if duration.subsec_nanos() % 1_000_000 != 0 {
        return Err(format!("`{text}` is finer than a millisecond: write it like `500ms`"));
    }
    Ok(duration)
}

/// Writes a duration in the largest unit that divides it: `30s`, `90s`, `30d`. What [`parse`] reads back.
#[must_use]
pub fn format(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_millis() != 0 {
        return format!("{}ms", duration.as_millis());
    }
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let fitting = units.into_iter().find(|(size, _)| seconds != 0 && seconds.is_multiple_of(*size));
    fitting.map_or_else(|| format!("{seconds}s"), |(size, unit)| format!("{}{unit}", seconds / size))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(input)?).map_err(serde::de::Error::custom)
}

pub(super) fn serialize<S: Serializer>(duration: &Duration, output: S) -> Result<S::Ok, S::Error> {
    output.serialize_str(&format(*duration))
}

#[cfg(test)]
mod tests {
    use super::{format, parse};
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn a_duration_reads_as_written() {
        let cases = [("30s", 30), ("5m", 300), ("1h", 3_600), ("30d", 2_592_000), ("1h 30m", 5_400), ("1w", 604_800)];
        for (text, seconds) in cases {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn nonsense_is_refused_and_quoted() {
        for text in ["", "30", "s", "30 parsecs", "-5s", "5s ago", "1mo", "1y", "PT5S", "1us", "99999999999999d"] {
            let refusal = parse(text).expect_err(text);
            assert!(refusal.contains(&format!("`{text}`")), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0_u64..10_000_000_000) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in ".{0,24}") {
            let _ = parse(&text);
        }
    }
}
