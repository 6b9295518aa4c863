//! The built-in defaults: one documented TOML file, which is at once the list of known keys.

/// The text of `default.toml`, comments included: what `permdex config --defaults` may print.
pub(super) const TEXT: &str = include_str!("default.toml");
