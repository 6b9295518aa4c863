//! Reading bodies: bounded, `application/json`, strict.

use super::kind::Kind;
use super::problem::Problem;
use crate::json::{self, Errors, Fields, Node};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use std::time::Duration;

/// A body is at most so large, in bytes.
pub(super) const MAX_BODY: usize = 1 << 20;
/// So much of a body that is too large is read and thrown away: a client that is still sending would not see the answer.
const DRAINED: usize = 4 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// A list of members may be larger.
pub(super) const MAX_LIST_BODY: usize = 4 << 20;

/// A body that is there, is JSON, and has at most `MAX` bytes.
#[derive(Debug)]
pub(super) struct JsonBody<const MAX: usize = MAX_BODY>(pub Node);

/// A body that is JSON, or empty.
#[derive(Debug)]
pub(super) struct OptionalJsonBody(pub Option<Node>);

impl<S: Sync, const MAX: usize> FromRequest<S> for JsonBody<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_content_type(&parts.headers)?;
        let bytes = read(&parts.headers, body, MAX).await?;
        Ok(Self(json::parse(&bytes)?))
    }
}

impl<S: Sync> FromRequest<S> for OptionalJsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body, MAX_BODY).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        check_content_type(&parts.headers)?;
        Ok(Self(Some(json::parse(&bytes)?)))
    }
}

/// Reads an object: all that is wrong, and every unknown field, is an error.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn object<T>(node: Node, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Errors> {
    let mut errors = Errors::default();
    let mut fields = Fields::new(node, "", &mut errors);
    let value = read(&mut fields);
    fields.finish();
    errors.check(value)
}

async fn read(headers: &HeaderMap, mut body: Body, most: usize) -> Result<Bytes, Problem> {
    // What `Content-Length` says, if it says anything.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large(headers, body, most).await);
    }
    let Some(first) = next(&mut body).await? else {
        return Ok(Bytes::new());
    };
    if body.is_end_stream() && first.len() <= most {
        return Ok(first);
    }
    let mut bytes = Vec::with_capacity(first.len() * 2);
    bytes.extend_from_slice(&first);
    while let Some(data) = next(&mut body).await? {
        if bytes.len() + data.len() > most {
            return Err(too_large(headers, body, most).await);
        }
        bytes.extend_from_slice(&data);
    }
    if bytes.len() > most { Err(too_large(headers, body, most).await) } else { Ok(bytes.into()) }
}

/// The next piece of data; trailers are not data.
async fn next(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Kind::BadRequest, "the body broke off: send it again"))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn too_large(headers: &HeaderMap, mut body: Body, most: usize) -> Problem {
    // Who asks first (`Expect: 100-continue`) has sent nothing yet.
    if !headers.contains_key(EXPECT) {
        let drain = async {
            let mut left = DRAINED;
            while let Ok(Some(data)) = next(&mut body).await {
                left = left.saturating_sub(data.len());
                if left == 0 {
                    break;
                }
            }
        };
        // Whoever sends on after that may miss the answer.
        let _ = tokio::time::timeout(DRAIN_TIME, drain).await;
    }
    Problem::new(Kind::BodyTooLarge, format!("the body is larger than {most} bytes: ask for less at a time"))
}

/// `application/json`, in UTF-8 if a charset is named; other parameters are as good as none.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let wrong = |detail: String| Err(Problem::new(Kind::UnsupportedMediaType, detail));
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return wrong("the body has no media type: send `Content-Type: application/json`".to_owned());
    };
    // What every client sends.
    if value.as_bytes() == b"application/json" {
        return Ok(());
    }
    let text = value.to_str().unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return wrong(format!("`{}` is not read here: send `application/json`", shown(value)));
    }
    let mut charsets =
        parts.filter_map(|part| part.split_once('=')).filter(|(name, _)| name.eq_ignore_ascii_case("charset"));
    if charsets.all(|(_, charset)| charset.trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return Ok(());
    }
    wrong(format!("`{}` is not read here: JSON is sent in UTF-8", shown(value)))
}

