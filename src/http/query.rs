//! Reading query strings: strictly percent-encoded UTF-8, every parameter known.

use super::kind::Kind;
use super::problem::Problem;
use crate::json::{Errors, Fields};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::ops::RangeInclusive;

/// More parameters are refused.
const MAX_PARAMETERS: usize = 100;

/// A page's size when none is asked for.
const DEFAULT_LIMIT: u16 = 100;

/// The parameters of a query string, in its order.
#[derive(Debug, Default)]
pub(super) struct Query(pub Vec<(String, String)>);

/// A request that has no parameters: any is an error by name.
#[derive(Debug)]
pub(super) struct NoQuery;

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.uri.query().map_or_else(|| Ok(Self::default()), Self::parse)
    }
}

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(query) = parts.uri.query() else {
            return Ok(Self);
        };
        Query::parse(query)?.read(|_| Some(Self))
    }
}

impl Query {
    fn parse(text: &str) -> Result<Self, Problem> {
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MAX_PARAMETERS {
                return Err(Problem::wrong("", format!("more than {MAX_PARAMETERS} parameters are given")));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Self(pairs))
    }

    /// Reads the known parameters; all that is wrong, and every unknown one, is an error.
    pub(super) fn read<T>(self, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Problem> {
        self.read_repeated(&[], read)
    }

    /// The same, where each of `repeated` may be given any number of times.
    pub(super) fn read_repeated<T>(
        self,
        repeated: &[&str],
        read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
    ) -> Result<T, Problem> {
        let mut errors = Errors::default();
        let mut fields = Fields::query_repeated(self.0, repeated, &mut errors);
        let value = read(&mut fields);
        fields.finish();
        Ok(errors.check(value)?)
    }
}

/// Reads `limit`, a page's size: 1 to `most`, 100 when it is left out.
pub(super) fn limit(fields: &mut Fields<'_>, most: u16) -> Option<u16> {
    limit_within(fields, 1..=most, DEFAULT_LIMIT)
}

/// Reads `limit`, a page's size within `bounds`; `default` when it is left out.
pub(super) fn limit_within(fields: &mut Fields<'_>, bounds: RangeInclusive<u16>, default: u16) -> Option<u16> {
    let Some(limit) = fields.integer("limit") else { return Some(default) };
    let fits = u16::try_from(limit).ok().filter(|limit| bounds.contains(limit));
    if fits.is_none() {
        fields.wrong("limit", format!("`{limit}` is no page size: {} to {} are", bounds.start(), bounds.end()));
    }
    fits
}

/// `+` is a space, `%XX` a byte; the bytes are UTF-8.
fn decode(text: &str) -> Result<String, Problem> {
    let wrong = |why: &str| {
        let shown = crate::json::quoted(text);
        Problem::new(Kind::BadRequest, format!("`{shown}` in the query {why}: percent-encode it as UTF-8"))
    };
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next().and_then(hex), rest.next().and_then(hex));
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or_else(|| wrong("has a `%` without two digits"))?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_decoded() {
        let Query(pairs) = Query::parse("a=1&b=%C3%A4+x&&c&d=%3d=").unwrap();
        let wanted = [("a", "1"), ("b", "ä x"), ("c", ""), ("d", "==")];
        assert_eq!(pairs, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_no_utf_8_is_a_bad_request() {
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "%ff=1", "a=%C3"] {
            assert_eq!(Query::parse(bad).unwrap_err().kind(), Kind::BadRequest, "{bad}");
        }
    }

    #[test]
    fn an_unknown_parameter_and_one_given_twice_are_errors_by_name() {
        let read = |text: &str| {
            let problem = Query::parse(text).unwrap().read(|fields| fields.integer("a")).unwrap_err();
            (problem.kind(), String::from_utf8(problem.body("r")).unwrap())
        };
        let (kind, body) = read("a=1&b=2");
        assert!(kind == Kind::UnknownField && body.contains("/b") && body.contains("`a`"), "{body}");
        assert_eq!(read("a=1&a=2").0, Kind::Invalid);
        assert_eq!(read("a=1x").0, Kind::Invalid);
        assert!(Query::parse(&"a&".repeat(101)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in any::<String>()) {
            let encoded = text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02x}"));
            prop_assert_eq!(decode(&encoded).unwrap(), text);
        }

        #[test]
        fn no_query_panics(text in ".{0,40}") {
            let _ = Query::parse(&text);
        }
    }
}
