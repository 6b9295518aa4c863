//! The secret that permdex makes for itself when no key is configured, so that a first start needs nothing.

use super::error::KeysError;
use super::settings::Settings;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{SecretString, zeroize::Zeroize as _};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

const NAME: &str = "hs256.secret";
const RANDOM_BYTES: usize = 48;
const SHORTEST: usize = 32;
const LONGEST: u64 = 4096;

/// Why the secret file can't be used.
#[derive(Debug, Error)]
pub enum SecretFileError {
    /// It can't be made, or not be read.
    #[error("`{}` cannot be {action}: check that permdex may use its data directory", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Others than its owner may use it.
    #[error("`{}` may be used by others (mode {mode:o}): whoever read it can sign tokens; `chmod 600` it, or delete it to get a new one", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It doesn't hold a secret.
    #[error("`{}` does not hold a secret of 32 bytes or more: delete it to get a new one", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
    },
    /// The system has no random numbers.
    #[error("no random numbers can be had from the system")]
    Random,
}

/// The secret in `data_dir`, made at the first call (and said so in the log). Processes that start together get the
/// same one.
///
/// # Errors
/// The file can't be made or read, holds no secret, or others than its owner may use it.
pub fn load_or_create_secret(data_dir: &Path) -> Result<SecretString, SecretFileError> {
    let path = data_dir.join(NAME);
    if let Some(secret) = read(&path)? {
        return Ok(secret);
    }
    create(data_dir, &path)?;
    // Read back: if another process was faster, it is the other's.
    read(&path)?.ok_or(SecretFileError::Unusable { path })
}

/// # Errors
/// `listen` is not a loopback address and `auth` configures no key.
pub fn require_explicit_key(listen: SocketAddr, auth: &Settings) -> Result<(), KeysError> {
    let local = listen.ip().to_canonical().is_loopback();
    let explicit = !auth.hs256_secret.is_empty() || auth.jwks_file.is_some();
    if local || explicit { Ok(()) } else { Err(KeysError::ExplicitKey { listen }) }
}

fn read(path: &Path) -> Result<Option<SecretString>, SecretFileError> {
    let failed = |cause| SecretFileError::Io { path: path.to_owned(), action: "read", cause };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(cause)),
    };
    // Asked of the open file: the path could be another by now.
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    let unusable = || SecretFileError::Unusable { path: path.to_owned() };
    file.take(LONGEST).read_to_string(&mut text).map_err(|cause| match cause.kind() {
        ErrorKind::InvalidData => unusable(),
        _ => failed(cause),
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    let usable = secret.len() >= SHORTEST && metadata.len() <= LONGEST;
    let secret = usable.then(|| SecretString::from(secret));
    text.zeroize();
    secret.map(Some).ok_or_else(unusable)
}

fn create(data_dir: &Path, path: &Path) -> Result<(), SecretFileError> {
    let failed = |cause| SecretFileError::Io { path: path.to_owned(), action: "made", cause };
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(failed)?;
    let mut bytes = [0_u8; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| SecretFileError::Random)?;
    let mut text = URL_SAFE_NO_PAD.encode(bytes);
    bytes.zeroize();
    // Written beside and linked into place, which fails if the name is taken: nobody sees half a file, nobody loses.
    let beside = data_dir.join(format!(".{NAME}.{}", uuid::Uuid::new_v4()));
    let linked = write(&beside, &text).and_then(|()| match std::fs::hard_link(&beside, path) {
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(false),
        other => other.map(|()| true),
    });
    text.zeroize();
    let removed = std::fs::remove_file(&beside);
    let made = linked.map_err(failed)?;
    removed.map_err(failed)?;
    File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(failed)?;
    if made {
        tracing::info!(
            "no key is configured: tokens are signed with a new random secret, kept in `{}`",
            path.display()
        );
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{NAME, SecretFileError, load_or_create_secret, require_explicit_key};
    use crate::auth::Settings;
    use secrecy::ExposeSecret as _;
    use std::collections::HashSet;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn secret(folder: &Path) -> String {
        load_or_create_secret(folder).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn the_secret_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("deep/data");
        let first = secret(&data_dir);
        assert!(first.len() >= 32);
        assert_eq!(secret(&data_dir), first);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data_dir.join(NAME)), mode(&data_dir)), (0o600, 0o700));
        assert_eq!(std::fs::read_dir(&data_dir).unwrap().count(), 1, "nothing is left beside it");
        assert_ne!(secret(&folder.path().join("other")), first);
    }

    #[test]
    fn processes_that_start_together_get_the_same_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let start = std::sync::Barrier::new(8);
        let secrets: HashSet<String> = std::thread::scope(|scope| {
            let racer = || {
                start.wait();
                secret(path)
            };
            let racers: Vec<_> = (0..8).map(|_| scope.spawn(racer)).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(secrets.len(), 1);
    }

    #[test]
    fn a_secret_that_others_may_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let written = secret(folder.path());
        let path = folder.path().join(NAME);
        for mode in [0o640, 0o604, 0o620, 0o601] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = load_or_create_secret(folder.path()).unwrap_err();
            assert!(matches!(refused, SecretFileError::Exposed { mode: seen, .. } if seen == mode), "{refused}");
            assert!(refused.to_string().contains("chmod 600") && !refused.to_string().contains(&written));
        }
    }

    #[test]
    fn a_file_without_a_secret_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        secret(folder.path());
        for content in [&b"short"[..], b"", &[0xff; 64], &[b'a'; 5000]] {
            std::fs::write(folder.path().join(NAME), content).unwrap();
            let refused = load_or_create_secret(folder.path()).unwrap_err();
            assert!(matches!(refused, SecretFileError::Unusable { .. }), "{refused}");
        }
    }

    #[test]
    fn an_address_that_others_reach_requires_a_key() {
        let mut auth = Settings::default();
        for (address, local) in [
            ("127.0.0.1:8080", true),
            ("127.8.8.8:1", true),
            ("[::1]:8080", true),
            ("[::ffff:127.0.0.1]:8080", true),
            ("0.0.0.0:8080", false),
            ("[::]:8080", false),
            ("10.0.0.1:8080", false),
        ] {
            let listen = address.parse().unwrap();
            assert_eq!(require_explicit_key(listen, &auth).is_ok(), local, "{address}");
        }
        let open = "0.0.0.0:8080".parse().unwrap();
        auth.jwks_file = Some("jwks.json".into());
        assert!(require_explicit_key(open, &auth).is_ok());
        auth.jwks_file = None;
        auth.hs256_secret = vec!["a-secret-of-more-than-thirty-two-bytes".into()];
        assert!(require_explicit_key(open, &auth).is_ok());
    }
}
