//! What goes wrong with Elasticsearch, and what it means to those who asked.

use super::super::IndexError;
use serde::Deserialize;
use std::sync::Arc;

/// Of Elasticsearch's reasons so much is kept for the log: they can quote whole documents.
const MAX_REASON_CHARS: usize = 400;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("elasticsearch does not answer")]
    Connection(#[source] elasticsearch::Error),
    #[error("elasticsearch did not answer in time")]
    TimedOut,
    #[error("elasticsearch answered {status}: {error}")]
    Status { status: u16, error: Cause },
    #[error(
        "elasticsearch answered {status}: {error}: check `index.api_key`, or `index.username` and `index.password`, and \
         what they may do"
    )]
    Denied { status: u16, error: Cause },
    #[error("elasticsearch answered something else than expected")]
    Answer(#[source] serde_json::Error),
    #[error("elasticsearch answered something else than expected: {0}")]
    Unexpected(String),
    #[error("elasticsearch gave a part of the answer: {0}")]
    Partial(String),
    #[error("nothing serves yet")]
    NotReady,
    #[error("too many reads are waiting")]
    TooManyReads,
    #[error("a task ended early")]
    Ended,
    #[error("`{generation}` is no generation of `{alias}`")]
    Foreign { generation: String, alias: String },
}

/// An error as Elasticsearch writes it.
#[derive(Debug, Clone, Default, Deserialize, thiserror::Error)]
#[error("{kind} ({reason})")]
pub(super) struct Cause {
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default, deserialize_with = "shortened")]
    pub reason: String,
}

fn shortened<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    Ok(text.chars().take(MAX_REASON_CHARS).collect())
}

impl Cause {
    /// Whether what was asked for does not exist: a generation that was discarded, or an alias of none.
    pub fn is_missing_index(&self) -> bool {
        matches!(self.kind.as_str(), "index_not_found_exception" | "aliases_not_found_exception")
    }
}

impl Trouble {
    /// An answer with an error's status.
    pub fn of_status(status: u16, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Failed {
            error: Cause,
        }
        // A proxy in between answers no JSON.
        let error = serde_json::from_slice::<Failed>(body).map(|failed| failed.error).unwrap_or_default();
        Self::of(status, error)
    }

    /// An error, of an answer or of an item in it.
    pub fn of(status: u16, error: Cause) -> Self {
        // A block that somebody set is a 403 too.
        if status == 401 || error.kind == "security_exception" {
            return Self::Denied { status, error };
        }
        Self::Status { status, error }
    }

    pub fn is_missing_index(&self) -> bool {
        matches!(self, Self::Status { status: 404, error } if error.is_missing_index())
    }

    /// Whether another try may help at once. A time-out is not one: the time is used up.
    pub fn is_worth_retrying(&self) -> bool {
        match self {
            Self::Connection(_) => true,
            Self::Status { status, .. } => is_busy(*status),
            _ => false,
        }
    }

    /// Whether the node, or the way to it, is to blame.
    pub fn is_of_the_node(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::TimedOut | Self::Status { status: 502..=504, .. })
    }
}

/// Overloaded, restarting or electing: what Elasticsearch and proxies before it answer then.
pub(super) fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 502..=504)
}

impl From<Trouble> for IndexError {
    fn from(trouble: Trouble) -> Self {
        Arc::new(trouble).into()
    }
}

/// Several may have waited for the same answer, so its error is shared.
impl From<Arc<Trouble>> for IndexError {
    fn from(trouble: Arc<Trouble>) -> Self {
        match &*trouble {
            Trouble::Partial(what) => Self::Partial(what.clone()),
            Trouble::NotReady => Self::NotReady,
            _ if trouble.is_missing_index() => Self::NotReady,
            // Some shards failed, and a part was not asked for.
            Trouble::Status { status: 429.., error } if error.kind == "search_phase_execution_exception" => {
                Self::Partial(error.to_string())
            }
            // A full disk or a block that somebody set: it is no document's fault.
            Trouble::Status { error, .. } if error.kind == "cluster_block_exception" => {
                Self::Unreachable(Box::new(trouble))
            }
            // Credentials that are wrong or ran out are mended by the operator: until then everything waits.
            Trouble::Denied { .. }
            | Trouble::Connection(_)
            | Trouble::TimedOut
            | Trouble::TooManyReads
            | Trouble::Ended
            // 413: a proxy in between takes less than Elasticsearch does, until somebody tells it to take more.
            | Trouble::Status { status: 408 | 413 | 429 | 500.., .. } => Self::Unreachable(Box::new(trouble)),
            _ => Self::Refused(Box::new(trouble)),
        }
    }
}
