//! What this room is told by the configuration's `[auth]`. Its own type, so that the room stands alone.

use secrecy::SecretString;
use std::path::PathBuf;

/// Keys and what claims must be; the fields are those of `[auth]`. `Settings::default()` configures no key.
#[derive(Debug, Clone)]
pub struct Settings {
    /// HS256 secrets of at least 32 bytes: the first signs, all verify.
    pub hs256_secret: Vec<SecretString>,
    /// A JWKS file.
    pub jwks_file: Option<PathBuf>,
    /// What `iss` must be, if checked.
    pub issuer: Option<String>,
    /// What `aud` must be or contain, if checked.
    pub audience: Option<String>,
    /// Whose tokens may be a service's: [`super::HS256`], or key ids of the JWKS file.
    pub service_keys: Vec<String>,
    /// The claim that holds the user id or `service:<name>`.
    pub subject_claim: String,
    /// The claim that holds the organization.
    pub organization_claim: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hs256_secret: Vec::new(),
            jwks_file: None,
            issuer: None,
            audience: None,
            service_keys: vec![super::HS256.to_owned()],
            subject_claim: "sub".to_owned(),
            organization_claim: "org".to_owned(),
        }
    }
}