fn shown(value: &HeaderValue) -> String {
    json::quoted(&String::from_utf8_lossy(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use proptest::prelude::*;

    fn request(content_type: &str, body: Body) -> Request {
        Request::builder().header(CONTENT_TYPE, content_type).body(body).unwrap()
    }

    async fn kind(content_type: &str, body: impl Into<Body>) -> Option<Kind> {
        JsonBody::<MAX_BODY>::from_request(request(content_type, body.into()), &())
            .await
            .err()
            .map(|problem| problem.kind())
    }

    fn pieces(count: usize, size: usize) -> Body {
        Body::from_stream(stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(vec![b' '; size]))))
    }

    #[tokio::test]
    async fn only_json_in_utf_8_is_read() {
        for fine in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;v=1",
            "application/json ; charset=\"UTF-8\"",
        ] {
            assert_eq!(kind(fine, "{}").await, None, "{fine}");
        }
        for other in [
            "text/json",
            "",
            "application/json; charset=latin1",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "application/merge-patch+json",
        ] {
            assert_eq!(kind(other, "{}").await, Some(Kind::UnsupportedMediaType), "{other}");
        }
        let none = Request::new(Body::from("{}"));
        assert_eq!(JsonBody::<MAX_BODY>::from_request(none, &()).await.unwrap_err().kind(), Kind::UnsupportedMediaType);
    }

    #[tokio::test]
    async fn what_is_no_json_is_400_and_a_key_given_twice_422() {
        for bad in [&b""[..], b"{", b"{}{}", b"\xff", b"{\"a\":\"\xff\"}", br#"{"a":"\ud800"}"#, br#"{"a":NaN}"#] {
            assert_eq!(kind("application/json", bad.to_vec()).await, Some(Kind::NotJson), "{bad:?}");
        }
        assert_eq!(kind("application/json", r#"{"a":1,"a":1}"#).await, Some(Kind::Invalid));
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(kind("application/json", deep).await, Some(Kind::Invalid));
    }

    #[tokio::test]
    async fn a_body_has_a_bound_whether_its_length_is_said_or_not() {
        let fits = format!("{}{{}}", " ".repeat(MAX_BODY - 2));
        assert_eq!(kind("application/json", fits.clone()).await, None);
        assert_eq!(kind("application/json", format!(" {fits}")).await, Some(Kind::BodyTooLarge));
        assert_eq!(kind("application/json", pieces(3, MAX_BODY / 2)).await, Some(Kind::BodyTooLarge));
        assert_eq!(kind("application/json", pieces(1, MAX_BODY + 1)).await, Some(Kind::BodyTooLarge));
        assert_eq!(kind("application/json", pieces(2, MAX_BODY / 2)).await, Some(Kind::NotJson));
        // Without an end: it is not read on for ever.
        assert_eq!(kind("application/json", pieces(usize::MAX, MAX_BODY / 4)).await, Some(Kind::BodyTooLarge));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_body() {
        let broken = stream::iter([Ok(b"{}".to_vec()), Err(std::io::Error::other("gone"))]);
        assert_eq!(kind("application/json", Body::from_stream(broken)).await, Some(Kind::BadRequest));
    }

    #[tokio::test]
    async fn where_a_body_may_be_left_out_an_empty_one_needs_no_type() {
        let empty = OptionalJsonBody::from_request(Request::new(Body::empty()), &()).await.unwrap();
        assert!(empty.0.is_none());
        let given = OptionalJsonBody::from_request(Request::new(Body::from("{}")), &()).await.unwrap_err();
        assert_eq!(given.kind(), Kind::UnsupportedMediaType);
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let read = async { JsonBody::<MAX_BODY>::from_request(request("application/json", Body::from(bytes)), &()).await };
            let _ = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read);
        }
    }
}
