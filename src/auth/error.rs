//! Why a caller, a key or a token to be made is refused. No text here holds a token or a secret.

use super::secret_file::SecretFileError;
use std::path::PathBuf;
use thiserror::Error;

/// Why a caller is not let in: always a 401. `Display` says what to do and may be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthError {
    /// No credentials at all.
    #[error("no credentials: send `Authorization: Bearer <jwt>`")]
    Missing,
    /// More than one set of credentials.
    #[error("credentials are given twice: send one `Authorization` header, or one `bearer.<jwt>` protocol")]
    Duplicate,
    /// An `Authorization` scheme other than Bearer and Basic.
    #[error("the `Authorization` scheme is not known: use `Bearer <jwt>`, or `Basic` of `{{org}}_{{user_id}}:<jwt>`")]
    Scheme,
    /// Basic credentials that aren't `{org}_{user_id}:<jwt>`.
    #[error("the `Basic` credentials are not base64 of `{{org}}_{{user_id}}:<jwt>`: write them like that")]
    Basic,
    /// Basic credentials that name somebody else than the token.
    #[error("the `Basic` user is not the token's: use the token's own `{{org}}_{{user_id}}`")]
    BasicMismatch,
    /// A service's token in Basic credentials.
    #[error("`Basic` is for users: send a service's token as `Authorization: Bearer <jwt>`")]
    BasicService,
    /// Not a JWT that could be verified at all.
    #[error("the credentials are not a signed JWT of at most 8 KiB: get a new token")]
    Malformed,
    /// The header names a key that isn't known.
    #[error("the token's key id is not known here: get a token signed with a current key")]
    UnknownKey,
    /// The header's algorithm isn't the key's.
    #[error("the token's algorithm is not that of its key: get a token signed with the right one")]
    Algorithm,
    /// The header requires an extension (`crit`) that isn't understood.
    #[error("the token requires an extension that is not supported: get one without `crit`")]
    Critical,
    /// The signature isn't the key's.
    #[error("the token's signature is wrong: get a token signed with a current key")]
    Signature,
    /// A claim is missing, of the wrong type, or not what it must be.
    #[error("the token's claim `{claim}` {problem}")]
    Claim {
        /// The claim's name, as configured.
        claim: String,
        /// What is wrong and what it must be.
        problem: &'static str,
    },
    /// `exp` has passed.
    #[error("the token has expired: get a new one")]
    Expired,
    /// `nbf` or `iat` is still to come.
    #[error("the token is not valid yet: wait, or check the clocks of its issuer and this server")]
    NotYet,
    /// A service's token signed with a key that no service may use.
    #[error(
        "services are not accepted from this token's key: have it listed in `auth.service_keys`, or use another key"
    )]
    ServiceKey,
}

impl AuthError {
    /// The value of `WWW-Authenticate` for this refusal.
    #[must_use]
    pub fn challenge(&self) -> &'static str {
        match self {
            Self::Missing => "Bearer realm=\"permdex\", Basic realm=\"permdex\"",
            _ => "Bearer realm=\"permdex\", error=\"invalid_token\", Basic realm=\"permdex\"",
        }
    }
}

/// Why the keys can't be used.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The JWKS file can't be read.
    #[error("JWKS file `{}` cannot be read: check that it exists, is a file, and that permdex may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The JWKS file isn't a set of keys.
    #[error("JWKS file `{}` is not usable: {detail}", path.display())]
    Jwks {
        /// The file.
        path: PathBuf,
        /// What is wrong with which key.
        detail: String,
    },
    /// A secret too short for HS256.
    #[error("an HS256 secret is shorter than 32 bytes: make one with `openssl rand -base64 32`")]
    ShortSecret,
    /// The secret that permdex makes for itself can't be had.
    #[error("there is no secret for tokens: set `auth.hs256_secret` or `auth.jwks_file`, or mend the data directory")]
    SecretFile(#[from] SecretFileError),
    /// A key is required and none is configured.
    #[error(
        "listening on `{listen}`, which is not a loopback address, requires a key: set `auth.hs256_secret` or `auth.jwks_file`"
    )]
    ExplicitKey {
        /// The address.
        listen: std::net::SocketAddr,
    },
    /// The thread that watches the JWKS file can't be started.
    #[error("the JWKS file cannot be watched: the system refuses another thread")]
    Watch(#[source] std::io::Error),
}

/// Why a token can't be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MintError {
    /// No secret to sign with: the keys are a JWKS file's.
    #[error("no secret to sign with: set `auth.hs256_secret`, or get tokens from the issuer of the JWKS file")]
    NoSecret,
    /// The token would be refused.
    #[error("such a token would be refused")]
    Refused(#[source] AuthError),
    /// Not a usable time to live.
    #[error("`{0}` seconds is not a time to live: write 1 second to 3650 days")]
    Ttl(u64),
    /// A service is asked for, and its key may not sign services.
    #[error("services are not accepted from `hs256`: list it in `auth.service_keys`")]
    ServiceKey,
    /// A scope for a user.
    #[error("a scope narrows services only: leave it out for a user")]
    UserScope,
    /// Signing itself failed.
    #[error("the token cannot be signed")]
    Sign,
}
