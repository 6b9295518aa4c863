//! What the engine is told: where the nodes are, and as whom to ask them.

use elasticsearch::http::Url;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How to reach Elasticsearch.
#[derive(Debug, Clone)]
pub struct ElasticSettings {
    /// The storage cluster, as metrics name it.
    pub cluster: Arc<str>,
    /// The nodes, at least one. With several, one that does not answer is left alone for a while.
    pub urls: Vec<Url>,
    /// The prefix of all names: `permdex-users`.
    pub name: String,
    /// As Elasticsearch gives it: encoded, or `id:key`. Used instead of a user name.
    pub api_key: Option<SecretString>,
    /// With a password: basic authentication.
    pub username: Option<SecretString>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// PEM certificates to trust beside the usual ones.
    pub ca_file: Option<PathBuf>,
    /// A request that takes longer has failed; a call with its retries takes at most about twice as long.
    pub request_timeout: Duration,
    /// Of a new generation.
    pub shards: u32,
    /// Of a new generation.
    pub replicas: u32,
    /// The schema of the documents: part of the alias' name.
    pub schema_version: i32,
}

impl ElasticSettings {
    /// The `Authorization` header, if there is one.
    pub(super) fn authorization(&self) -> Option<SecretString> {
        use base64::Engine;
        use base64::prelude::BASE64_STANDARD;
        if let Some(key) = &self.api_key {
            let key = key.expose_secret();
            let encoded = if key.contains(':') { BASE64_STANDARD.encode(key) } else { key.to_owned() };
            return Some(format!("ApiKey {encoded}").into());
        }
        let (name, password) = (self.username.as_ref()?, self.password.as_ref()?);
        let pair = format!("{}:{}", name.expose_secret(), password.expose_secret());
        Some(format!("Basic {}", BASE64_STANDARD.encode(pair)).into())
    }
}

/// Settings that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An empty list of nodes.
    #[error("no Elasticsearch node is given: set `index.url`")]
    NoNode,
    /// A name that Elasticsearch would not take.
    #[error("`{0}` can't begin an index's name: `index.name` takes lower-case letters, digits, `-`, `_` and `.`")]
    Name(String),
    /// A name without its password, or the other way round.
    #[error("`index.username` and `index.password` go together: set both or none")]
    HalfCredentials,
    /// A key or password with characters that no header can carry.
    #[error("the credentials for Elasticsearch hold characters that can't be sent: set them without line breaks")]
    Credentials,
    /// The certificates can't be read.
    #[error("can't read `{0}`: `index.ca_file` names a file of PEM certificates")]
    CaFile(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// The client can't be made of all this.
    #[error("can't make the Elasticsearch client")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;

    fn header(change: impl FnOnce(&mut ElasticSettings)) -> Option<String> {
        let mut settings = Fake::settings(&[], Duration::from_secs(1));
        change(&mut settings);
        settings.authorization().map(|header| header.expose_secret().to_owned())
    }

    #[test]
    fn credentials_are_sent_as_elasticsearch_wants_them() {
        assert_eq!(header(|_| {}), None);
        // `id:key` and its encoded form, both as Elasticsearch's answer to the creation of a key has them.
        let of = |key: &str| header(|settings| settings.api_key = Some(key.into()));
        assert_eq!(of("aWQ6a2V5").as_deref(), Some("ApiKey aWQ6a2V5"));
        assert_eq!(of("id:key"), of("aWQ6a2V5"));
        let pair = header(|settings| {
            settings.username = Some("ann".into());
            settings.password = Some("p:w".into());
        });
        assert_eq!(pair.as_deref(), Some("Basic YW5uOnA6dw=="));
    }
}
