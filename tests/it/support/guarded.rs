//! A temporary directory whose PostgreSQL servers end with whoever holds it, even if that is killed: statics are
//! never dropped, and a SIGKILL runs nothing of ours. A shell waits for the end of a pipe that we hold.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Waits for the pipe's end, then ends every server below `$1` and removes the directory. Bounded: some 25 s.
const WATCH: &str = r#"
cat >/dev/null
tries=0
while [ -d "$1" ] && [ "$tries" -lt 250 ]; do
    tries=$((tries + 1))
    alive=
    for file in $(find "$1" -name postmaster.pid 2>/dev/null); do
        pid=$(head -n 1 "$file" 2>/dev/null)
        # Whoever works in the cluster is its server; the file may name somebody else.
        if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$(dirname "$file")" ]; then
            kill -QUIT "$pid" 2>/dev/null && alive=yes
        fi
    done
    # A server that has yet to write its file finds no directory, and one that lives on is asked again.
    [ -n "$alive" ] || rm -rf "$1"
    sleep 0.1
done
"#;

/// The directory. Dropping it ends the servers in it and waits for that; its path holds no blanks.
#[derive(Debug)]
pub struct Guarded {
    path: PathBuf,
    watch: Child,
}

impl Guarded {
    /// A new directory with mode 0700.
    pub fn new() -> Self {
        let path = tempfile::Builder::new().prefix("permdex-test-").tempdir().expect("a temporary directory").keep();
        let path = path.canonicalize().expect("it is there");
        std::fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("it is ours");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WATCH, "sh"]).arg(&path);
        // Neither a Ctrl-C nor a reader of our output may wait for it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watch = command.spawn().expect("a shell");
        Self { path, watch }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        self.watch.wait().expect("the shell ends");
    }
}
