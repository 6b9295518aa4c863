//! What can be wrong with a configuration.

use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// Why there is no configuration. Exit code 2.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("configuration file `{}` cannot be read: check that it exists and that permdex may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file isn't TOML.
    #[error("configuration file `{}` is not TOML: {detail}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why, without the offending line: it may hold a secret.
        detail: String,
    },
    /// Keys or values are wrong: all of the same stage, not just the first.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<Problem>),
}

/// One wrong key or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, with its section: `http.listen`.
    pub key: String,
    /// Where it was set: `PERMDEX__HTTP__LISTEN`, a file's path.
    pub origin: String,
    /// What is wrong with it and what to do.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}): {}", self.key, self.origin, self.detail)
    }
}
