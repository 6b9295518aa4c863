//! From headers to claims.

use super::claims::{Claims, Payload};
use super::credentials::Credentials;
use super::error::AuthError;
use super::keys::{KeySet, Keys, VerifyingKey};
use crate::clock::Clock;
use axum::http::HeaderMap;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use std::sync::Arc;

/// Tokens that are remembered as verified.
const REMEMBERED: usize = 10_000;
/// Longer tokens are verified anew each time, so that the cache stays below 40 MB.
const REMEMBERED_BYTES: usize = 4 * 1024;

/// Tokens whose signature and claims were found good, by the exact token. Their times are judged at each use.
pub(super) struct Cache(quick_cache::sync::Cache<Box<str>, Arc<Claims>>);

impl Default for Cache {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::new(REMEMBERED))
    }
}

impl Cache {
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Verifies callers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Keys,
    clock: Clock,
}

impl Verifier {
    /// A verifier with these keys and this time.
    #[must_use]
    pub fn new(keys: Keys, clock: Clock) -> Self {
        Self { keys, clock }
    }

    /// Who sends these headers: `Authorization: Bearer` or `Basic`, else the protocol `bearer.<jwt>`. A token that was
    /// verified before costs a look-up. Whether a user exists and belongs to the organization is not asked here.
    ///
    /// # Errors
    /// No credentials, or credentials that are not good now; all of them are a 401.
    pub fn verify(&self, headers: &HeaderMap) -> Result<Arc<Claims>, AuthError> {
        let credentials = Credentials::from_headers(headers)?;
        let claims = self.token(&credentials.token)?;
        credentials.agree_with(&claims)?;
        Ok(claims)
    }

    fn token(&self, token: &str) -> Result<Arc<Claims>, AuthError> {
        let now = self.clock.micros();
        let keys = self.keys.current();
        if let Some(claims) = keys.cache.0.get(token) {
            claims.at(now)?;
            return Ok(claims);
        }
        let claims = Arc::new(self.signed(&keys, token)?);
        claims.at(now)?;
        if token.len() <= REMEMBERED_BYTES {
            keys.cache.0.insert(token.into(), claims.clone());
        }
        Ok(claims)
    }

    fn signed(&self, keys: &KeySet, token: &str) -> Result<Claims, AuthError> {
        let header = decode_header(token).map_err(|error| refusal(error.kind()))?;
        if header.crit.is_some() {
            return Err(AuthError::Critical);
        }
        let (name, candidates) = keys.candidates(header.kid.as_deref()).ok_or(AuthError::UnknownKey)?;
        let mut last = AuthError::UnknownKey;
        for key in candidates {
            match signed_by(key, token) {
                Ok(payload) => return payload.judge(&self.keys.0.rules, name),
                // Perhaps another secret's.
                Err(AuthError::Signature) => last = AuthError::Signature,
                Err(refused) => return Err(refused),
            }
        }
        Err(last)
    }
}

/// The payload, if `key` has signed it with the key's own algorithm.
fn signed_by(key: &VerifyingKey, token: &str) -> Result<Payload, AuthError> {
    let mut validation = Validation::new(key.algorithm);
    // Claims are judged by `Payload::judge` and `Claims::at`: time comes from `Clock`.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    decode(token, &key.decoding, &validation).map(|data| data.claims).map_err(|error| refusal(error.kind()))
}

fn refusal(kind: &ErrorKind) -> AuthError {
    match kind {
        ErrorKind::InvalidSignature => AuthError::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => AuthError::Algorithm,
        _ => AuthError::Malformed,
    }
}
