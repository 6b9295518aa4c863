//! The bounds of every setting and what must fit together. All violations are reported, not the first.

use super::error::{ConfigError, Problem};
use super::layers::Layers;
use super::sections::{AuthConfig, Config, DatabaseConfig, Engine, HttpConfig, IndexConfig, RefreshConfig};
use super::span;
use axum::http::Uri;
use secrecy::ExposeSecret;
use std::ops::RangeInclusive;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// HMAC-SHA256 is as strong as its key, up to the hash's own length.
const SECRET_BYTES: usize = 32;
const NODES: usize = 64;
const POSTGRESQL_PORT: u16 = 5432;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// # Errors
/// Everything out of bounds.
pub(super) fn check(config: &Config, layers: &Layers) -> Result<(), ConfigError> {
    let mut bounds = Bounds { layers, problems: Vec::new() };
    bounds.data_dir(config);
    bounds.http(&config.http, config);
    bounds.database("database", &config.database);
    bounds.index("index", &config.index);
    bounds.auth(&config.auth);
    bounds.refresh(&config.refresh);
    bounds.roles_and_rebuild(config);
    bounds.rate_limits(config);
    bounds.clusters(config);
    if let Err(cause) = EnvFilter::try_new(&config.log.filter) {
        bounds.refuse(
            "log.filter",
            format!("`{}` is not a filter ({cause}): write it like `info,permdex=debug`", config.log.filter),
        );
    }
    if bounds.problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(bounds.problems)) }
}

struct Bounds<'a> {
    layers: &'a Layers,
    problems: Vec<Problem>,
}

