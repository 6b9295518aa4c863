//! Roles: what is said of them beside their permission grants.

use crate::json::quoted;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A role's name has at most so many characters, trimmed.
pub const MAX_ROLE_NAME: usize = 256;
/// A role has at most so many permission grants.
pub const MAX_GRANTS: usize = 1_000;

/// How long a role that another took over from is readable by its id, and kept.
pub const READABLE_AFTER: Duration = Duration::from_hours(24);

/// What users of a role see first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrontendView {
    /// The clients' view.
    Client,
    /// The administrators' view.
    Admin,
}

impl FrontendView {
    /// As it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Admin => "admin",
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is neither `client` nor `admin`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "client" => Ok(Self::Client),
            "admin" => Ok(Self::Admin),
            other => Err(format!("`{}` is no view: `client` or `admin`", quoted(other))),
        }
    }
}

/// The name of a role: `text` without the blanks around it.
///
/// # Errors
/// What is wrong and what to do: it is empty, too long, has a NUL, or is a route of the role API.
pub fn role_name(text: &str) -> Result<&str, String> {
    let name = text.trim();
    let characters = name.chars().count();
    match name {
        "" => Err("the role's name is empty: give it one".to_owned()),
        "temporary_permission_grant" | "temporary_permission_grants" => {
            Err(format!("`{name}` is a route of the role API: choose another name"))
        }
        _ if characters > MAX_ROLE_NAME => {
            Err(format!("the role's name has {characters} characters: at most {MAX_ROLE_NAME} are allowed"))
        }
        // PostgreSQL keeps none.
        _ if name.contains('\0') => Err("the role's name has a NUL character: leave it out".to_owned()),
        name => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_by_any_text_that_is_no_route() {
        for (text, name) in [("editor", "editor"), (" Größter Chef\n", "Größter Chef"), ("a/b?c", "a/b?c")] {
            assert_eq!(role_name(text), Ok(name));
        }
        assert!(role_name(&"ä".repeat(256)).is_ok() && role_name(&format!(" {} ", "ä".repeat(256))).is_ok());
        let long = "a".repeat(257);
        for text in ["", " \t", "temporary_permission_grant", " temporary_permission_grants ", "a\0b", &long] {
            assert!(role_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_view_is_read_as_it_is_written() {
        for view in [FrontendView::Client, FrontendView::Admin] {
            assert_eq!(FrontendView::parse(view.as_str()), Ok(view));
        }
        assert!(FrontendView::parse("Client").is_err());
    }
}
