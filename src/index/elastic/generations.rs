//! Generations and the alias that reads ask: `prepare`, `create`, `serve`, `withdraw`, `discard`, `serving`, and the
//! highest version.

use super::super::Generation;
use super::ElasticIndex;
use super::client::Call;
use super::search::WHOLE;
use super::template::template;
use super::trouble::Trouble;
use elasticsearch::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

impl ElasticIndex {
    pub(super) async fn put_template(&self) -> Result<(), Trouble> {
        let body = template(&self.alias, self.schema_version, self.shards, self.replicas).map_err(Trouble::Answer)?;
        let path = format!("/_index_template/{}", self.alias);
        self.client.ask(&Call::new(Method::Put, &path).json(&body)?).await?;
        Ok(())
    }

    pub(super) async fn create_generation(&self, generation: &Generation) -> Result<bool, Trouble> {
        self.check(generation)?;
        let path = format!("/{generation}");
        match self.client.ask(&Call::new(Method::Put, &path)).await {
            Ok(_) => Ok(true),
            Err(Trouble::Status { error, .. }) if error.kind == "resource_already_exists_exception" => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

    pub(super) async fn point_alias(&self, generation: &Generation) -> Result<(), Trouble> {
        self.check(generation)?;
        let add = json!({"add": {"index": &*generation.0, "alias": &*self.alias}});
        let mut actions = vec![add];
        // One call: no reader sees none or two. Of several that are repeated at once the last wins.
        for other in self.aliases().await?.into_iter().filter(|other| other != generation) {
            actions.push(json!({"remove": {"index": &*other.0, "alias": &*self.alias}}));
        }
        self.change_alias(actions).await
    }

    pub(super) async fn remove_alias(&self) -> Result<(), Trouble> {
        let remove = |generation: Generation| json!({"remove": {"index": &*generation.0, "alias": &*self.alias}});
        let actions: Vec<Value> = self.aliases().await?.into_iter().map(remove).collect();
        if actions.is_empty() {
            return Ok(());
        }
        match self.change_alias(actions).await {
            // Somebody else did it meanwhile.
            Err(trouble) if trouble.is_missing_index() => Ok(()),
            changed => changed,
        }
    }

    async fn change_alias(&self, actions: Vec<Value>) -> Result<(), Trouble> {
        let call = Call::new(Method::Post, "/_aliases").json(&json!({"actions": actions}))?;
        self.client.ask(&call).await?;
        Ok(())
    }

    pub(super) async fn delete_generation(&self, generation: &Generation) -> Result<(), Trouble> {
        self.check(generation)?;
        match self.client.ask(&Call::new(Method::Delete, &format!("/{generation}"))).await {
            Err(trouble) if trouble.is_missing_index() => Ok(()),
            deleted => deleted.map(|_| ()),
        }
    }

    pub(super) async fn aliased(&self) -> Result<Option<Generation>, Trouble> {
        let mut aliases = self.aliases().await?;
        if aliases.len() > 1 {
            return Err(Trouble::Unexpected(format!("`{}` is an alias of several indexes", self.alias)));
        }
        Ok(aliases.pop())
    }

    /// What the alias points at.
    async fn aliases(&self) -> Result<Vec<Generation>, Trouble> {
        let path = format!("/_alias/{}", self.alias);
        let body = match self.client.ask(&Call::new(Method::Get, &path)).await {
            Ok(body) => body,
            // An alias of nothing does not exist; its answer has no type.
            Err(Trouble::Status { status: 404, .. }) => return Ok(Vec::new()),
            Err(trouble) => return Err(trouble),
        };
        let indexes: Map<String, Value> = serde_json::from_slice(&body).map_err(Trouble::Answer)?;
        Ok(indexes.into_iter().map(|(name, _)| Generation(name.into())).collect())
    }

    /// A new index has a new `uuid`; one that is restored into a closed one keeps that, and gets a new history.
    pub(super) async fn read_identity(&self, generation: &Generation) -> Result<String, Trouble> {
        #[derive(Deserialize)]
        struct One {
            settings: Settings,
        }
        #[derive(Deserialize)]
        struct Settings {
            #[serde(rename = "index.uuid")]
            uuid: String,
            #[serde(default, rename = "index.history.uuid")]
            history: String,
        }
        self.check(generation)?;
        let path = format!("/{generation}/_settings/index.uuid,index.history.uuid");
        let body = self.client.ask(&Call::new(Method::Get, &path).query(&[("flat_settings", "true")])).await?;
        let mut all: HashMap<String, One> = serde_json::from_slice(&body).map_err(Trouble::Answer)?;
        match all.remove(&*generation.0) {
            Some(One { settings: Settings { uuid, history } }) if history.is_empty() => Ok(uuid),
            Some(One { settings: Settings { uuid, history } }) => Ok(format!("{uuid}/{history}")),
            None => Err(Trouble::Unexpected(format!("no settings of `{generation}`"))),
        }
    }

    /// By a sort, not by a `max` aggregation: that one computes in floats, which round beyond 2^53.
    pub(super) async fn read_highest_version(&self) -> Result<i64, Trouble> {
        #[derive(Deserialize)]
        struct Answer {
            hits: Hits,
        }
        #[derive(Deserialize)]
        struct Hits {
            hits: Vec<Hit>,
        }
        #[derive(Deserialize)]
        struct Hit {
            sort: [i64; 1],
        }
        let path = format!("/{}/_search", self.alias);
        let body = json!({"size": 1, "sort": [{"version": "desc"}], "_source": false, "track_total_hits": false});
        let body = match self.client.ask(&Call::new(Method::Post, &path).query(&WHOLE).json(&body)?).await {
            Err(trouble) if trouble.is_missing_index() => return Ok(0),
            answer => answer?,
        };
        let answer: Answer = serde_json::from_slice(&body).map_err(Trouble::Answer)?;
        Ok(answer.hits.hits.first().map_or(0, |hit| hit.sort[0]))
    }

    /// A name that no template covers would become an index without our mapping; one with `*` would be many.
    fn check(&self, generation: &Generation) -> Result<(), Trouble> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let own = generation.0.strip_prefix(&*self.prefix).and_then(|rest| rest.split_once('-'));
        let is_own = own.is_some_and(|(schema, rest)| {
            schema.parse().is_ok_and(|schema: i32| (1..=self.schema_version).contains(&schema))
                && !rest.is_empty()
                && rest.bytes().all(plain)
        });
        if is_own {
            return Ok(());
        }
        Err(Trouble::Foreign { generation: generation.to_string(), alias: self.alias.to_string() })
    }
}
