//! What can be configured. `default.toml` documents each key, its unit and its bounds; the two agree by a test.

use super::file_value as v;
use super::span;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The whole configuration, checked. Its `Debug` shows no secret.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where permdex keeps what it makes itself.
    pub data_dir: PathBuf,
    /// The API.
    pub http: HttpConfig,
    /// The database of the storage cluster `default`.
    pub database: DatabaseConfig,
    /// The index of the storage cluster `default`.
    pub index: IndexConfig,
    /// Tokens and their keys.
    pub auth: AuthConfig,
    /// The workers.
    pub refresh: RefreshConfig,
    /// Full rebuilds.
    pub rebuild: RebuildConfig,
    /// Roles and temporary grants.
    pub roles: RolesConfig,
    /// Rate limits of the role API.
    pub rate_limits: RateLimits,
    /// Storage clusters beside `default`, by name; see [`Config::storage_clusters`].
    pub clusters: BTreeMap<String, ClusterConfig>,
    /// Logging.
    pub log: LogConfig,
}

/// The API: addresses, time limits, concurrency limits of one instance.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Where the API listens.
    #[serde(deserialize_with = "v::address")]
    pub listen: SocketAddr,
    /// Where `/metrics` listens, when not on `listen`.
    #[serde(with = "v::optional_address")]
    pub metrics_listen: Option<SocketAddr>,
    /// Connections open at a time.
    pub max_connections: usize,
    /// How long a client may take to send its headers.
    #[serde(with = "span")]
    pub header_timeout: Duration,
    /// How long a request may take, streams aside. Longer than `refresh.wait_timeout`.
    #[serde(with = "span")]
    pub request_timeout: Duration,
    /// How long a who-has stream may take. At most `rebuild.retire_after`.
    #[serde(with = "span")]
    pub stream_timeout: Duration,
    /// How long a stopping server waits for requests under way.
    #[serde(with = "span")]
    pub drain_timeout: Duration,
    /// Who-has questions at a time.
    pub who_has_concurrency: usize,
    /// Who-has streams at a time.
    pub stream_concurrency: usize,
    /// `explain` requests at a time.
    pub explain_concurrency: usize,
    /// `dryRun` requests at a time.
    pub dry_run_concurrency: usize,
}

/// The database of one storage cluster.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://…`. None: a private cluster in the data directory.
    #[serde(with = "v::optional_secret")]
    pub url: Option<SecretString>,
    /// Connections in the pool.
    pub max_connections: u32,
    /// How long start-up waits for the database.
    #[serde(with = "span")]
    pub connect_timeout: Duration,
    /// How long a request waits for a free connection.
    #[serde(with = "span")]
    pub acquire_timeout: Duration,
    /// Reads answered from the database at a time, while the index is away. At most `max_connections`.
    pub fallback_concurrency: usize,
}

/// The index engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// In memory, one process.
    Embedded,
    /// Elasticsearch, shared by several instances.
    Elasticsearch,
}

/// The index of one storage cluster. Everything but `engine` is for Elasticsearch.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IndexConfig {
    /// Which engine.
    pub engine: Engine,
    /// The nodes, `http://` or `https://`, without credentials. Not empty with [`Engine::Elasticsearch`].
    #[serde(deserialize_with = "v::list")]
    pub url: Vec<String>,
    /// Prefix of every index name.
    pub name: String,
    /// An API key; excludes `username`.
    #[serde(with = "v::optional_secret")]
    pub api_key: Option<SecretString>,
    /// The user of basic authentication; there is a `password` when there is one.
    #[serde(with = "v::optional_text")]
    pub username: Option<String>,
    /// The password of `username`.
    #[serde(with = "v::optional_secret")]
    pub password: Option<SecretString>,
    /// A PEM file of authorities to trust beside the built-in ones.
    #[serde(with = "v::optional_path")]
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    #[serde(with = "span")]
    pub request_timeout: Duration,
    /// How often changes become searchable when nobody waits for them.
    #[serde(with = "span")]
    pub refresh_interval: Duration,
    /// Primary shards of a new index.
    pub shards: u32,
    /// Replicas of each shard.
    pub replicas: u32,
}

/// Tokens and their keys.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// HS256 secrets of at least 32 bytes: the first signs, all verify.
    #[serde(with = "v::secrets")]
    pub hs256_secret: Vec<SecretString>,
    /// A JWKS file.
    #[serde(with = "v::optional_path")]
    pub jwks_file: Option<PathBuf>,
    /// What `iss` must be, if checked.
    #[serde(with = "v::optional_text")]
    pub issuer: Option<String>,
    /// What `aud` must be or contain, if checked.
    #[serde(with = "v::optional_text")]
    pub audience: Option<String>,
    /// Whose tokens may be a service's: `hs256`, or key ids of the JWKS file.
    #[serde(deserialize_with = "v::list")]
    pub service_keys: Vec<String>,
    /// The claim that holds the user id or `service:<name>`.
    pub subject_claim: String,
    /// The claim that holds the organization.
    pub organization_claim: String,
}

/// The workers.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshConfig {
    /// How long a request waits for its change to become visible.
    #[serde(with = "span")]
    pub wait_timeout: Duration,
    /// Users read, evaluated and written at a time.
    pub page_size: usize,
    /// Workers for small jobs.
    pub small_lane_workers: usize,
    /// Workers for all other jobs.
    pub large_lane_workers: usize,
    /// How long a claimed job stays claimed without a heartbeat.
    #[serde(with = "span")]
    pub lease: Duration,
    /// How often a worker renews its lease. At most a third of it.
    #[serde(with = "span")]
    pub heartbeat: Duration,
    /// How often the queue is looked at without being notified.
    #[serde(with = "span")]
    pub poll_interval: Duration,
    /// How often users whose document could not be written are tried again.
    #[serde(with = "span")]
    pub retry_interval: Duration,
    /// How often a job may lose its worker before it has failed.
    pub max_attempts: u32,
}

/// Full rebuilds.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RebuildConfig {
    /// How long a replaced index is kept: the longest stream.
    #[serde(with = "span")]
    pub retire_after: Duration,
}

/// Roles and temporary grants.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RolesConfig {
    /// The longest temporary grant.
    #[serde(with = "span")]
    pub temporary_grant_max: Duration,
}

/// Requests per caller and minute, by endpoint of the role API; 0 = no limit.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is named after its endpoint")]
pub struct RateLimits {
    pub create_role: u32,
    pub get_roles: u32,
    pub modify_role: u32,
    pub assign_role: u32,
    pub create_temporary_grant: u32,
    pub get_temporary_grants: u32,
}

/// A storage cluster: a database and an index of its own.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterConfig {
    /// Its database.
    pub database: DatabaseConfig,
    /// Its index.
    pub index: IndexConfig,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

/// Logging.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// How lines look.
    pub format: LogFormat,
    /// What is logged, in `tracing-subscriber`'s directives; it parses.
    pub filter: String,
}
