//! Reads Rust source as far as the rules of the house need: without comments, literals and test modules.

/// `source` with comments, string and character literals blanked out; lines stay where they are.
pub fn code(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    while let Some(first) = rest.chars().next() {
        let skipped =
            comment(rest).or_else(|| string(rest)).or_else(|| raw_string(rest, &code)).or_else(|| character(rest));
        if let Some(length) = skipped {
            code.extend(rest[..length].chars().filter(|&c| c == '\n'));
            code.push(' ');
            rest = &rest[length..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// [`code`] without its `#[cfg(test)] mod … { }`.
pub fn without_tests(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::with_capacity(code.len());
    while let Some(start) = rest.find("#[cfg(test)]") {
        let (before, from) = rest.split_at(start);
        kept.push_str(before);
        let item = from["#[cfg(test)]".len()..].trim_start();
        let body = item.find(['{', ';']).filter(|&at| item.starts_with("mod ") && item[at..].starts_with('{'));
        rest = match body {
            Some(open) => &item[open + block(&item[open..])..],
            None => item,
        };
    }
    kept.push_str(rest);
    kept
}

/// The length of the block that `text` opens with.
fn block(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| {
        let (mut depth, mut at) = (0, 0);
        while at < text.len() {
            match text.as_bytes().get(at..at + 2) {
                Some(b"/*") => (depth, at) = (depth + 1, at + 2),
                Some(b"*/") => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                break;
            }
        }
        at
    })
}

fn string(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.char_indices().find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    Some(end.map_or(text.len(), |(at, _)| at + 2))
}

/// `r"…"`, `r#"…"#`, also after a `b` or `c`; `before` tells an `r` that starts a literal from one that ends a name.
fn raw_string(text: &str, before: &str) -> Option<usize> {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    let prefix = before.chars().rev().take_while(|&c| name(c)).count();
    if prefix > 0 && !(prefix == 1 && before.ends_with(['b', 'c'])) {
        return None;
    }
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let opened = 1 + hashes + 1;
    Some(inside.find(&close).map_or(text.len(), |at| opened + at + close.len()))
}

/// `'x'` and `'\n'`, which are no lifetimes.
fn character(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let mut chars = inside.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return inside[2..].find('\'').map(|at| 1 + 2 + at + 1);
    }
    chars.next().filter(|&(_, c)| c == '\'').map(|(at, _)| 1 + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        let source = "a // b\n/* c /* d */ e */ f \"g \\\" h\" r#\"i \" j\"# '\"' k<'l>('\\'', \"m\") for\"n\"";
        let words: String = code(source).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words, "a f k<'l>( , ) for");
    }

    #[test]
    fn lines_stay_where_they_are() {
        let source = "a\n/* b\nc */\nd \"e\nf\"\ng";
        assert_eq!(code(source).lines().position(|line| line == "g"), Some(5));
    }

    #[test]
    fn a_test_module_ends_where_its_block_ends() {
        let source = "a; #[cfg(test)]\nmod tests { fn b() { c } } d; #[cfg(test)] fn e() {} #[cfg(test)] mod f; g";
        let words: String = without_tests(source).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words, "a; d; fn e() {} mod f; g");
    }
}
