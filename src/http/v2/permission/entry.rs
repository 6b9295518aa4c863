//! An entry of `permissions`, in checks and lists.

use crate::domain::{Conditions, Origin, PolicyId};
use crate::http::instant;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt::Display;
use utoipa::ToSchema;

/// What decided, or what is listed; borrowed from the answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a, R> {
    pub action: &'a str,
    pub allow: bool,
    pub resource: R,
    pub used_policies: &'a [PolicyId],
    pub origins: &'a [Origin],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<&'a Conditions>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant::optional")]
    pub until: Option<i64>,
}

/// Things that have a text, as an array of strings.
pub(super) struct Texts<'a, T>(pub &'a [T]);

impl<T: Display> Serialize for Texts<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::http::answer::as_texts(self.0, serializer)
    }
}

/// What decided, or what is listed.
#[derive(ToSchema)]
#[schema(as = Permission, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
pub(super) struct Described {
    /// The action asked; in a list, an action pattern.
    #[schema(example = "doc:read")]
    action: String,
    /// Whether it is allowed.
    allow: bool,
    /// The resource asked; with none asked, and in a list, resource patterns.
    #[schema(example = json!(["acrn:app:1:doc/7"]))]
    resource: Vec<String>,
    /// The policies that decided: the matching denies if any, else the matching allows.
    #[schema(example = json!([3]))]
    used_policies: Vec<i64>,
    /// Where what decided comes from.
    #[schema(example = json!(["securityGroup:5"]))]
    origins: Vec<String>,
    /// In a list: what must hold.
    conditions: Option<BTreeMap<String, serde_json::Value>>,
    /// In a list: from when on it is nothing (RFC 3339).
    #[schema(example = "2027-01-01T00:00:00Z")]
    until: Option<String>,
}
