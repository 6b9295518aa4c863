//! What a stream is made of, and how it ends.

use super::*;
use crate::domain::{CustomerId, UserId};
use axum::http::HeaderMap;
use http_body_util::BodyExt as _;

fn user(id: i64, email: &str) -> UserEntry {
    UserEntry { id: UserId(id), customer: CustomerId(1), email: email.into(), ui_language: "en".into() }
}

fn found(size: u64, chunks: Vec<Result<Vec<UserEntry>, ServiceError>>) -> WhoHasStream {
    WhoHasStream { size, chunks: stream::iter(chunks).boxed() }
}

async fn read(found: WhoHasStream, form: Form, timeout: Duration) -> Result<String, String> {
    let request = Arc::new(RequestInfo::new(&HeaderMap::new()));
    let body = Body::from_stream(body(found, form, Instant::now() + timeout, request));
    let bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn ndjson_closes_with_the_size() {
    let chunks = vec![Ok(vec![user(1, "a@b.c")]), Ok(vec![user(2, "ä@b.c")])];
    let text = read(found(2, chunks), Form::Ndjson, LONG).await.unwrap();
    let wanted = "{\"id\":1,\"customerId\":1,\"email\":\"a@b.c\",\"uiLanguage\":\"en\"}\n\
        {\"id\":2,\"customerId\":1,\"email\":\"ä@b.c\",\"uiLanguage\":\"en\"}\n{\"size\":2,\"complete\":true}\n";
    assert_eq!(text, wanted);
    assert_eq!(read(found(0, vec![]), Form::Ndjson, LONG).await.unwrap(), "{\"size\":0,\"complete\":true}\n");
}

#[tokio::test]
async fn csv_has_a_header_line_and_no_formulas() {
    let emails = ["a@b.c", "=1+1", "+1", "-1", "@x", "\tx", "\rx", "a,\"b\"\n"];
    let users = (1..).zip(emails).map(|(id, email)| user(id, email)).collect();
    let text = read(found(8, vec![Ok(users)]), Form::Csv, LONG).await.unwrap();
    assert!(text.starts_with("id,customerId,email,uiLanguage\r\n1,1,a@b.c,en\r\n2,1,'=1+1,en\r\n"), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let read: Vec<String> = reader.records().map(|record| record.unwrap()[2].to_owned()).collect();
    assert_eq!(read, ["a@b.c", "'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "a,\"b\"\n"]);
}

#[tokio::test]
async fn a_break_is_an_error_and_no_shorter_list() {
    for form in [Form::Ndjson, Form::Csv] {
        let gone = ServiceError::unavailable("the index is unreachable", None);
        assert!(read(found(2, vec![Ok(vec![user(1, "a@b.c")]), Err(gone)]), form, LONG).await.is_err());
        // Whoever counts two and sends one has lost one.
        assert!(read(found(2, vec![Ok(vec![user(1, "a@b.c")])]), form, LONG).await.is_err());
    }
}

#[tokio::test]
async fn a_stream_has_a_time_limit() {
    let stuck = WhoHasStream { size: 1, chunks: stream::pending().boxed() };
    assert!(read(stuck, Form::Ndjson, Duration::from_millis(5)).await.unwrap_err().contains("stream_timeout"));
}

#[tokio::test]
async fn large_chunks_are_sent_in_pieces() {
    let users = (1..=2_500).map(|id| user(id, "a@b.c")).collect();
    let request = Arc::new(RequestInfo::new(&HeaderMap::new()));
    let pieces: Vec<_> =
        body(found(2_500, vec![Ok(users)]), Form::Ndjson, Instant::now() + LONG, request).collect().await;
    assert_eq!(pieces.len(), 4);
}
