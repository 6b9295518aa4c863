//! Storage clusters: `default` is the top level, the others take over from it what they leave out.

use super::sections::{ClusterConfig, Config, DatabaseConfig, IndexConfig};
use figment::value::{Dict, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The name of the storage cluster that always exists.
pub(super) const DEFAULT: &str = "default";

/// How to authenticate to an Elasticsearch.
const CREDENTIALS: [&str; 3] = ["api_key", "username", "password"];

/// One storage cluster, with the place of what permdex makes for it itself.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its database.
    pub database: DatabaseConfig,
    /// Its index.
    pub index: IndexConfig,
    /// Where its private database is, when it has no other: `data_dir` for `default`, a folder below it for the others.
    pub data_dir: PathBuf,
}

impl Place {
    /// A key of its sections, such as `index.engine`, as the configuration spells it.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        if self.name == DEFAULT { key.to_owned() } else { format!("clusters.{}.{key}", self.name) }
    }
}

impl Config {
    /// The storage cluster `default`.
    #[must_use]
    pub fn default_place(&self) -> Place {
        Place {
            name: DEFAULT.to_owned(),
            database: self.database.clone(),
            index: self.index.clone(),
            data_dir: self.data_dir.clone(),
        }
    }

    /// The storage clusters beside `default`, by name.
    #[must_use]
    pub fn other_places(&self) -> Vec<Place> {
        let place = |(name, cluster): (&String, &ClusterConfig)| Place {
            name: name.clone(),
            database: cluster.database.clone(),
            index: cluster.index.clone(),
            data_dir: self.data_dir.join("clusters").join(name),
        };
        self.clusters.iter().map(place).collect()
    }

    /// Every storage cluster by name, `default` among them.
    #[must_use]
    pub fn storage_clusters(&self) -> BTreeMap<String, ClusterConfig> {
        let top = ClusterConfig { database: self.database.clone(), index: self.index.clone() };
        let mut all = self.clusters.clone();
        all.insert(DEFAULT.to_owned(), top);
        all
    }
}

/// What the named clusters of `values` may leave out: the top level's, but never its database or index name, so that
/// no two clusters share tables or documents by an omission.
pub(super) fn left_out(values: &Dict) -> Dict {
    let Some(named) = values.get("clusters").and_then(Value::as_dict) else {
        return Dict::new();
    };
    let fill = |(name, own): (&String, &Value)| {
        let database = replaced(values, "database", &[("url", "")]);
        let own_name = format!("{name}-{}", index_name(values));
        let mut index = vec![("name", own_name.as_str())];
        if has_credentials_of_its_own(own) {
            index.extend(CREDENTIALS.map(|key| (key, "")));
        }
        let index = replaced(values, "index", &index);
        let cluster: Dict = [("database".to_owned(), database), ("index".to_owned(), index)].into_iter().collect();
        (name.clone(), Value::from(cluster))
    };
    let clusters: Dict = named.iter().map(fill).collect();
    std::iter::once(("clusters".to_owned(), Value::from(clusters))).collect()
}

fn index_name(values: &Dict) -> &str {
    let index = values.get("index").and_then(Value::as_dict);
    index.and_then(|index| index.get("name")).and_then(Value::as_str).unwrap_or_default()
}

/// Credentials are not sent to an Elasticsearch that they were not given for, nor mixed with others.
fn has_credentials_of_its_own(cluster: &Value) -> bool {
    let index = cluster.as_dict().and_then(|cluster| cluster.get("index")).and_then(Value::as_dict);
    index.is_some_and(|index| ["url"].iter().chain(&CREDENTIALS).any(|key| index.contains_key(*key)))
}

fn replaced(values: &Dict, section: &str, keys: &[(&str, &str)]) -> Value {
    let mut dict = values.get(section).and_then(Value::as_dict).cloned().unwrap_or_default();
    dict.extend(keys.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
    Value::from(dict)
}
