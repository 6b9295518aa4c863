//! Exit codes, and failures that carry one.

use std::fmt;
use std::process::ExitCode;

/// How a command ends (api.md section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done; a check: allowed.
    Done = 0,
    /// No; a check: denied.
    No = 1,
    /// Wrong usage or input, or refused.
    Wrong = 2,
    /// Something is unreachable.
    Unreachable = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not get through.
#[derive(Debug)]
pub(super) struct Failure {
    pub exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// Wrong usage or input.
    pub(super) fn wrong(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Wrong, error: error.into() }
    }

    /// Something needed is away.
    pub(super) fn unreachable(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Unreachable, error: error.into() }
    }

    /// Any other end.
    pub(super) fn with(exit: Exit, error: anyhow::Error) -> Self {
        Self { exit, error }
    }

    /// Says what was being done.
    pub(super) fn context(self, what: impl fmt::Display + Send + Sync + 'static) -> Self {
        Self { exit: self.exit, error: self.error.context(what) }
    }
}

impl fmt::Display for Failure {
    /// The whole chain in one line: it is the operator's own machine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::wrong(error)
    }
}
