//! How single values are read and written: addresses, lists, secrets; an empty string is "not set".
//!
//! No message here repeats what it was given unless it can't be a secret.

use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use std::net::SocketAddr;

/// What stands for a secret that is set.
pub(super) const MASK: &str = "***";

fn parse_address<E: serde::de::Error>(text: &str) -> Result<SocketAddr, E> {
    text.parse().map_err(|_| {
        E::custom(format_args!("`{text}` is not an IP address with a port: write it like `127.0.0.1:8080`"))
    })
}

pub(super) fn address<'de, D: Deserializer<'de>>(input: D) -> Result<SocketAddr, D::Error> {
    parse_address(&String::deserialize(input)?)
}

/// Parts separated by commas, trimmed. Empty text is an empty list; an empty part stays, for the bounds to refuse.
fn split(text: &str) -> Vec<String> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    text.split(',').map(|part| part.trim().to_owned()).collect()
}

pub(super) fn list<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    match OneOrMany::deserialize(input) {
        Ok(OneOrMany::One(text)) => Ok(split(&text)),
        Ok(OneOrMany::Many(parts)) => Ok(parts),
        Err(_) => Err(D::Error::custom("must be text, separated by commas, or a list of texts")),
    }
}

pub(super) mod optional_text {
    use super::{Deserialize, Deserializer, Serializer};

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
        Ok(Some(String::deserialize(input)?).filter(|text| !text.is_empty()))
    }

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(text: &Option<String>, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(text.as_deref().unwrap_or_default())
    }
}

pub(super) mod optional_path {
    use super::{Deserializer, Serializer, optional_text};
    use std::path::PathBuf;

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(optional_text::deserialize(input)?.map(PathBuf::from))
    }

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(&path.as_deref().unwrap_or_else(|| "".as_ref()).display())
    }
}

pub(super) mod optional_address {
    use super::{Deserializer, Serializer, SocketAddr, optional_text, parse_address};

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<SocketAddr>, D::Error> {
        optional_text::deserialize(input)?.map(|text| parse_address(&text)).transpose()
    }

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(address: &Option<SocketAddr>, output: S) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => output.collect_str(address),
            None => output.serialize_str(""),
        }
    }
}

pub(super) mod optional_secret {
    use super::{Deserializer, ExposeSecret, MASK, SecretString, Serializer};

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<SecretString>, D::Error> {
        let secret = super::secret(input)?;
        Ok(Some(secret).filter(|secret| !secret.expose_secret().is_empty()))
    }

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(secret: &Option<SecretString>, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(if secret.is_some() { MASK } else { "" })
    }
}

pub(super) mod secrets {
    use super::{Deserializer, ExposeSecret, MASK, SecretString, Serializer, split};

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<SecretString>, D::Error> {
        let all = super::secret(input)?;
        Ok(split(all.expose_secret()).into_iter().map(SecretString::from).collect())
    }

    pub fn serialize<S: Serializer>(secrets: &[SecretString], output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(if secrets.is_empty() { "" } else { MASK })
    }
}

/// The library's own message would quote what it found instead of text.
fn secret<'de, D: Deserializer<'de>>(input: D) -> Result<SecretString, D::Error> {
    SecretString::deserialize(input).map_err(|_| D::Error::custom("must be text, in quotes"))
}
