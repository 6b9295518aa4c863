//! Making tokens, for `permdex token` and whoever asks a running server on the command line.

use super::claims::Subject;
use super::error::MintError;
use super::keys::{HS256, Keys};
use super::verify::Verifier;
use crate::clock::Clock;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Header, encode};
use serde_json::{Map, Value};
use std::time::Duration;

const LONGEST: Duration = Duration::from_hours(3_650 * 24);

/// What a new token says.
#[derive(Debug, Clone)]
pub struct MintRequest {
    /// Who it speaks for.
    pub subject: Subject,
    /// The organization; a user needs one.
    pub organization: Option<String>,
    /// Actions separated by spaces; services only.
    pub scope: Option<String>,
    /// How long it is good: 1 second to 3650 days.
    pub ttl: Duration,
}

/// A token, signed with the first HS256 secret, that these keys accept now.
///
/// # Errors
/// No secret, or a token that would be refused: the reason says what to change.
pub fn mint(keys: &Keys, request: &MintRequest, clock: &Clock) -> Result<String, MintError> {
    let signing = keys.signing().ok_or(MintError::NoSecret)?;
    match request.subject {
        Subject::Service(_) if !keys.0.rules.service_keys.contains(HS256) => {
            return Err(MintError::ServiceKey);
        }
        Subject::User(_) if request.scope.is_some() => return Err(MintError::UserScope),
        _ => {}
    }
    if !(Duration::from_secs(1)..=LONGEST).contains(&request.ttl) {
        return Err(MintError::Ttl(request.ttl.as_secs()));
    }
    let payload = payload(keys, request, clock.micros().div_euclid(1_000_000));
    let token = encode(&Header::default(), &payload, signing).map_err(|_| MintError::Sign)?;
    // What is handed out is what is accepted, whatever the rules are.
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| MintError::Sign)?);
    Verifier::new(keys.clone(), clock.clone()).verify(&headers).map_err(MintError::Refused)?;
    Ok(token)
}

fn payload(keys: &Keys, request: &MintRequest, now: i64) -> Map<String, Value> {
    let rules = &keys.0.rules;
    let subject = match &request.subject {
        Subject::User(id) => id.to_string(),
        service @ Subject::Service(_) => service.to_string(),
    };
    let ttl = i64::try_from(request.ttl.as_secs()).unwrap_or(i64::MAX);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| claims.insert(name.to_owned(), value));
    put("iat", Some(now.into()));
    put("exp", Some(now.saturating_add(ttl).into()));
    put("iss", rules.issuer.clone().map(Value::from));
    put("aud", rules.audience.clone().map(Value::from));
    put("scope", request.scope.clone().map(Value::from));
    put(&rules.subject_claim, Some(subject.into()));
    put(&rules.organization_claim, request.organization.clone().map(Value::from));
    claims
}
