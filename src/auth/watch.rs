//! A JWKS file and the thread that notices when it changes. No request ever waits for the file.

use super::error::KeysError;
use super::keys::{Shared, VerifyingKey, parse_jwks};
use std::collections::HashMap;
use std::fs;
use std::io::{Error, ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Weak;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

const FILE_BYTES: u64 = 1024 * 1024;
const CHECK_EVERY: Duration = Duration::from_secs(1);

type KeysById = HashMap<String, VerifyingKey>;

/// What tells two states of a file apart without reading it.
#[derive(PartialEq, Eq)]
struct Stamp {
    device_and_inode: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// A JWKS file and what was last seen of it.
pub(super) struct File {
    path: PathBuf,
    seen: Option<Stamp>,
    content: Vec<u8>,
    /// Whether two looks in a row found the same stamp: only then can no write hide behind the clock's grain.
    settled: bool,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, seen: None, content: Vec::new(), settled: false }
    }

    /// The keys to start with; a broken file is an error here.
    pub(super) fn first_keys(&mut self) -> Result<KeysById, KeysError> {
        self.look()?.unwrap_or_else(|| parse_jwks(&self.content).map_err(|detail| self.unusable(detail)))
    }

    /// The new keys if the file's content has changed since the last look, or why they can't be used.
    fn look(&mut self) -> Result<Option<Result<KeysById, KeysError>>, KeysError> {
        let path = self.path.clone();
        let unreadable = |cause: Error| KeysError::Read { path, cause };
        // The stamp before the content: the other way round, a write between the two would never be noticed.
        let metadata = fs::metadata(&self.path).map_err(unreadable.clone())?;
        let stamp = Stamp::of(&metadata);
        let same = self.seen.as_ref() == Some(&stamp);
        if same && self.settled {
            return Ok(None);
        }
        // Reading anything else, such as a pipe, could block for ever.
        if !metadata.is_file() {
            return Err(unreadable(ErrorKind::InvalidInput.into()));
        }
        let mut content = Vec::new();
        let opened = fs::File::open(&self.path).map_err(unreadable.clone())?;
        opened.take(FILE_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
        (self.settled, self.seen) = (same, Some(stamp));
        if content == self.content {
            return Ok(None);
        }
        self.content = content;
        if self.content.len() as u64 > FILE_BYTES {
            return Ok(Some(Err(self.unusable("it is larger than 1 MiB".to_owned()))));
        }
        Ok(Some(parse_jwks(&self.content).map_err(|detail| self.unusable(detail))))
    }

    fn unusable(&self, detail: String) -> KeysError {
        KeysError::Jwks { path: self.path.clone(), detail }
    }
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device_and_inode: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Keeps the watching thread alive; dropping it ends the thread.
pub(super) struct Watch {
    _alive: SyncSender<()>,
}

/// Tells the thread whose keys to replace.
pub(super) struct Ready(SyncSender<Weak<Shared>>);

impl Ready {
    pub(super) fn watch(self, keys: Weak<Shared>) {
        // Fails only when the thread is gone, and then there is nothing to tell.
        let _ = self.0.send(keys);
    }
}

impl Watch {
    pub(super) fn start(mut file: File) -> Result<(Self, Ready), KeysError> {
        let (alive, ended) = sync_channel(0);
        let (ready, whose) = sync_channel::<Weak<Shared>>(1);
        let body = move || {
            if let Ok(keys) = whose.recv() {
                run(&mut file, &keys, &ended);
            }
        };
        std::thread::Builder::new().name("jwks-watch".to_owned()).spawn(body).map_err(KeysError::Watch)?;
        Ok((Self { _alive: alive }, Ready(ready)))
    }
}

fn run(file: &mut File, keys: &Weak<Shared>, ended: &Receiver<()>) {
    let mut was_broken = false;
    while ended.recv_timeout(CHECK_EVERY) == Err(RecvTimeoutError::Timeout) {
        let Some(keys) = keys.upgrade() else { return };
        was_broken = check(file, &keys, was_broken);
    }
}

/// One look at the file. Returns whether it is broken now.
fn check(file: &mut File, keys: &Shared, was_broken: bool) -> bool {
    let path = file.path.clone();
    match file.look() {
        Ok(None) => was_broken,
        Ok(Some(Ok(new))) => {
            tracing::info!(
                keys = new.len(),
                "JWKS file `{}` has changed: {} keys taken over",
                path.display(),
                new.len()
            );
            keys.replace(new);
            false
        }
        // Said once a state, not once a second.
        Ok(Some(Err(problem))) => {
            tracing::error!(error = %problem, "the JWKS file can't be used: the keys before it stay in use");
            true
        }
        Err(problem) => {
            if !was_broken {
                let why = std::error::Error::source(&problem).map(ToString::to_string).unwrap_or_default();
                let error = format_args!("{problem} ({why})");
                tracing::error!(%error, "the JWKS file can't be used: the keys before it stay in use");
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ED25519, jwks};
    use super::super::{Keys, KeysError, Settings};
    use super::{File, check};

    const SECOND: &str = "another-secret-of-thirty-two-bytes-or-more";

    fn knows(keys: &Keys, kid: &str) -> bool {
        keys.current().candidates(Some(kid)).is_some()
    }

    #[test]
    fn a_changed_file_is_taken_over_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, jwks(&[("one", ED25519)])).unwrap();
        let mut file = File::new(path.clone());
        let keys = Keys::with(&Settings::default(), &[SECOND.into()]).unwrap();
        keys.0.replace(file.first_keys().unwrap());
        assert!(knows(&keys, "one") && knows(&keys, "hs256"));

        std::fs::write(&path, jwks(&[("two", ED25519)])).unwrap();
        assert!(!check(&mut file, &keys.0, false));
        assert!(knows(&keys, "two") && !knows(&keys, "one") && knows(&keys, "hs256"));

        for broken in ["{", "", "{\"keys\":[]}"] {
            std::fs::write(&path, broken).unwrap();
            assert!(check(&mut file, &keys.0, false));
            assert!(knows(&keys, "two"));
        }
        std::fs::remove_file(&path).unwrap();
        assert!(check(&mut file, &keys.0, true));
        assert!(knows(&keys, "two"));
        std::fs::write(&path, jwks(&[("three", ED25519)])).unwrap();
        assert!(!check(&mut file, &keys.0, true));
        assert!(knows(&keys, "three"));
    }

    #[test]
    fn an_unchanged_file_keeps_the_verified_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, jwks(&[("one", ED25519)])).unwrap();
        let mut file = File::new(path.clone());
        let keys = Keys::with(&Settings::default(), &[SECOND.into()]).unwrap();
        keys.0.replace(file.first_keys().unwrap());
        let before = keys.current();
        std::fs::write(&path, jwks(&[("one", ED25519)])).unwrap();
        check(&mut file, &keys.0, false);
        check(&mut file, &keys.0, false);
        assert!(std::sync::Arc::ptr_eq(&before, &keys.current()));
    }

    #[test]
    fn the_thread_notices_a_change_and_ends_with_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, jwks(&[("one", ED25519)])).unwrap();
        let settings = Settings { jwks_file: Some(path.clone()), ..Settings::default() };
        let keys = Keys::with(&settings, &[]).unwrap();
        std::fs::write(&path, jwks(&[("two", ED25519)])).unwrap();
        while !knows(&keys, "two") {
            std::thread::yield_now();
        }
        let shared = std::sync::Arc::downgrade(&keys.0);
        drop(keys);
        while shared.strong_count() > 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_broken_file_at_the_start_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings { jwks_file: Some(folder.path().to_owned()), ..Settings::default() };
        assert!(matches!(Keys::with(&settings, &[]), Err(KeysError::Read { .. })));
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, "{}").unwrap();
        settings.jwks_file = Some(path);
        assert!(matches!(Keys::with(&settings, &[]), Err(KeysError::Jwks { .. })));
    }
}
