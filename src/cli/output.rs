//! Printing: data on stdout, all else on stderr.

use super::exit::{Exit, Failure};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Prints `value` as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(value)?;
    self::text(&text)
}

/// Prints `text` and a line end. A closed pipe (`permdex … | head`) is no failure.
pub(super) fn text(text: &str) -> Result<Exit, Failure> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Done),
    }
}

/// A table with these column heads, as wide as the terminal at most.
pub(super) fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(heads);
    table
}

/// Whether a person looks at stderr: only then bars move.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}
