//! The keys that tokens are signed with.

use super::exit::Failure;
use crate::auth::{Keys, Settings};
use crate::config::Config;

/// What `auth` needs of the configuration.
pub(super) fn settings(config: &Config) -> Settings {
    let auth = &config.auth;
    Settings {
        hs256_secret: auth.hs256_secret.clone(),
        jwks_file: auth.jwks_file.clone(),
        issuer: auth.issuer.clone(),
        audience: auth.audience.clone(),
        service_keys: auth.service_keys.clone(),
        subject_claim: auth.subject_claim.clone(),
        organization_claim: auth.organization_claim.clone(),
    }
}

/// The configured keys, else the data directory's own.
pub(super) fn load(config: &Config) -> Result<Keys, Failure> {
    Ok(Keys::load(&settings(config), &config.data_dir)?)
}
