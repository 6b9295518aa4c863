//! The layers of a configuration, each value with the place it came from.

use super::error::{ConfigError, Problem};
use super::known::Known;
use super::{Sources, default_file};
use figment::error::Kind;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const ENVIRONMENT_PREFIX: &str = "PERMDEX__";

/// Values and where they came from.
struct Layer {
    origin: String,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Everything that was set, merged, the stronger over the weaker.
pub(super) struct Layers(Figment);

impl Layers {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let defaults = parse_toml(default_file::TEXT, Path::new("default.toml"))?;
        let known = Known::keys(&defaults);
        let mut merged = Figment::from(Layer { origin: "built-in default".to_owned(), values: defaults });
        if let Some(layer) = read_file(sources)? {
            merged = merged.merge(layer);
        }
        let mut layers = read_environment(sources, &known)?;
        layers.extend(sources.arguments.iter().map(|(key, value)| {
            let path: Vec<&str> = key.split('.').collect();
            Layer { origin: "command line".to_owned(), values: nest(&path, known.typed(&path, value)) }
        }));
        Ok(Self(layers.into_iter().fold(merged, Figment::merge)))
    }

    /// # Errors
    /// Every key that doesn't exist, at any level.
    pub(super) fn refuse_unknown_keys(&self) -> Result<(), ConfigError> {
        let defaults = parse_toml(default_file::TEXT, Path::new("default.toml"))?;
        let unknown = Known::keys(&defaults).unknown_in(&self.values(), &|tag| self.origin_of(tag));
        if unknown.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(unknown)) }
    }

    /// The same with what storage clusters leave out filled in.
    pub(super) fn with_cluster_defaults(&self) -> Self {
        let values = super::clusters::left_out(&self.values());
        Self(self.0.clone().join(Layer { origin: "taken over from the top level".to_owned(), values }))
    }

    pub(super) fn extract<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        self.0
            .extract()
            .map_err(|errors| ConfigError::Invalid(errors.into_iter().map(|error| problem(&error)).collect()))
    }

    /// Where the value of `key` (`http.listen`) came from.
    pub(super) fn origin(&self, key: &str) -> String {
        self.0.find_value(key).map_or_else(|_| "not set".to_owned(), |value| self.origin_of(value.tag()))
    }

    fn origin_of(&self, tag: Tag) -> String {
        self.0.get_metadata(tag).map_or_else(|| "built-in default".to_owned(), |data| data.name.to_string())
    }

    fn values(&self) -> Dict {
        self.0.data().ok().and_then(|mut profiles| profiles.remove(&Profile::Default)).unwrap_or_default()
    }
}

fn problem(error: &figment::Error) -> Problem {
    let detail = match &error.kind {
        Kind::InvalidType(found, wanted) => {
            format!("{found} is not what belongs here: write {wanted}")
        }
        Kind::InvalidValue(found, wanted) => format!("{found} is out of bounds: write {wanted}"),
        Kind::UnknownVariant(found, known) => format!("`{found}` is not known: write one of `{}`", known.join("`, `")),
        other => other.to_string(),
    };
    let origin = error.metadata.as_ref().map_or("built-in default", |data| &data.name);
    Problem { key: error.path.join("."), origin: origin.to_owned(), detail }
}

fn read_file(sources: &Sources) -> Result<Option<Layer>, ConfigError> {
    let named = sources.file.clone().or_else(|| {
        let named = sources.environment.iter().find(|(name, _)| name == "PERMDEX_CONFIG");
        named.map(|(_, path)| PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty())
    });
    let found_here = sources.working_dir.as_ref().map(|folder| folder.join("permdex.toml"));
    let must_exist = named.is_some();
    let Some(path) = named.or(found_here) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Layer { values: parse_toml(&text, &path)?, origin: path.display().to_string() })),
        Err(cause) if cause.kind() == ErrorKind::NotFound && !must_exist => Ok(None),
        Err(cause) => Err(ConfigError::Read { path, cause }),
    }
}

fn parse_toml(text: &str, path: &Path) -> Result<Dict, ConfigError> {
    Toml::from_str(text).map_err(|error| {
        // The lines between the first (where) and the last (why) quote the file.
        let message = error.to_string();
        let mut lines = message.lines().filter(|line| !line.trim().is_empty());
        let place = lines.next().unwrap_or_default().to_owned();
        let detail = lines.next_back().map_or_else(|| place.clone(), |why| format!("{place}: {why}"));
        ConfigError::Syntax { path: path.to_owned(), detail }
    })
}

/// One layer a variable, so that a problem names the variable.
fn read_environment(sources: &Sources, known: &Known) -> Result<Vec<Layer>, ConfigError> {
    let mut problems = Vec::new();
    let mut layers = Vec::new();
    for (name, value) in &sources.environment {
        let name = name.to_string_lossy();
        let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else {
            continue;
        };
        let key = rest.to_ascii_lowercase();
        let path: Vec<&str> = key.split("__").collect();
        match value.to_str() {
            Some(value) => {
                layers.push(Layer { values: nest(&path, known.typed(&path, value)), origin: name.into_owned() });
            }
            None => problems.push(Problem {
                key: path.join("."),
                origin: name.into_owned(),
                detail: "the value is not UTF-8".to_owned(),
            }),
        }
    }
    // A weaker variable never hides a stronger one: two spellings of one key can't both exist.
    layers.sort_by(|a, b| a.origin.cmp(&b.origin));
    if problems.is_empty() { Ok(layers) } else { Err(ConfigError::Invalid(problems)) }
}

fn nest(path: &[&str], value: Value) -> Dict {
    let mut dict = Dict::new();
    match path {
        [] => {}
        [last] => {
            dict.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            dict.insert((*first).to_owned(), Value::from(nest(rest, value)));
        }
    }
    dict
}
