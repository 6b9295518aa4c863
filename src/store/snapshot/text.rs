//! Stored policies and grants, read through the domain's own strict reader.

use crate::domain::{PermissionGrant, PolicyId, RoleId, Statement, read_grant, read_grants, read_statements};
use crate::json::{Errors, Node, ParseError, parse};
use std::fmt;
use std::sync::Arc;

/// Where statements stand that many users may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Policy(PolicyId),
    Role(RoleId),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(id) => write!(f, "policy `{id}`"),
            Self::Role(id) => write!(f, "role `{id}`"),
        }
    }
}

/// What a source says: as it is stored, and as it was read; or the first thing that is wrong.
#[derive(Debug)]
pub(super) struct Text {
    pub text: Box<str>,
    pub read: Result<Said, Arc<str>>,
}

#[derive(Debug)]
pub(super) enum Said {
    Statements(Vec<Statement>),
    Grants(Vec<PermissionGrant>),
}

impl Text {
    pub(super) fn read(source: Source, text: &str) -> Self {
        let read = match source {
            Source::Policy(_) => statements(text).map(Said::Statements),
            Source::Role(_) => grants(text).map(Said::Grants),
        };
        Self { text: text.into(), read }
    }
}

fn statements(text: &str) -> Result<Vec<Statement>, Arc<str>> {
    let mut errors = Errors::default();
    let read = read_statements(tree(text)?, "", &mut errors);
    errors.check(read).map_err(first)
}

/// Reads the grants of a role.
pub(in crate::store) fn grants(text: &str) -> Result<Vec<PermissionGrant>, Arc<str>> {
    let mut errors = Errors::default();
    let read = read_grants(tree(text)?, "", &mut errors);
    errors.check(read).map_err(first)
}

/// Reads one grant.
pub(in crate::store) fn grant(text: &str) -> Result<PermissionGrant, Arc<str>> {
    let mut errors = Errors::default();
    let read = read_grant(tree(text)?, "", &mut errors);
    errors.check(read).map_err(first)
}

fn tree(text: &str) -> Result<Node, Arc<str>> {
    parse(text.as_bytes()).map_err(|error| match error {
        ParseError::Invalid(errors) => first(errors),
        other @ ParseError::NotJson(_) => other.to_string().into(),
    })
}

fn first(errors: Errors) -> Arc<str> {
    let said = errors.into_vec().into_iter().next().map(|error| format!("{} {}", error.pointer, error.detail));
    said.unwrap_or_else(|| "it is incomplete".to_owned()).into()
}
