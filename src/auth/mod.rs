//! Who is calling: tokens in, claims out.
//!
//! Lives here: the keys (HS256 secrets, a JWKS file), reading credentials from headers, verifying and minting tokens,
//! the secret that permdex makes for itself. Must not: know an HTTP framework beyond `HeaderMap`, ask whether a user
//! exists or may do anything (`service`), or read a clock other than `Clock`. `http` verifies with it, `cli` mints.

mod claims;
mod credentials;
mod error;
mod jwks;
mod keys;
mod mint;
mod scope;
mod secret_file;
mod settings;
mod verify;
mod watch;

pub use claims::{Claims, Subject};
pub use error::{AuthError, KeysError, MintError};
pub use keys::{HS256, Keys};
pub use mint::{MintRequest, mint};
pub use scope::Scope;
pub use secret_file::{SecretFileError, load_or_create_secret, require_explicit_key};
pub use settings::Settings;
pub use verify::Verifier;

#[cfg(test)]
mod tests;
