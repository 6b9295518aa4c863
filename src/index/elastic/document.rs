//! A document as JSON: the fields that are searched, and the readable truth that check and list evaluate.

use super::super::{Document, Fields, NestedEntry};
use crate::domain::{CustomerId, Effective, Permissions, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is written: names and order as in `../shared/index.md`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outgoing<'a> {
    user_id: UserId,
    customer_id: CustomerId,
    email: &'a str,
    ui_language: &'a str,
    active: bool,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    allow: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    deny: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    anywhere: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    statements: &'a [NestedEntry],
    permissions: &'a [Arc<Effective>],
    version: i64,
}

/// What is read back; the searched fields are skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Incoming {
    user_id: UserId,
    customer_id: CustomerId,
    email: Box<str>,
    ui_language: Box<str>,
    active: bool,
    permissions: Vec<Arc<Effective>>,
    version: i64,
}

/// Appends the document, on one line.
pub(super) fn encode(document: &Document, into: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let permissions = &document.permissions;
    let fields = Fields::of(permissions);
    let outgoing = Outgoing {
        user_id: permissions.user,
        customer_id: permissions.customer,
        email: &document.email,
        ui_language: &document.ui_language,
        active: permissions.active,
        allow: &fields.allow,
        deny: &fields.deny,
        anywhere: &fields.anywhere,
        statements: &fields.entries,
        permissions: &permissions.statements,
        version: document.version,
    };
    serde_json::to_writer(into, &outgoing)
}

/// Reads what [`encode`] wrote, in one pass: no tree of JSON values in between.
pub(super) fn decode(text: &str) -> Result<Document, serde_json::Error> {
    let Incoming { user_id: user, customer_id: customer, email, ui_language, active, permissions, version } =
        serde_json::from_str(text)?;
    let permissions = Permissions { user, customer, active, statements: permissions };
    Ok(Document { email, ui_language, permissions, version })
}
