//! How fast a job is, and how long it will still take.

/// The pace of the latest attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// One digit behind the point.
    pub users_per_second: f64,
    /// `None` where it is not known how many there are.
    pub seconds_left: Option<f64>,
}

impl Pace {
    /// Of an attempt that began when `before` users were written, `ran` microseconds ago. `None` before it has written
    /// anybody.
    pub(super) fn of(processed: i64, before: i64, total: Option<i64>, ran: i64) -> Option<Self> {
        let (written, ran) = (processed.checked_sub(before)?, ran.max(1));
        if written <= 0 {
            return None;
        }
        let rate = float(written) * 1e6 / float(ran);
        let left = total.map(|total| float(total.saturating_sub(processed).max(0)) / rate);
        Some(Self { users_per_second: rounded(rate), seconds_left: left.map(rounded) })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate, of numbers far below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_latest_attempt() {
        let pace = Pace::of(6_000, 1_000, Some(10_000), 2_000_000);
        assert_eq!(pace, Some(Pace { users_per_second: 2_500.0, seconds_left: Some(1.6) }));
        assert_eq!(Pace::of(5, 0, None, 3_000_000), Some(Pace { users_per_second: 1.7, seconds_left: None }));
        // More than were counted at the start.
        assert_eq!(Pace::of(11, 0, Some(10), 1_000_000).and_then(|pace| pace.seconds_left), Some(0.0));
    }

    #[test]
    fn there_is_no_pace_before_the_first_user() {
        assert_eq!(Pace::of(1_000, 1_000, Some(10_000), 5), None);
        assert_eq!(Pace::of(0, 1_000, Some(10_000), 5), None);
        assert!(Pace::of(1, 0, Some(10), 0).is_some());
    }
}
