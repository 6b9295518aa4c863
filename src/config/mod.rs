//! Configuration: built-in defaults (`default.toml`) <- file <- `PERMDEX__SECTION__KEY` <- command line.
//!
//! Lives here: every setting with its type and bounds, where each came from, and how it prints with secrets masked.
//! Must not: act on a setting, open anything but the configuration file, or know another room. The command line
//! loads it once; everybody else is handed the section it needs.

mod clusters;
mod default_file;
mod error;
mod file_value;
mod known;
mod layers;
mod render;
mod sections;
pub mod span;
mod validate;

pub use clusters::Place;
pub use error::{ConfigError, Problem};
pub use sections::{
    AuthConfig, ClusterConfig, Config, DatabaseConfig, Engine, HttpConfig, IndexConfig, LogConfig, LogFormat,
    RateLimits, RebuildConfig, RefreshConfig, RolesConfig,
};

use layers::Layers;
use std::ffi::OsString;
use std::path::PathBuf;

/// Where a configuration is read from. `Sources::default()` is the built-in defaults alone.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that `--config` names; it must exist. `PERMDEX_CONFIG` of `environment` counts when there is none,
    /// then `permdex.toml` in `working_dir`, if that exists.
    pub file: Option<PathBuf>,
    /// Where to look for `permdex.toml`. Not set: nowhere.
    pub working_dir: Option<PathBuf>,
    /// Environment variables; those that start with `PERMDEX__` are settings.
    pub environment: Vec<(OsString, OsString)>,
    /// Settings of the command line, such as (`http.listen`, `127.0.0.1:0`). They win over everything.
    pub arguments: Vec<(String, String)>,
}

impl Sources {
    /// The process's own: its environment and working directory, and `--config` if given.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        Self {
            file,
            working_dir: Some(PathBuf::from(".")),
            environment: std::env::vars_os().collect(),
            arguments: Vec::new(),
        }
    }
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// A file that can't be read or isn't TOML; else every unknown key, or every value out of bounds, each with its
    /// key and where it was set. No error repeats a secret.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let layers = Layers::read(sources)?;
        layers.refuse_unknown_keys()?;
        let layers = layers.with_cluster_defaults();
        let config: Self = layers.extract()?;
        validate::check(&config, &layers)?;
        Ok(config)
    }

    /// The built-in defaults alone.
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn built_in() -> Result<Self, ConfigError> {
        Self::load(&Sources::default())
    }

    /// The configuration as TOML, every key present, secrets as `***`.
    #[must_use]
    pub fn render_masked(&self) -> String {
        render::toml(self)
    }
}

#[cfg(test)]
mod tests;