impl Bounds<'_> {
    fn refuse(&mut self, key: &str, detail: impl Into<String>) {
        self.problems.push(Problem { key: key.to_owned(), origin: self.layers.origin(key), detail: detail.into() });
    }

    fn require(&mut self, holds: bool, key: &str, detail: &str) {
        if !holds {
            self.refuse(key, detail);
        }
    }

    fn number(&mut self, key: &str, value: impl TryInto<u64>, allowed: RangeInclusive<u64>) {
        let value = value.try_into().unwrap_or(u64::MAX);
        if !allowed.contains(&value) {
            self.refuse(key, format!("`{value}` is out of bounds: write {} to {}", allowed.start(), allowed.end()));
        }
    }

    fn duration(&mut self, key: &str, value: Duration, allowed: &RangeInclusive<Duration>) {
        if !allowed.contains(&value) {
            let [value, from, to] = [value, *allowed.start(), *allowed.end()].map(span::format);
            self.refuse(key, format!("`{value}` is out of bounds: write {from} to {to}"));
        }
    }

    fn text(&mut self, key: &str, value: &str, longest: usize) {
        let fits = (1..=longest).contains(&value.len()) && !value.chars().any(char::is_control);
        if !fits {
            self.refuse(key, format!("must be 1 to {longest} bytes without control characters"));
        }
    }

    fn data_dir(&mut self, config: &Config) {
        self.require(!config.data_dir.as_os_str().is_empty(), "data_dir", "must name a directory");
    }

    fn http(&mut self, http: &HttpConfig, config: &Config) {
        self.number("http.max_connections", http.max_connections, 1..=1_000_000);
        self.duration("http.header_timeout", http.header_timeout, &(seconds(1)..=seconds(5 * MINUTE)));
        self.duration("http.request_timeout", http.request_timeout, &(millis(100)..=seconds(HOUR)));
        self.duration("http.stream_timeout", http.stream_timeout, &(seconds(1)..=seconds(7 * DAY)));
        self.duration("http.drain_timeout", http.drain_timeout, &(Duration::ZERO..=seconds(HOUR)));
        self.number("http.who_has_concurrency", http.who_has_concurrency, 1..=100_000);
        self.number("http.stream_concurrency", http.stream_concurrency, 1..=10_000);
        self.number("http.explain_concurrency", http.explain_concurrency, 1..=10_000);
        self.number("http.dry_run_concurrency", http.dry_run_concurrency, 1..=10_000);
        // Else a request would be cut off while it waits for its own change.
        let waits = http.request_timeout > config.refresh.wait_timeout;
        self.require(waits, "http.request_timeout", "must be longer than `refresh.wait_timeout`");
        // Else the index that a stream reads would be dropped under it.
        let kept = http.stream_timeout <= config.rebuild.retire_after;
        self.require(kept, "http.stream_timeout", "must not be longer than `rebuild.retire_after`");
        let apart = http.metrics_listen.is_none_or(|address| address != http.listen || address.port() == 0);
        self.require(apart, "http.metrics_listen", "is the address of `http.listen`: leave it out, or name another");
    }

    fn database(&mut self, section: &str, database: &DatabaseConfig) {
        let key = |name: &str| format!("{section}.{name}");
        if let Some(url) = &database.url {
            let url = url.expose_secret();
            let known = url.starts_with("postgres://") || url.starts_with("postgresql://");
            self.require(known, &key("url"), "must look like `postgres://user:password@host:5432/name`");
        }
        self.number(&key("max_connections"), database.max_connections, 2..=1_000);
        self.duration(&key("connect_timeout"), database.connect_timeout, &(seconds(1)..=seconds(HOUR)));
        self.duration(&key("acquire_timeout"), database.acquire_timeout, &(millis(100)..=seconds(5 * MINUTE)));
        let most = u64::from(database.max_connections);
        self.number(&key("fallback_concurrency"), database.fallback_concurrency, 1..=most);
    }

    fn index(&mut self, section: &str, index: &IndexConfig) {
        let key = |name: &str| format!("{section}.{name}");
        let needs_url = index.engine == Engine::Elasticsearch && index.url.is_empty();
        self.require(!needs_url, &key("url"), "is needed by the engine `elasticsearch`: write `https://host:9200`");
        let sane = index.url.len() <= NODES && index.url.iter().all(|url| is_node(url));
        self.require(sane, &key("url"), "must be `https://host:9200` without credentials (`username` and `password` are keys of their own), or up to 64 of them");
        self.require(
            is_index_name(&index.name),
            &key("name"),
            "must be 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`, a letter or digit first",
        );
        let both = index.username.is_some() == index.password.is_some();
        self.require(both, &key("username"), "and `password` go together: set both or neither");
        let one = index.username.is_none() || index.api_key.is_none();
        self.require(one, &key("api_key"), "and `username` exclude each other: set one");
        self.duration(&key("request_timeout"), index.request_timeout, &(millis(100)..=seconds(10 * MINUTE)));
        self.duration(&key("refresh_interval"), index.refresh_interval, &(millis(100)..=seconds(5 * MINUTE)));
        self.number(&key("shards"), index.shards, 1..=64);
        self.number(&key("replicas"), index.replicas, 0..=16);
    }

    fn auth(&mut self, auth: &AuthConfig) {
        let long = auth.hs256_secret.iter().all(|secret| secret.expose_secret().len() >= SECRET_BYTES);
        self.require(
            long,
            "auth.hs256_secret",
            "each secret must be at least 32 bytes: make one with `openssl rand -base64 32`",
        );
        let few = auth.hs256_secret.len() <= 16;
        self.require(few, "auth.hs256_secret", "must be at most 16 secrets");
        self.text("auth.subject_claim", &auth.subject_claim, 128);
        self.text("auth.organization_claim", &auth.organization_claim, 128);
        let apart = auth.subject_claim != auth.organization_claim;
        self.require(apart, "auth.organization_claim", "must not be `auth.subject_claim`");
        let reserved = ["exp", "nbf", "iat", "iss", "aud", "scope"];
        for (key, claim) in
            [("auth.subject_claim", &auth.subject_claim), ("auth.organization_claim", &auth.organization_claim)]
        {
            self.require(!reserved.contains(&claim.as_str()), key, "has a meaning of its own: name another claim");
        }
        self.require(auth.service_keys.len() <= 100, "auth.service_keys", "must be at most 100");
        for name in &auth.service_keys {
            self.text("auth.service_keys", name, 256);
        }
    }

    fn refresh(&mut self, refresh: &RefreshConfig) {
        self.duration("refresh.wait_timeout", refresh.wait_timeout, &(millis(100)..=seconds(10 * MINUTE)));
        self.number("refresh.page_size", refresh.page_size, 1..=10_000);
        self.number("refresh.small_lane_workers", refresh.small_lane_workers, 1..=64);
        self.number("refresh.large_lane_workers", refresh.large_lane_workers, 1..=64);
        self.duration("refresh.lease", refresh.lease, &(seconds(1)..=seconds(HOUR)));
        // Two heartbeats may be lost before a living worker loses its job.
        self.duration("refresh.heartbeat", refresh.heartbeat, &(millis(100)..=refresh.lease / 3));
        self.duration("refresh.poll_interval", refresh.poll_interval, &(millis(100)..=seconds(5 * MINUTE)));
        self.duration("refresh.retry_interval", refresh.retry_interval, &(seconds(MINUTE)..=seconds(7 * DAY)));
        self.number("refresh.max_attempts", refresh.max_attempts, 1..=100);
    }

    fn roles_and_rebuild(&mut self, config: &Config) {
        self.duration("rebuild.retire_after", config.rebuild.retire_after, &(Duration::ZERO..=seconds(7 * DAY)));
        let longest = config.roles.temporary_grant_max;
        self.duration("roles.temporary_grant_max", longest, &(seconds(1)..=seconds(3_650 * DAY)));
    }

    fn rate_limits(&mut self, config: &Config) {
        let limits = &config.rate_limits;
        for (name, value) in [
            ("create_role", limits.create_role),
            ("get_roles", limits.get_roles),
            ("modify_role", limits.modify_role),
            ("assign_role", limits.assign_role),
            ("create_temporary_grant", limits.create_temporary_grant),
            ("get_temporary_grants", limits.get_temporary_grants),
        ] {
            self.number(&format!("rate_limits.{name}"), value, 0..=1_000_000);
        }
    }

    fn clusters(&mut self, config: &Config) {
        for (name, cluster) in &config.clusters {
            self.database(&format!("clusters.{name}.database"), &cluster.database);
            self.index(&format!("clusters.{name}.index"), &cluster.index);
            let own = config.database.url.is_none() || cluster.database.url.is_some();
            self.require(
                own,
                &format!("clusters.{name}.database.url"),
                "is needed: each storage cluster has a database of its own",
            );
        }
        let all: Vec<_> = config.storage_clusters().into_iter().collect();
        for (at, (name, cluster)) in all.iter().enumerate() {
            for (other, before) in all.iter().take(at) {
                // Named by the one that isn't the top level.
                let (name, other) = if name == super::clusters::DEFAULT { (other, name) } else { (name, other) };
                let same = same_database(&cluster.database, &before.database);
                self.require(
                    !same,
                    &format!("clusters.{name}.database.url"),
                    &format!("is that of the cluster `{other}`: each needs its own"),
                );
                let mixed = overlap(&cluster.index, &before.index);
                self.require(!mixed, &format!("clusters.{name}.index.name"), &format!("overlaps that of the cluster `{other}` on the same Elasticsearch: neither may begin with the other"));
            }
        }
    }
}

