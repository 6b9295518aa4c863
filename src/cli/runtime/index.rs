//! The index engine that the configuration names.

use super::super::exit::Failure;
use crate::config::{Engine, Place};
use crate::index::elastic::{ElasticIndex, ElasticSettings};
use crate::index::embedded::EmbeddedIndex;
use crate::index::{PermissionIndex, SCHEMA_VERSION};
use anyhow::Context;
use secrecy::SecretString;
use std::sync::Arc;

/// Makes the engine; asks nothing of a server yet.
pub(in crate::cli) fn engine(place: &Place) -> Result<Arc<dyn PermissionIndex>, Failure> {
    let config = &place.index;
    if config.engine == Engine::Embedded {
        return Ok(Arc::new(EmbeddedIndex::new()));
    }
    let urls = config.url.iter().map(|url| url.parse().with_context(|| format!("index.url `{url}` is no URL")));
    let settings = ElasticSettings {
        cluster: place.name.as_str().into(),
        urls: urls.collect::<Result<_, _>>()?,
        name: config.name.clone(),
        api_key: config.api_key.clone(),
        username: config.username.clone().map(SecretString::from),
        password: config.password.clone(),
        ca_file: config.ca_file.clone(),
        request_timeout: config.request_timeout,
        shards: config.shards,
        replicas: config.replicas,
        schema_version: SCHEMA_VERSION,
    };
    Ok(Arc::new(ElasticIndex::new(&settings)?))
}
