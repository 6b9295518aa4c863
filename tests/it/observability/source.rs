//! Calls of macros in `src`, with their arguments: as far as log lines and metrics need it.

use std::fs;
use std::path::{Path, PathBuf};

/// A call of a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Where: the file, for messages.
    pub file: String,
    /// `error` of `tracing::error!(…)`.
    pub name: String,
    /// Its arguments, as they are written.
    pub arguments: Vec<String>,
}

/// All calls of the macros `names` in the source, its tests aside.
pub fn calls(names: &[&str]) -> Vec<Call> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    find(&src, &mut files);
    assert!(files.len() > 100, "src was not read: {files:?}");
    let mut all = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        let file = path.strip_prefix(&src).expect("found below src").display().to_string();
        let found = calls_in(&text, names).into_iter();
        all.extend(found.map(|(name, arguments)| Call { file: file.clone(), name, arguments }));
    }
    all
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "tests" {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}

fn calls_in(text: &str, names: &[&str]) -> Vec<(String, Vec<String>)> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest);
        if let Some(length) = length {
            rest = &rest[length..];
            continue;
        }
        let word: String = rest.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
        if word.is_empty() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        rest = &rest[word.len()..];
        if let Some(inside) = rest.strip_prefix("!(").filter(|_| names.contains(&word.as_str())) {
            let (arguments, length) = arguments(inside);
            found.push((word, arguments));
            rest = &inside[length..];
        }
    }
    found
}

/// The arguments up to the closing parenthesis, and how long that is.
fn arguments(text: &str) -> (Vec<String>, usize) {
    let (mut all, mut one, mut depth, mut at) = (Vec::new(), String::new(), 0, 0);
    while let Some(c) = text[at..].chars().next() {
        let length = skipped(&text[at..]);
        if let Some(length) = length {
            // Comments are nobody's argument.
            if !text[at..].starts_with('/') {
                one.push_str(&text[at..at + length]);
            }
            at += length;
            continue;
        }
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            all.push(std::mem::take(&mut one).trim().to_owned());
        } else {
            one.push(c);
        }
        at += c.len_utf8();
    }
    all.push(one.trim().to_owned());
    all.retain(|argument| !argument.is_empty());
    (all, at)
}

/// The length of the comment, string or character that `text` begins with.
fn skipped(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if let Some(inside) = text.strip_prefix('"') {
        return Some(1 + until_quote(inside, '"'));
    }
    if let Some(raw) = text.strip_prefix("r#\"") {
        return Some(3 + raw.find("\"#").map_or(raw.len(), |at| at + 2));
    }
    let character = text.strip_prefix('\'')?;
    let mut chars = character.chars();
    let (first, second) = (chars.next()?, chars.next()?);
    // Else it is a lifetime.
    (first == '\\' || second == '\'').then(|| 1 + until_quote(character, '\''))
}

fn until_quote(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        if c == quote && !escaped {
            return at + c.len_utf8();
        }
        escaped = c == '\\' && !escaped;
    }
    inside.len()
}

/// The text of a string literal, its lines joined as the compiler joins them.
pub fn text_of(literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut lines = inside.split("\\\n");
    let first = lines.next()?.to_owned();
    Some(lines.fold(first, |text, line| text + line.trim_start()).replace("\\\"", "\""))
}

#[test]
fn calls_are_found_with_their_arguments() {
    let text = r#"
        // error!("a comment")
        fn a<'l>() { let c = '"'; tracing::error!(target: "t", user.id = %f(1, ")"), error, // why
            "it is `{}`, \
             and so on", x); warned!("x"); info!("{") }
        #[cfg(test)]
mod tests { error!("a test") }"#
        .replace("        #[cfg(test)]", "#[cfg(test)]");
    let found = calls_in(&text, &["error", "info"]);
    let [(error, arguments), (info, text)] = &*found else { panic!("{found:?}") };
    assert_eq!((&**error, &**info, &**text), ("error", "info", &["\"{\"".to_owned()][..]));
    let [target, user, field, message, x] = &**arguments else { panic!("{arguments:?}") };
    assert_eq!([target, user, field, x], ["target: \"t\"", "user.id = %f(1, \")\")", "error", "x"]);
    assert_eq!(text_of(message).as_deref(), Some("it is `{}`, and so on"));
}
