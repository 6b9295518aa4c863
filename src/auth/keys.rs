//! The keys that tokens are verified and signed with, and the rules their claims are held to.

use super::error::KeysError;
use super::secret_file::load_or_create_secret;
use super::settings::Settings;
use super::verify::Cache;
use super::{jwks, watch};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use parking_lot::RwLock;
use secrecy::{ExposeSecret, SecretString};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// How `auth.service_keys` calls the HS256 secrets.
pub const HS256: &str = "hs256";
const SECRET_BYTES: usize = 32;

/// A key and the one algorithm it is for.
pub(super) struct VerifyingKey {
    pub algorithm: Algorithm,
    pub decoding: DecodingKey,
}

/// What claims must be, from the configuration.
#[derive(Debug)]
pub(super) struct Rules {
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub service_keys: HashSet<String>,
    pub subject_claim: String,
    pub organization_claim: String,
}

/// The keys of one moment, and the tokens verified with them: a change of keys forgets both in one step, so that no
/// token verified with an old key can slip into the new cache.
pub(super) struct KeySet {
    secrets: Arc<Vec<VerifyingKey>>,
    by_id: HashMap<String, VerifyingKey>,
    pub cache: Cache,
}

impl KeySet {
    fn new(secrets: Arc<Vec<VerifyingKey>>, by_id: HashMap<String, VerifyingKey>) -> Self {
        Self { secrets, by_id, cache: Cache::default() }
    }

    /// The name of the key for a token whose header names `kid`, and the keys to try. None: unknown.
    pub(super) fn candidates(&self, kid: Option<&str>) -> Option<(&str, &[VerifyingKey])> {
        match kid {
            None | Some(HS256) if !self.secrets.is_empty() => Some((HS256, &self.secrets)),
            None => None,
            Some(kid) => self.by_id.get_key_value(kid).map(|(name, key)| (&**name, std::slice::from_ref(key))),
        }
    }
}

/// All keys, shared by everybody who verifies or mints. Cheap to clone. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct Keys(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub rules: Rules,
    signing: Option<EncodingKey>,
    current: RwLock<Arc<KeySet>>,
    /// Its end ends the watching thread.
    _watch: Option<watch::Watch>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("rules", &self.0.rules).finish_non_exhaustive()
    }
}

impl Keys {
    /// The configured keys. With none configured, the secret that permdex keeps in `data_dir`, made if need be: call
    /// [`super::require_explicit_key`] first when serving. A JWKS file is watched from here on by a thread of its own.
    ///
    /// # Errors
    /// A secret too short; a JWKS file or a secret file that can't be used.
    pub fn load(config: &Settings, data_dir: &Path) -> Result<Self, KeysError> {
        if config.hs256_secret.is_empty() && config.jwks_file.is_none() {
            let own = load_or_create_secret(data_dir)?;
            return Self::with(config, std::slice::from_ref(&own));
        }
        Self::with(config, &config.hs256_secret)
    }

    /// The keys of `config` with these HS256 secrets instead of its own.
    ///
    /// # Errors
    /// As [`Keys::load`].
    pub fn with(config: &Settings, secrets: &[SecretString]) -> Result<Self, KeysError> {
        if secrets.iter().any(|secret| secret.expose_secret().len() < SECRET_BYTES) {
            return Err(KeysError::ShortSecret);
        }
        let verifying = |secret: &SecretString| VerifyingKey {
            algorithm: Algorithm::HS256,
            decoding: DecodingKey::from_secret(secret.expose_secret().as_bytes()),
        };
        let signing = secrets.first().map(|secret| EncodingKey::from_secret(secret.expose_secret().as_bytes()));
        let mut file = config.jwks_file.clone().map(watch::File::new);
        let by_id = match &mut file {
            Some(file) => file.first_keys()?,
            None => HashMap::new(),
        };
        let current = KeySet::new(Arc::new(secrets.iter().map(verifying).collect()), by_id);
        let (watch, ready) = file.map(watch::Watch::start).transpose()?.unzip();
        let shared =
            Shared { rules: Rules::of(config), signing, current: RwLock::new(Arc::new(current)), _watch: watch };
        let keys = Self(Arc::new(shared));
        if let Some(ready) = ready {
            ready.watch(Arc::downgrade(&keys.0));
        }
        Ok(keys)
    }

    pub(super) fn signing(&self) -> Option<&EncodingKey> {
        self.0.signing.as_ref()
    }

    pub(super) fn current(&self) -> Arc<KeySet> {
        self.0.current.read().clone()
    }
}

impl Shared {
    /// Takes over the keys of a JWKS file that has changed.
    pub(super) fn replace(&self, by_id: HashMap<String, VerifyingKey>) {
        let secrets = self.current.read().secrets.clone();
        *self.current.write() = Arc::new(KeySet::new(secrets, by_id));
    }
}

impl Rules {
    fn of(config: &Settings) -> Self {
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            service_keys: config.service_keys.iter().cloned().collect(),
            subject_claim: config.subject_claim.clone(),
            organization_claim: config.organization_claim.clone(),
        }
    }
}

pub(super) use jwks::parse as parse_jwks;
