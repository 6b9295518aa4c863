//! Where a request carries its token.

use super::claims::{Claims, Subject, is_organization, user_id};
use super::error::AuthError;
use crate::domain::UserId;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Longer tokens are refused before anything is computed.
const TOKEN_BYTES: usize = 8 * 1024;
/// `{org}_{user_id}:` in front of a token.
const BASIC_BYTES: usize = 128;
const PROTOCOL_PREFIX: &str = "bearer.";

/// A token, and who the request says it is for.
pub(super) struct Credentials<'a> {
    pub token: Cow<'a, str>,
    /// Of `Basic`: what the token must say too.
    named: Option<(String, UserId)>,
}

impl<'a> Credentials<'a> {
    pub(super) fn from_headers(headers: &'a HeaderMap) -> Result<Self, AuthError> {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let credentials = match (given.next(), given.next()) {
            (None, _) => Self::from_protocols(headers),
            (Some(header), None) => Self::from_authorization(header),
            // Two readers could take a different one of the two.
            (Some(_), Some(_)) => Err(AuthError::Duplicate),
        }?;
        if credentials.token.len() <= TOKEN_BYTES { Ok(credentials) } else { Err(AuthError::Malformed) }
    }

    fn from_authorization(header: &'a HeaderValue) -> Result<Self, AuthError> {
        let text = std::str::from_utf8(header.as_bytes()).map_err(|_| AuthError::Malformed)?;
        let (scheme, rest) = text.split_once(' ').ok_or(AuthError::Scheme)?;
        let rest = rest.trim_matches(' ');
        if scheme.eq_ignore_ascii_case("bearer") {
            Ok(Self { token: Cow::Borrowed(rest), named: None })
        } else if scheme.eq_ignore_ascii_case("basic") {
            Self::from_basic(rest)
        } else {
            Err(AuthError::Scheme)
        }
    }

    fn from_basic(encoded: &str) -> Result<Self, AuthError> {
        if encoded.len() > (TOKEN_BYTES + BASIC_BYTES) * 2 {
            return Err(AuthError::Malformed);
        }
        let decoded = BASE64.decode(encoded).map_err(|_| AuthError::Basic)?;
        let text = String::from_utf8(decoded).map_err(|_| AuthError::Basic)?;
        let (name, token) = text.split_once(':').ok_or(AuthError::Basic)?;
        // An organization may contain `_`, an id can't: hence the last one.
        let (organization, id) = name.rsplit_once('_').ok_or(AuthError::Basic)?;
        let id = user_id(id).ok_or(AuthError::Basic)?;
        if !is_organization(organization) {
            return Err(AuthError::Basic);
        }
        Ok(Self { token: Cow::Owned(token.to_owned()), named: Some((organization.to_owned(), id)) })
    }

    /// The one protocol `bearer.<jwt>` among whatever else the browser offers.
    fn from_protocols(headers: &'a HeaderMap) -> Result<Self, AuthError> {
        let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let offered =
            lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok()).flat_map(|line| line.split(','));
        let mut tokens = offered.filter_map(|protocol| protocol.trim().strip_prefix(PROTOCOL_PREFIX));
        match (tokens.next(), tokens.next()) {
            (None, _) => Err(AuthError::Missing),
            (Some(token), None) => Ok(Self { token: Cow::Borrowed(token), named: None }),
            (Some(_), Some(_)) => Err(AuthError::Duplicate),
        }
    }

    /// Whether the token's claims are those that the request named beside it.
    pub(super) fn agree_with(&self, claims: &Claims) -> Result<(), AuthError> {
        let Some((organization, id)) = &self.named else {
            return Ok(());
        };
        match &claims.subject {
            Subject::Service(_) => Err(AuthError::BasicService),
            Subject::User(user) if user == id && claims.organization.as_ref() == Some(organization) => Ok(()),
            Subject::User(_) => Err(AuthError::BasicMismatch),
        }
    }
}

/// Clients differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
