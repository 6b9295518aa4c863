//! The Elasticsearch engine of [`PermissionIndex`]: for production, several service instances, analysts' own tools.
//!
//! Here lives everything that knows Elasticsearch: the transport ([`client`]), what its answers mean ([`trouble`]),
//! and one file per method of the trait. The fields and the query's terms are those of both engines and live one
//! room up; nothing here knows what a permission means. Made by whoever starts the service, called through the trait.
//!
//! Names: the alias `<name>-v<schema version>` is what reads ask and the template's name; generations are
//! `<alias>-<anything>`, and only they are written to, those of the schema before included.

mod bulk;
mod client;
mod counts;
mod document;
#[cfg(test)]
mod fake;
mod generations;
mod get;
mod query;
mod refresh;
mod search;
mod settings;
mod stream;
mod template;
mod trouble;
mod walk;

pub use query::search_body;
pub use settings::{ElasticSettings, SettingsError};

use super::{
    Document, Generation, IndexError, Kept, Page, PermissionIndex, Search, UserRange, UserStream, Whose, Written,
};
use crate::domain::UserId;
use client::Client;
use futures::future::BoxFuture;
use get::Gets;
use refresh::Refreshes;
use std::sync::Arc;

/// An index of permission documents on Elasticsearch. Dropping it ends nothing on the server but open streams.
#[derive(Debug)]
pub struct ElasticIndex {
    client: Client,
    alias: Arc<str>,
    /// What the names of all generations begin with, before the schema's version.
    prefix: Arc<str>,
    schema_version: i32,
    shards: u32,
    replicas: u32,
    gets: Gets,
    refreshes: Refreshes,
}

impl ElasticIndex {
    /// Makes the client; asks nothing of the server yet.
    ///
    /// # Errors
    /// Settings that can't be used: no node, an unreadable certificate, a key that is no header.
    pub fn new(settings: &ElasticSettings) -> Result<Self, SettingsError> {
        let client = Client::new(settings)?;
        let alias: Arc<str> = format!("{}-v{}", settings.name, settings.schema_version).into();
        Ok(Self {
            gets: Gets::new(client.clone(), &alias),
            refreshes: Refreshes::new(client.clone()),
            client,
            prefix: format!("{}-v", settings.name).into(),
            schema_version: settings.schema_version,
            alias,
            shards: settings.shards,
            replicas: settings.replicas,
        })
    }
}

impl PermissionIndex for ElasticIndex {
    fn get(&self, user: UserId) -> BoxFuture<'_, Result<Option<Arc<Document>>, IndexError>> {
        Box::pin(self.gets.get(user))
    }

    fn write<'a>(
        &'a self,
        generations: &'a [Generation],
        documents: &'a [Arc<Document>],
    ) -> BoxFuture<'a, Result<Vec<Written>, IndexError>> {
        Box::pin(async move { Ok(bulk::write(&self.client, generations, documents).await?) })
    }

    fn refresh<'a>(&'a self, generations: &'a [Generation]) -> BoxFuture<'a, Result<(), IndexError>> {
        Box::pin(self.refreshes.refresh(generations))
    }

    fn search<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<Page, IndexError>> {
        Box::pin(search::search(&self.client, &self.alias, search))
    }

    fn stream<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<UserStream, IndexError>> {
        Box::pin(stream::stream(&self.client, &self.alias, search))
    }

    fn versions<'a>(
        &'a self,
        generation: &'a Generation,
        range: UserRange,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(UserId, i64)>, IndexError>> {
        Box::pin(walk::versions(&self.client, generation, range, limit))
    }

    fn documents<'a>(
        &'a self,
        generation: &'a Generation,
        whose: Whose<'a>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Kept>, IndexError>> {
        Box::pin(walk::documents(&self.client, generation, whose, limit))
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        Box::pin(async move { Ok(self.put_template().await?) })
    }

    fn create<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<bool, IndexError>> {
        Box::pin(async move { Ok(self.create_generation(generation).await?) })
    }

    fn serve<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        Box::pin(async move { Ok(self.point_alias(generation).await?) })
    }

    fn withdraw(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        Box::pin(async move { Ok(self.remove_alias().await?) })
    }

    fn discard<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        Box::pin(async move { Ok(self.delete_generation(generation).await?) })
    }

    fn serving(&self) -> BoxFuture<'_, Result<Option<Generation>, IndexError>> {
        Box::pin(async move { Ok(self.aliased().await?) })
    }

    fn identity<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<Option<String>, IndexError>> {
        Box::pin(async move { Ok(Some(self.read_identity(generation).await?)) })
    }

    fn highest_version(&self) -> BoxFuture<'_, Result<i64, IndexError>> {
        Box::pin(async move { Ok(self.read_highest_version().await?) })
    }

    fn is_visible_at_once(&self) -> bool {
        false
    }

    fn engine(&self) -> &'static str {
        "elasticsearch"
    }
}
