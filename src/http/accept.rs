//! Which form of an answer a client wants (`Accept`).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use std::cmp::Reverse;

/// The forms of a who-has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One page.
    Json,
    /// Everybody, an object a line.
    Ndjson,
    /// Everybody, a table.
    Csv,
}

/// In the order of our preference, by the names the header has for them.
const FORMS: [(Form, &str, &str); 3] =
    [(Form::Json, "application", "json"), (Form::Ndjson, "application", "x-ndjson"), (Form::Csv, "text", "csv")];
/// More media ranges are not read.
const MOST: usize = 50;

/// One media range: `text/*;q=0.5`.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths.
    quality: u16,
}

/// The form the header wants most. Of equally wanted ones the one that is named first, JSON before what a wildcard
/// stands for; JSON too when nothing we have is wanted, since an answer helps more than a refusal.
pub(super) fn form(headers: &HeaderMap) -> Form {
    let mut ranges = Vec::new();
    for line in headers.get_all(ACCEPT) {
        let line = line.to_str().unwrap_or_default();
        if matches!(line, "*/*" | "application/json") && headers.len() < 2 {
            return Form::Json;
        }
        ranges.extend(line.split(',').filter_map(range).take(MOST));
    }
    let wanted = FORMS.iter().filter_map(|(form, kind, subtype)| {
        // The most specific range decides (RFC 9110), whatever the others say.
        let matching = ranges.iter().enumerate().filter(|(_, range)| range.matches(kind, subtype));
        let (position, range) = matching.max_by_key(|(_, range)| range.specificity())?;
        let place = if range.specificity() == 2 { position } else { usize::MAX };
        (range.quality > 0).then_some((*form, range.quality, place))
    });
    wanted.min_by_key(|(_, quality, place)| (Reverse(*quality), *place)).map_or(Form::Json, |(form, _, _)| form)
}

impl Range<'_> {
    fn matches(&self, kind: &str, subtype: &str) -> bool {
        let one = |range: &str, name: &str| range == "*" || range.eq_ignore_ascii_case(name);
        one(self.kind, kind) && one(self.subtype, subtype)
    }

    fn specificity(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.subtype != "*")
    }
}

/// A range that can't be read is none.
fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = parts.next()?.split_once('/')?;
    let quality = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let quality = quality.map_or(Some(1_000), |(_, value)| thousandths(value.trim()))?;
    Some(Range { kind: kind.trim(), subtype: subtype.trim(), quality })
}

/// `0.5` is 500; at most three digits, at most 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || fraction.len() > 3 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number: u16 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (number <= 1_000).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lines: &[&str]) -> Form {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", "test".parse().unwrap());
        for line in lines {
            headers.append(ACCEPT, line.parse().unwrap());
        }
        form(&headers)
    }

    #[test]
    fn the_most_wanted_form_is_chosen() {
        for (lines, wanted) in [
            (&[][..], Form::Json),
            (&["*/*"], Form::Json),
            (&["application/*"], Form::Json),
            (&["text/csv"], Form::Csv),
            (&["TEXT/CSV ; header=present"], Form::Csv),
            (&["text/*"], Form::Csv),
            (&["application/x-ndjson"], Form::Ndjson),
            (&["text/csv, */*;q=0.8"], Form::Csv),
            (&["text/csv;q=0.5, application/json"], Form::Json),
            (&["text/csv;q=0.5, application/json;q=0.4"], Form::Csv),
            (&["application/x-ndjson, application/json"], Form::Ndjson),
            (&["application/json", "application/x-ndjson"], Form::Json),
            (&["application/json;q=0, */*"], Form::Ndjson),
            (&["text/csv;q=0, text/*;q=1, application/json;q=0.1"], Form::Json),
            (&["text/html, image/png"], Form::Json),
            (&["text/csv;q=loud"], Form::Json),
            (&["nonsense"], Form::Json),
        ] {
            assert_eq!(of(lines), wanted, "{lines:?}");
        }
    }

    #[test]
    fn a_quality_has_at_most_three_digits_and_is_at_most_one() {
        for (text, value) in [
            ("1", Some(1_000)),
            ("0.5", Some(500)),
            ("0.125", Some(125)),
            ("1.000", Some(1_000)),
            ("0.", Some(0)),
            ("1.001", None),
            ("2", None),
            ("0.1234", None),
            ("-1", None),
            ("", None),
            ("+.5", None),
        ] {
            assert_eq!(thousandths(text), value, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,60}") {
            of(&[&text]);
        }
    }
}
