//! What a node finds on disk when it starts: the distribution, and a directory of its own with its configuration.

use super::super::cache::cache;
use super::account::{Account, run};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may ask a node with [`Security::On`].
pub const USERNAME: &str = "permdex-test";
/// Guards nothing: the node is on loopback, empty, and gone after the test.
pub const PASSWORD: &str = "only-for-the-tests";
const PASSWORD_HASH: &str = "$2a$10$LRkiY3s/EK4ed78jNZ4l9uz/Iyb2ABuUu6sg/YhCYvzh4DE88iLdm";

/// Whether the node asks for credentials, and speaks TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Off,
    On,
    Tls,
}

/// In the node's directory: the authority that signed its certificate.
pub const CA_FILE: &str = "config/ca.pem";

/// The newest one that `scripts/fetch-elasticsearch` put into the cache.
pub fn distribution() -> Result<PathBuf, String> {
    let cache = cache();
    let entries = fs::read_dir(&cache).into_iter().flatten().flatten().map(|entry| entry.path());
    let found = entries
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("elasticsearch-")));
    found.max().ok_or_else(|| {
        format!(
            "no Elasticsearch in `{}`: `make test` fetches it, or set PERMDEX_TEST_ELASTICSEARCH_URL",
            cache.display()
        )
    })
}

/// A new one that the node's account can enter: a TMPDIR of root's own may be closed to it.
pub fn new_directory(account: Account) -> Result<PathBuf, String> {
    let bases = [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    let base = bases.iter().find(|base| account.can_read(base)).ok_or("no temporary directory can be read")?;
    let made = tempfile::Builder::new().prefix("permdex-elasticsearch-").tempdir_in(base).map_err(text)?;
    Ok(made.keep())
}

/// The distribution, copied when the account cannot read it where it is (a clone under a closed home directory).
pub fn readable_home(account: Account, distribution: &Path, directory: &Path) -> Result<PathBuf, String> {
    if account.can_read(&distribution.join("config/jvm.options")) {
        return Ok(distribution.to_owned());
    }
    let copy = directory.join("home");
    run(Command::new("cp").arg("-R").arg(distribution).arg(&copy))?;
    Ok(copy)
}

/// Its directories, settings and users.
pub fn configure(account: Account, home: &Path, directory: &Path, security: Security) -> Result<(), String> {
    let config = directory.join("config");
    run(Command::new("cp").arg("-R").arg(home.join("config")).arg(&config))?;
    for name in ["data", "logs", "snapshots", "tmp"] {
        fs::create_dir(directory.join(name)).map_err(text)?;
    }
    fs::write(config.join("elasticsearch.yml"), settings(directory, security)).map_err(text)?;
    if security == Security::Tls {
        certify(&config)?;
    }
    fs::write(config.join("users"), format!("{USERNAME}:{PASSWORD_HASH}\n")).map_err(text)?;
    fs::write(config.join("users_roles"), format!("superuser:{USERNAME}\n")).map_err(text)?;
    account.own(directory)
}

/// An authority of its own, and a certificate for the address where the node listens.
fn certify(config: &Path) -> Result<(), String> {
    let mut authority = CertificateParams::new([]).map_err(text)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "permdex tests");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(text)?).map_err(text)?;
    let key = KeyPair::generate().map_err(text)?;
    let node = CertificateParams::new(["127.0.0.1".to_owned()]).map_err(text)?;
    let node = node.signed_by(&key, &authority).map_err(text)?;
    fs::write(config.join("ca.pem"), authority.pem()).map_err(text)?;
    fs::write(config.join("node.pem"), node.pem()).map_err(text)?;
    fs::write(config.join("node.key"), key.serialize_pem()).map_err(text)
}

fn settings(directory: &Path, security: Security) -> String {
    let directory = directory.display();
    let tls = security == Security::Tls;
    let security = security != Security::Off;
    let tls = if tls {
        "xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.certificate: node.pem
xpack.security.http.ssl.key: node.key
"
    } else {
        ""
    };
    // Port 0: the kernel chooses. Disk watermarks off: a full disk of the developer is no test failure. The bound
    // on shards is for clusters that live longer than ours.
    format!(
        "cluster.name: permdex-test
node.name: permdex-test
path.data: {directory}/data
path.logs: {directory}/logs
path.repo: {directory}/snapshots
network.host: 127.0.0.1
http.port: 0
transport.port: 0
node.portsfile: true
discovery.type: single-node
xpack.security.enabled: {security}
cluster.routing.allocation.disk.threshold_enabled: false
cluster.max_shards_per_node: 10000
action.auto_create_index: false
{tls}"
    )
}

/// The error of something that needs no further word.
pub fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
