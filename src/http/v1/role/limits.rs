//! Rate limits of the role API: so many requests per caller, endpoint and minute, counted by each instance for itself.
//!
//! A caller may use a minute's requests at once; they come back evenly, so that none is lost at the turn of a minute. Of
//! each endpoint the latest [`MAX_CALLERS`] callers are remembered; who is forgotten begins anew.

use crate::config::RateLimits;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use metrics::{Counter, counter};
use quick_cache::sync::Cache;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// So many callers of one endpoint are remembered, about 200 bytes each.
const MAX_CALLERS: usize = 10_000;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// An endpoint with a limit of its own.
pub(super) mod endpoint {
    pub const CREATE_ROLE: usize = 0;
    pub const GET_ROLES: usize = 1;
    pub const MODIFY_ROLE: usize = 2;
    pub const ASSIGN_ROLE: usize = 3;
    pub const CREATE_TEMPORARY_GRANT: usize = 4;
    pub const GET_TEMPORARY_GRANTS: usize = 5;
    pub const COUNT: usize = 6;
    /// As metrics name them.
    pub const NAMES: [&str; COUNT] =
        ["create_role", "get_roles", "modify_role", "assign_role", "create_temporary_grant", "get_temporary_grants"];
}

type OfOne = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// The limits of all endpoints.
#[derive(Debug)]
pub(in crate::http) struct Limits([Option<Limit>; endpoint::COUNT]);

struct Limit {
    a_minute: NonZeroU32,
    limited: Counter,
    callers: Cache<String, Arc<OfOne>>,
}

/// How a caller stands with an endpoint's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Standing {
    a_minute: NonZeroU32,
    remaining: u32,
}

impl std::fmt::Debug for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} a minute", self.a_minute)
    }
}

impl Limits {
    /// As they are configured; 0 is none.
    pub fn new(config: &RateLimits) -> Self {
        let RateLimits {
            create_role,
            get_roles,
            modify_role,
            assign_role,
            create_temporary_grant,
            get_temporary_grants,
        } = *config;
        let all = [create_role, get_roles, modify_role, assign_role, create_temporary_grant, get_temporary_grants];
        let mut names = endpoint::NAMES.into_iter();
        Self(all.map(|a_minute| {
            let name = names.next().unwrap_or_default();
            NonZeroU32::new(a_minute).map(|a_minute| Limit::new(a_minute, name))
        }))
    }

    /// Counts a request of `caller`: how he stands after it, `None` without a limit.
    ///
    /// # Errors
    /// How he stands, and how long until he may come again.
    pub(super) fn count(&self, endpoint: usize, caller: &str) -> Result<Option<Standing>, (Standing, Duration)> {
        let limit = self.0.get(endpoint).and_then(Option::as_ref);
        limit.map(|limit| limit.count(caller)).transpose()
    }
}

impl Limit {
    fn new(a_minute: NonZeroU32, endpoint: &'static str) -> Self {
        let limited = counter!("permdex_rate_limited_total", "endpoint" => endpoint);
        limited.absolute(0);
        Self { a_minute, limited, callers: Cache::new(MAX_CALLERS) }
    }

    fn count(&self, caller: &str) -> Result<Standing, (Standing, Duration)> {
        let quota = Quota::per_minute(self.a_minute);
        let new = || Ok::<_, std::convert::Infallible>(Arc::new(RateLimiter::direct(quota).with_middleware()));
        let Ok(his) = self.callers.get_or_insert_with(caller, new);
        let a_minute = self.a_minute;
        match his.check() {
            Ok(state) => Ok(Standing { a_minute, remaining: state.remaining_burst_capacity() }),
            Err(not_until) => {
                self.limited.increment(1);
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Err((Standing { a_minute, remaining: 0 }, wait))
            }
        }
    }
}

impl Standing {
    /// Tells the caller, in the headers of draft-ietf-httpapi-ratelimit-headers-07.
    pub fn tell(self, headers: &mut HeaderMap) {
        let a_minute = self.a_minute.get();
        headers.insert(LIMIT, a_minute.into());
        headers.insert(REMAINING, self.remaining.into());
        let used = u64::from(a_minute.saturating_sub(self.remaining));
        headers.insert(RESET, (used * 60).div_ceil(u64::from(a_minute)).into());
        if let Ok(policy) = HeaderValue::try_from(format!("{a_minute};w=60")) {
            headers.insert(POLICY, policy);
        }
    }

    /// The problem of a caller who is over his limit.
    pub(super) fn problem(self, wait: Duration) -> Problem {
        let detail = format!("you asked more than {} times in a minute: come again later", self.a_minute);
        Problem::new(Kind::TooMany, detail).retry_after(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(a_minute: u32) -> Limits {
        Limits::new(&RateLimits {
            create_role: a_minute,
            get_roles: 0,
            modify_role: 1,
            assign_role: 1,
            create_temporary_grant: 1,
            get_temporary_grants: 1,
        })
    }

    #[test]
    fn each_caller_has_a_minute_s_requests_of_each_endpoint() {
        let limits = limits(3);
        let remaining =
            |caller| limits.count(endpoint::CREATE_ROLE, caller).map(|standing| standing.unwrap().remaining);
        assert_eq!([remaining("acme_17"), remaining("acme_17"), remaining("acme_17")], [Ok(2), Ok(1), Ok(0)]);
        let (standing, wait) = remaining("acme_17").unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(20), "{wait:?}");
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers);
        let told = [LIMIT, REMAINING, RESET, POLICY].map(|name| headers[name].to_str().unwrap().to_owned());
        assert_eq!(told, ["3", "0", "60", "3;w=60"]);
        assert_eq!(remaining("acme_18"), Ok(2));
        assert!(limits.count(endpoint::MODIFY_ROLE, "acme_17").is_ok());
        assert!((0..1_000).all(|_| limits.count(endpoint::GET_ROLES, "acme_17") == Ok(None)));
    }

    #[test]
    fn who_asks_too_often_is_counted_by_endpoint() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let limits = limits(1);
            for caller in ["acme_17", "acme_17", "acme_17", "acme_18"] {
                let _ = limits.count(endpoint::ASSIGN_ROLE, caller);
            }
        });
        let text = recorder.handle().render();
        for (endpoint, times) in [("assign_role", 2), ("create_role", 0), ("get_temporary_grants", 0)] {
            let line = format!("permdex_rate_limited_total{{endpoint=\"{endpoint}\"}} {times}\n");
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("get_roles"), "without a limit there is nothing to count: {text}");
    }

    #[test]
    fn so_many_callers_are_remembered_and_no_more() {
        let limits = limits(1);
        for caller in 0..3 * MAX_CALLERS {
            assert!(limits.count(endpoint::CREATE_ROLE, &format!("acme_{caller}")).is_ok());
        }
        assert!(limits.0[endpoint::CREATE_ROLE].as_ref().unwrap().callers.len() <= MAX_CALLERS);
    }
}
