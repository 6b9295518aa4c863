//! What is known of a request everywhere: its id, and who made it.

use super::v1::role::limits::Standing;
use crate::auth::Claims;
use crate::telemetry::{TRACEPARENT, Trace};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

/// The header that carries a request's id, both ways.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

/// One request. Put beside it by [`super::outer`], filled by whoever learns more.
#[derive(Debug)]
pub struct RequestInfo {
    id: HeaderValue,
    trace: Trace,
    claims: OnceLock<Arc<Claims>>,
    standing: OnceLock<Standing>,
    cluster: OnceLock<Arc<str>>,
}

impl RequestInfo {
    /// Of a request with these headers: its own id and trace when those are sane, else new ones.
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let id = headers.get(X_REQUEST_ID).filter(|id| is_sane(id.as_bytes())).cloned().unwrap_or_else(new_id);
        let trace = trace_in(headers).unwrap_or_default();
        Self { id, trace, claims: OnceLock::new(), standing: OnceLock::new(), cluster: OnceLock::new() }
    }

    /// The id: 1 to 128 of `A-Za-z0-9._-`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// The trace it belongs to.
    pub(super) fn trace(&self) -> Trace {
        self.trace
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.id.clone()
    }

    pub(super) fn learn(&self, claims: &Arc<Claims>) {
        // Told once; a second extractor would say the same.
        let _ = self.claims.set(Arc::clone(claims));
    }

    /// How its caller stands with the endpoint's rate limit, if it has one.
    pub(super) fn stands(&self, standing: Option<Standing>) {
        if let Some(standing) = standing {
            let _ = self.standing.set(standing);
        }
    }

    pub(super) fn standing(&self) -> Option<Standing> {
        self.standing.get().copied()
    }

    pub(super) fn goes_to(&self, cluster: &Arc<str>) {
        let _ = self.cluster.set(Arc::clone(cluster));
    }

    /// The storage cluster that it went to, where there are several.
    pub(super) fn cluster(&self) -> Option<&str> {
        self.cluster.get().map(AsRef::as_ref)
    }

    /// Who made it, once a token was verified.
    #[must_use]
    pub fn claims(&self) -> Option<&Arc<Claims>> {
        self.claims.get()
    }
}

/// One header only: nobody can say which of several is meant.
fn trace_in(headers: &HeaderMap) -> Option<Trace> {
    let mut sent = headers.get_all(TRACEPARENT).iter();
    sent.next().filter(|_| sent.next().is_none()).and_then(|header| Trace::parse(header.as_bytes()))
}

fn is_sane(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(plain)
}

/// Random for each process, then counted: as good as a random one to find a request by, at a tenth of its price.
fn new_id() -> HeaderValue {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut text = String::with_capacity(32);
    // Writing to a String can't fail.
    let _ = write!(text, "{:016x}-{:x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sent: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(sent).unwrap());
        RequestInfo::new(&headers).id().to_owned()
    }

    #[test]
    fn a_sane_id_is_kept() {
        for sane in ["a", "7f.b_-9", &"x".repeat(128)] {
            assert_eq!(id(sane.as_bytes()), sane);
        }
    }

    #[test]
    fn any_other_id_is_replaced() {
        for sent in ["", "a b", "a\"", "a,b", "ä", &"x".repeat(129)] {
            let made = id(sent.as_bytes());
            assert!(made != sent && is_sane(made.as_bytes()), "{sent}: {made}");
        }
    }

    #[test]
    fn a_trace_is_continued_unless_it_is_malformed_or_there_are_several() {
        const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = |sent: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for sent in sent {
                headers.append(TRACEPARENT, HeaderValue::from_static(sent));
            }
            RequestInfo::new(&headers).trace().to_string()
        };
        assert_eq!(trace(&[HEADER]), "4bf92f3577b34da6a3ce929d0e0e4736");
        for sent in [&[][..], &["00-nonsense"], &[HEADER, HEADER]] {
            let made = trace(sent);
            assert!(!HEADER.contains(&made) && made.len() == 32 && made != trace(sent), "{sent:?}: {made}");
        }
    }

    #[test]
    fn no_two_new_ids_are_equal() {
        assert_ne!(RequestInfo::new(&HeaderMap::new()).id(), RequestInfo::new(&HeaderMap::new()).id());
    }
}
