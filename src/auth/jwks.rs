//! A JWKS file's keys. What can't be used safely is refused here, so that verifying can't trip over it later.

use super::keys::{HS256, VerifyingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use std::collections::HashMap;

const KEYS: usize = 100;
const KID_BYTES: usize = 256;
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Key>,
}

/// The members that matter; others are allowed, as the standard says.
#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    #[serde(rename = "key_ops")]
    operations: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys of a JWKS by their id. Keys for other purposes or of other algorithms are passed over, as identity
/// providers publish them too; a key of ours that is broken refuses the whole file.
pub(super) fn parse(text: &[u8]) -> Result<HashMap<String, VerifyingKey>, String> {
    let set: Set = serde_json::from_slice(text).map_err(|error| format!("it is not a JSON Web Key Set ({error})"))?;
    if set.keys.len() > KEYS {
        return Err(format!("it has more than {KEYS} keys: leave out what is not used"));
    }
    let mut keys = HashMap::new();
    for (at, key) in set.keys.iter().enumerate() {
        let Some((algorithm, decoding)) = key.usable().map_err(|problem| format!("key {at}: {problem}"))? else {
            continue;
        };
        let kid = key.kid.clone().filter(|kid| (1..=KID_BYTES).contains(&kid.len()));
        let kid = kid.ok_or_else(|| format!("key {at}: it needs a `kid` of 1 to {KID_BYTES} bytes"))?;
        // Else listing `hs256` among the service keys would let this key make services.
        if kid == HS256 {
            return Err(format!("key {at}: the `kid` `{HS256}` means the HS256 secrets: give it another"));
        }
        if keys.insert(kid, VerifyingKey { algorithm, decoding }).is_some() {
            return Err(format!("key {at}: its `kid` is given twice: key ids must differ"));
        }
    }
    if keys.is_empty() {
        return Err("it has no RS256, ES256 or EdDSA key for signatures".to_owned());
    }
    Ok(keys)
}

impl Key {
    /// The algorithm is the key's alone. None: a key for something else.
    fn usable(&self) -> Result<Option<(Algorithm, DecodingKey)>, String> {
        let verifies = self.operations.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if self.usage.as_ref().is_some_and(|usage| usage != "sig") || !verifies {
            return Ok(None);
        }
        let (algorithm, name) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => (Algorithm::RS256, "RS256"),
            ("EC", Some("P-256")) => (Algorithm::ES256, "ES256"),
            ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, "EdDSA"),
            // A secret has no place in a file of public keys.
            ("oct", _) => return Err("it is a secret (`oct`): use `auth.hs256_secret`".to_owned()),
            _ => return Ok(None),
        };
        let other = |alg: &String| alg != name && !(name == "EdDSA" && alg == "Ed25519");
        if self.alg.as_ref().is_some_and(other) {
            return Ok(None);
        }
        let decoding = match algorithm {
            Algorithm::RS256 => self.rsa(),
            Algorithm::ES256 => self.p256(),
            _ => self.ed25519(),
        };
        decoding.map(|decoding| Some((algorithm, decoding)))
    }

    fn rsa(&self) -> Result<DecodingKey, String> {
        let (modulus, exponent) = (bytes(self.n.as_ref(), "n")?, bytes(self.e.as_ref(), "e")?);
        let bits = modulus.iter().skip_while(|byte| **byte == 0).count() * 8;
        let exponent_value =
            exponent.iter().try_fold(0_u32, |value, byte| value.checked_mul(256).map(|value| value | u32::from(*byte)));
        let usual = exponent_value.is_some_and(|value| value >= 3 && value % 2 == 1);
        if !RSA_BITS.contains(&bits) || !usual {
            return Err("it is not an RSA key of 2048 to 8192 bits with a usual exponent".to_owned());
        }
        Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
    }

    fn p256(&self) -> Result<DecodingKey, String> {
        let (x, y) = (bytes(self.x.as_ref(), "x")?, bytes(self.y.as_ref(), "y")?);
        if x.len() != 32 || y.len() != 32 {
            return Err("its `x` and `y` must be 32 bytes each".to_owned());
        }
        let point = [&[4_u8][..], &x, &y].concat();
        Ok(DecodingKey::from_ec_der(&point))
    }

    fn ed25519(&self) -> Result<DecodingKey, String> {
        let x = bytes(self.x.as_ref(), "x")?;
        // The library slices to 32 and would panic on less.
        if x.len() != 32 {
            return Err("its `x` must be 32 bytes".to_owned());
        }
        Ok(DecodingKey::from_ed_der(&x))
    }
}

fn bytes(text: Option<&String>, name: &str) -> Result<Vec<u8>, String> {
    let text = text.ok_or_else(|| format!("its `{name}` is missing"))?;
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("its `{name}` is not base64url"))
}
