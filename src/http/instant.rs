//! Instants as answers have them.

use jiff::Timestamp;
use serde::Serializer;

/// Microseconds since 1970 as RFC 3339 in UTC: `2027-01-01T00:00:00Z`, with a fraction where there is one.
pub(super) fn text(micros: i64) -> String {
    // Beyond the year 9999 there is no text: as late (or early) as there is one.
    let edge = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(edge).to_string()
}

/// Writes microseconds since 1970.
#[expect(clippy::ref_option, reason = "serde's signature")]
pub(super) fn optional<S: Serializer>(micros: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match micros {
        Some(micros) => serializer.serialize_str(&text(*micros)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn an_instant_has_as_many_digits_as_it_needs() {
        assert_eq!(text(1_798_761_600_000_000), "2027-01-01T00:00:00Z");
        assert_eq!(text(1_798_761_600_120_000), "2027-01-01T00:00:00.12Z");
        assert_eq!(text(1_798_761_600_000_001), "2027-01-01T00:00:00.000001Z");
        assert!(text(i64::MAX).starts_with("9999-12-") && text(i64::MIN).starts_with('-'));
    }
}
