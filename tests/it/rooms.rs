//! The rules of the house, over the text of `src`: who may use whom, what the domain is free of, how long a file may
//! be and how a room opens. A rule that nobody runs decays.

mod paths;
mod source;

use source::{code, without_tests};
use std::fs;
use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 500;

/// Every room and the rooms it may use, itself aside: domain <- store, index <- refresh, service <- http <- cli.
const ROOMS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("json", &[]),
    ("domain", &["json"]),
    ("telemetry", &[]),
    ("config", &["domain"]),
    ("auth", &["clock", "json", "domain"]),
    ("queue", &["clock", "telemetry"]),
    ("store", &["clock", "json", "domain", "telemetry"]),
    ("index", &["clock", "json", "domain", "telemetry"]),
    ("refresh", &["clock", "json", "domain", "queue", "store", "index", "telemetry"]),
    ("service", &["clock", "json", "domain", "queue", "store", "index", "auth", "telemetry"]),
    (
        "http",
        &["clock", "json", "domain", "queue", "store", "index", "refresh", "service", "auth", "config", "telemetry"],
    ),
    ("cli", &["*"]),
];

/// These decide, and do nothing.
const PURE: &[&str] = &["domain", "json"];

/// What does I/O.
const IO: &[&str] = &["axum", "elasticsearch", "hyper", "reqwest", "sqlx", "tokio", "tower", "tower_http"];

/// A file of `src`: its path below `src`, and its text.
struct File {
    path: PathBuf,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.to_owned() }
    }

    /// The first part of its path: `domain` for `domain/id.rs`, `clock` for `clock.rs`.
    fn room(&self) -> String {
        let first = self.path.components().next().expect("a file has a path");
        Path::new(first.as_os_str()).with_extension("").display().to_string()
    }

    /// How many modules deep it is: 1 for `domain/mod.rs` and `clock.rs`, 2 for `domain/id.rs`.
    fn depth(&self) -> usize {
        self.path.components().count() - usize::from(self.path.ends_with("mod.rs"))
    }

    /// The crate's roots hold the rooms, and are in none.
    fn is_root(&self) -> bool {
        ["lib", "main"].contains(&self.room().as_str())
    }

    fn is_test(&self) -> bool {
        self.path.components().any(|part| ["tests", "tests.rs"].iter().any(|name| part.as_os_str() == *name))
    }

    fn code(&self) -> String {
        without_tests(&code(&self.text))
    }

    /// What is wrong with it, in words.
    fn faults(&self) -> Vec<String> {
        let mut faults = self.opening();
        if !self.is_test() {
            faults.extend(self.length());
            faults.extend(self.arrows());
            faults.extend(self.impurities());
        }
        faults.into_iter().map(|fault| format!("src/{}: {fault}", self.path.display())).collect()
    }

    fn opening(&self) -> Vec<String> {
        let opens = self.text.starts_with("//! ") || !self.path.ends_with("mod.rs");
        if opens { vec![] } else { vec!["opens without a `//!` that says what lives here".to_owned()] }
    }

    fn length(&self) -> Option<String> {
        let lines = self.code().lines().count();
        (lines > LONGEST_FILE).then(|| format!("{lines} lines without its tests, split it at {LONGEST_FILE}"))
    }

    fn arrows(&self) -> Vec<String> {
        let room = self.room();
        if self.is_root() {
            return vec![];
        }
        let Some((_, may_use)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            return vec![format!("`{room}` is a new room: give it a line in tests/it/rooms.rs")];
        };
        let allowed = |used: &str| used == room || may_use.contains(&used) || may_use.contains(&"*");
        let other = paths::rooms(&self.code(), self.depth()).into_iter().filter(|used| is_room(used) && !allowed(used));
        other.map(|used| format!("`{room}` must not use `{used}`")).collect()
    }

    fn impurities(&self) -> Vec<String> {
        if !PURE.contains(&self.room().as_str()) {
            return vec![];
        }
        let code = self.code();
        let used = IO.iter().filter(|name| paths::names_crate(&code, name));
        used.map(|name| format!("`{}` must not use `{name}`, it is pure", self.room())).collect()
    }
}

/// Macros of ours live at the root too, and belong to nobody.
fn is_room(name: &str) -> bool {
    name == "*" || ROOMS.iter().any(|(room, _)| *room == name)
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_house_keeps_its_rules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    files(&src, &mut paths);
    assert!(paths.len() > ROOMS.len(), "src was not read: {paths:?}");
    let faults: Vec<String> = paths
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).expect("source is UTF-8");
            let below = path.strip_prefix(&src).expect("found below src").to_owned();
            File { path: below, text }.faults()
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Each breaks one rule once.
#[rstest::rstest]
#[case::upwards("domain/id.rs", "use crate::store::Pool;", "src/domain/id.rs: `domain` must not use `store`")]
#[case::in_a_group("store/user.rs", "use crate::{domain::id::UserId, index};", "`store` must not use `index`")]
#[case::without_use("service/assign.rs", "fn a() { crate::http::problem() }", "`service` must not use `http`")]
#[case::by_super("queue/claim.rs", "use super::super::domain::id;", "`queue` must not use `domain`")]
#[case::by_star("queue/claim.rs", "use crate::*;", "`queue` must not use `*`")]
#[case::renamed("queue/claim.rs", "use crate as us;", "`queue` must not use `*`")]
#[case::io("domain/role.rs", "#[derive(sqlx::Type)] struct Id(i64);", "`domain` must not use `sqlx`, it is pure")]
#[case::io_by_use("domain/role.rs", "use tokio as t;", "`domain` must not use `tokio`, it is pure")]
#[case::new_room("utils.rs", "", "`utils` is a new room: give it a line in tests/it/rooms.rs")]
#[case::silent("index/mod.rs", "pub mod elastic;", "opens without a `//!` that says what lives here")]
fn a_fault_is_found(#[case] path: &str, #[case] text: &str, #[case] fault: &str) {
    let faults = File::new(path, text).faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].ends_with(fault), "{faults:?}");
}

#[rstest::rstest]
#[case::downwards("http/mod.rs", "//! Here.\nuse crate::service::App; use crate::domain::id::UserId;")]
#[case::own("queue/claim.rs", "use crate::queue::job::Job; use super::lease; use crate::clock::Clock;")]
#[case::words("domain/id.rs", "/// See [`crate::store`].\nconst A: &str = \"use sqlx::query\";")]
#[case::everything("cli/demo.rs", "use crate::http::serve; use crate::store::private;")]
#[case::root("lib.rs", "pub mod domain; pub use crate::http::serve;")]
#[case::tests("domain/id.rs", "fn a() {}\n#[cfg(test)]\nmod tests { use crate::store::b; }")]
fn what_is_allowed_is_no_fault(#[case] path: &str, #[case] text: &str) {
    assert_eq!(File::new(path, text).faults(), Vec::<String>::new());
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let line = "fn a() {}\n";
    let short = line.repeat(LONGEST_FILE - 1);
    let tests = format!("{short}#[cfg(test)]\nmod tests {{\n{}}}\n", line.repeat(100));
    assert_eq!(File::new("store/a.rs", &tests).faults(), Vec::<String>::new());
    let long = line.repeat(LONGEST_FILE + 1);
    assert_eq!(File::new("store/a.rs", &long).faults().len(), 1);
}
