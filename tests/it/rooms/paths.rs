//! Which rooms and crates a piece of code names, wherever in it.

use std::collections::BTreeSet;

/// The first parts of all paths from the crate's root in `code`, which stands `depth` modules below it; `*` for the
/// whole root.
pub fn rooms(code: &str, depth: usize) -> BTreeSet<String> {
    let tokens = tokens(code);
    let mut found = BTreeSet::new();
    for at in 0..tokens.len() {
        if let Some(after) = root(&tokens[at..], depth) {
            found.extend(heads(&tokens[at + after..]));
        }
    }
    found
}

/// Whether a path in `code` starts with the crate `name`.
pub fn names_crate(code: &str, name: &str) -> bool {
    let tokens = tokens(code);
    tokens.iter().enumerate().any(|(at, token)| {
        let before = at.checked_sub(1).map(|before| tokens[before]);
        let after = tokens.get(at + 1).copied();
        *token == name && (after == Some("::") && before != Some("::") || before == Some("use"))
    })
}

/// How many tokens lead from here to the crate's root: `crate ::`, or enough of `super ::`.
fn root(tokens: &[&str], depth: usize) -> Option<usize> {
    match tokens {
        ["crate", "::", ..] => Some(2),
        ["crate", "as", ..] => Some(1),
        _ => {
            let supers = tokens.chunks(2).take_while(|pair| *pair == ["super", "::"]).count();
            (supers > 0 && supers == depth).then_some(2 * supers)
        }
    }
}

/// The first names of what follows a root: one, or those of a group.
fn heads(tokens: &[&str]) -> Vec<String> {
    match tokens {
        ["as" | "*", ..] => vec!["*".to_owned()],
        ["{", group @ ..] => group_heads(group),
        [name, ..] => vec![(*name).to_owned()],
        [] => vec![],
    }
}

fn group_heads(group: &[&str]) -> Vec<String> {
    let mut found = vec![];
    let (mut depth, mut expected) = (1, true);
    for token in group {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => expected = true,
            name if expected => {
                found.push(if name == "self" { "*" } else { name }.to_owned());
                expected = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// Names, `::`, and single other characters.
fn tokens(code: &str) -> Vec<&str> {
    let mut rest = code.trim_start();
    let mut tokens = vec![];
    while let Some(first) = rest.chars().next() {
        let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if rest.starts_with("::") { 2 } else { name.max(first.len_utf8()) };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}
