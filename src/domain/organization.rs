//! Organizations: the slugs that customers go by.

use crate::json::quoted;

/// Whether `text` can be an organization: what is wrong with it, if anything.
///
/// # Errors
/// What is wrong and what would be right.
pub fn check_organization(text: &str) -> Result<(), String> {
    let start = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=63).contains(&text.len())
        && text.bytes().next().is_some_and(start)
        && text.bytes().all(|byte| start(byte) || byte == b'_' || byte == b'-');
    if fits {
        return Ok(());
    }
    Err(format!(
        "`{}` is no organization: 1 to 63 of `a-z`, `0-9`, `_`, `-`, beginning with a letter or digit",
        quoted(text)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_is_a_slug() {
        for text in ["a", "acme", "0-_", &"x".repeat(63)] {
            assert!(check_organization(text).is_ok(), "{text}");
        }
        for text in ["", "-a", "_a", "Acme", "a.b", "é", &"x".repeat(64)] {
            assert!(check_organization(text).is_err(), "{text}");
        }
    }
}
