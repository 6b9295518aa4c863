//! `docs/LOGS.md` has every line that the log can have, and no other.

use super::source::{Call, calls, text_of};
use std::collections::BTreeSet;
use std::fs;

/// A line: level, message with its places in braces, fields.
type Line = (String, String, BTreeSet<String>);

#[test]
fn every_log_line_is_documented_with_its_fields() {
    let logged: BTreeSet<Line> = calls(&["error", "warn", "info"]).iter().map(line).collect();
    assert!(logged.len() > 30, "the source was not read: {logged:?}");
    let documented = documented();
    let missing: Vec<_> = logged.difference(&documented).map(row).collect();
    assert!(missing.is_empty(), "docs/LOGS.md lacks, or has otherwise:\n{}", missing.join("\n"));
    let gone: Vec<_> = documented.difference(&logged).map(row).collect();
    assert!(gone.is_empty(), "docs/LOGS.md has, and the source no more:\n{}", gone.join("\n"));
}

fn line(call: &Call) -> Line {
    let place = call.arguments.iter().position(|argument| argument.starts_with('"'));
    let place = place.unwrap_or_else(|| panic!("a log line without a message: {call:?}"));
    let message = text_of(&call.arguments[place]).expect("a literal");
    let says_something = !message.starts_with('{') || message.matches('{').count() > 1;
    assert!(says_something, "a message that says nothing by itself can't be documented: {call:?}");
    let fields = call.arguments[..place].iter().filter(|argument| !argument.starts_with("target:")).map(|argument| {
        let name = argument.split('=').next().unwrap_or_default().trim();
        name.trim_start_matches(['%', '?']).to_owned()
    });
    (call.name.to_uppercase(), message, fields.collect())
}

/// The rows of its tables: level, message, fields, what to do.
fn documented() -> BTreeSet<Line> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LOGS.md");
    let text = fs::read_to_string(path).expect("docs/LOGS.md");
    let mut lines = BTreeSet::new();
    for row in text.lines() {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [level, message, fields, to_do] = &*cells else { continue };
        if !["ERROR", "WARN", "INFO"].contains(level) {
            continue;
        }
        assert!(!to_do.is_empty(), "says not what to do: {row}");
        let quoted = |text: &str| text.trim_matches('`').to_owned();
        let fields = fields.split(", ").map(quoted).filter(|field| !field.is_empty());
        let new = lines.insert(((*level).to_owned(), unquoted(message), fields.collect()));
        assert!(new, "twice: {row}");
    }
    lines
}

/// The text of a code span; one with backticks in it stands between two of them.
fn unquoted(cell: &str) -> String {
    let double = cell.strip_prefix("`` ").and_then(|cell| cell.strip_suffix(" ``"));
    double.or_else(|| cell.strip_prefix('`')?.strip_suffix('`')).unwrap_or(cell).to_owned()
}

/// As the table has it.
fn row((level, message, fields): &Line) -> String {
    let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
    let message = if message.contains('`') { format!("`` {message} ``") } else { format!("`{message}`") };
    format!("| {level} | {message} | {} | … |", fields.join(", "))
}