/// Whether both are one database, whoever connects to it and how.
fn same_database(a: &DatabaseConfig, b: &DatabaseConfig) -> bool {
    let (Some(a), Some(b)) = (&a.url, &b.url) else { return false };
    let (a, b) = (a.expose_secret(), b.expose_secret());
    a == b || database_of(a).is_some_and(|database| Some(database) == database_of(b))
}

/// Host, port and name; none where the URL says them in another way.
fn database_of(url: &str) -> Option<(String, u16, String)> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host().filter(|host| !host.is_empty())?.to_ascii_lowercase();
    Some((host, uri.port_u16().unwrap_or(POSTGRESQL_PORT), uri.path().to_owned()))
}

fn overlap(a: &IndexConfig, b: &IndexConfig) -> bool {
    let remote = a.engine == Engine::Elasticsearch && b.engine == Engine::Elasticsearch;
    let same_nodes = a.url.iter().any(|url| b.url.contains(url));
    remote && same_nodes && (a.name.starts_with(&b.name) || b.name.starts_with(&a.name))
}

fn is_node(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        web && uri.authority().is_some_and(|authority| !authority.as_str().contains('@')) && uri.query().is_none()
    })
}

fn is_index_name(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    first && name.len() <= 64 && name.bytes().all(inside)
}
