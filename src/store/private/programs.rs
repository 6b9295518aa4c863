//! Which PostgreSQL server programs to use: PATH, else the newest under the usual folders.

use super::error::PrivateClusterError;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Our SQL needs this major version at least (migrations/README.md).
const OLDEST: u32 = 15;

/// Where distributions and packagers put the server programs; `*` is one folder, or the rest of its name.
const USUAL: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// A folder that holds `postgres` and `initdb` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) bin: PathBuf,
    pub(super) major: u32,
}

impl Programs {
    /// The programs for a cluster: of its own major version (`cluster`, what its `PG_VERSION` says), or for a
    /// new one the first of PATH, else the newest.
    pub(super) fn find(data: &Path, cluster: Option<&str>) -> Result<Self, PrivateClusterError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
        choose(&installed(on_path), data, cluster)
    }
}

/// All that is installed: PATH in its order, then the usual folders, newest first.
fn installed(on_path: Vec<PathBuf>) -> Vec<Programs> {
    let mut usual: Vec<_> = USUAL.iter().flat_map(|pattern| expand(pattern)).filter_map(read).collect();
    usual.sort_by_key(|programs| std::cmp::Reverse(programs.major));
    on_path.into_iter().filter_map(read).chain(usual).collect()
}

fn choose(installed: &[Programs], data: &Path, cluster: Option<&str>) -> Result<Programs, PrivateClusterError> {
    let (fit, old): (Vec<_>, Vec<_>) = installed.iter().partition(|programs| programs.major >= OLDEST);
    let Some(first) = fit.first() else {
        return Err(PrivateClusterError::NoPrograms { found: describe(&old) });
    };
    let Some(cluster) = cluster else { return Ok((*first).clone()) };
    fit.iter().find(|programs| programs.major.to_string() == cluster).map(|programs| (*programs).clone()).ok_or_else(
        || PrivateClusterError::Version {
            data: data.to_owned(),
            cluster: cluster.to_owned(),
            installed: describe(&fit),
        },
    )
}

fn describe(programs: &[&Programs]) -> String {
    let each = programs.iter().map(|programs| format!("PostgreSQL {} in `{}`", programs.major, programs.bin.display()));
    each.collect::<Vec<_>>().join(", ")
}

/// The folders that a pattern with one `*` stands for.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![] };
    let Some((parent, prefix)) = before.rsplit_once('/') else { return vec![] };
    let Ok(entries) = std::fs::read_dir(parent) else { return vec![] };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter(|name| name.to_str().is_some_and(|name| name.starts_with(prefix)))
        .map(|name| Path::new(parent).join(name).join(after.trim_start_matches('/')))
        .collect()
}

/// Reads the version of the programs in `bin`; nothing when they are not there or don't run.
fn read(bin: PathBuf) -> Option<Programs> {
    let postgres = bin.join("postgres");
    if !postgres.is_file() || !bin.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(postgres).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let major = major(std::str::from_utf8(&output.stdout).ok()?)?;
    Some(Programs { bin, major })
}

/// The major version in `postgres (PostgreSQL) 15.3 (Debian …)` or `… 18beta1`.
fn major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn programs(major: u32) -> Programs {
        Programs { bin: PathBuf::from(format!("/pg/{major}/bin")), major }
    }

    #[rstest]
    #[case("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15))]
    #[case("postgres (PostgreSQL) 18beta1\n", Some(18))]
    #[case("postgres (PostgreSQL) 17\n", Some(17))]
    #[case("postgres of somebody else 9\n", None)]
    fn the_major_version_is_read(#[case] says: &str, #[case] expected: Option<u32>) {
        assert_eq!(major(says), expected);
    }

    #[test]
    fn a_new_cluster_takes_the_first_that_is_new_enough() {
        let chosen = choose(&[programs(14), programs(16), programs(17)], Path::new("/d"), None).expect("one fits");
        assert_eq!(chosen, programs(16));
    }

    #[test]
    fn a_cluster_takes_its_own_version_wherever_it_is() {
        let chosen = choose(&[programs(18), programs(15)], Path::new("/d"), Some("15")).expect("one fits");
        assert_eq!(chosen, programs(15));
    }

    #[test]
    fn a_cluster_of_another_version_names_both() {
        let error = choose(&[programs(18)], Path::new("/d"), Some("15")).expect_err("none fits").to_string();
        assert!(error.contains("`/d` was made by PostgreSQL 15"), "{error}");
        assert!(error.contains("PostgreSQL 18 in `/pg/18/bin`"), "{error}");
    }

    #[test]
    fn without_programs_one_line_says_what_to_install_or_set() {
        let error = choose(&[], Path::new("/d"), None).expect_err("nothing is there").to_string();
        assert!(!error.contains('\n') && error.contains("apt install") && error.contains("PERMDEX__DATABASE__URL"));
        let error = choose(&[programs(14)], Path::new("/d"), None).expect_err("too old").to_string();
        assert!(error.contains("too old: PostgreSQL 14"), "{error}");
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_folders_name() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(root.path().join("pgsql-16/bin")).expect("made");
        std::fs::create_dir_all(root.path().join("other/bin")).expect("made");
        let pattern = format!("{}/pgsql-*/bin", root.path().display());
        assert_eq!(expand(&pattern), [root.path().join("pgsql-16/bin")]);
    }
}
