//! What a verified token says, and how the words of its payload are judged.

use super::error::AuthError;
use super::keys::Rules;
use super::scope::Scope;
use crate::domain::UserId;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;

/// How far the clocks of issuer and server may be apart, in microseconds.
pub(super) const LEEWAY: i64 = 30_000_000;
const SERVICE_BYTES: usize = 128;
const ORGANIZATION_BYTES: usize = 63;

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A user, by id; positive.
    User(UserId),
    /// A service, by name: 1 to 128 bytes of printable ASCII without spaces.
    Service(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Service(name) => write!(f, "service:{name}"),
        }
    }
}

/// A verified token's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who is calling.
    pub subject: Subject,
    /// The organization that issued the token. Always there for users.
    pub organization: Option<String>,
    /// What a service's token is narrowed to; None: everything. Always None for users.
    pub scope: Option<Scope>,
    /// When it is refused, leeway included: microseconds since 1970.
    pub valid_until: i64,
    /// When it begins to be accepted, leeway included: microseconds since 1970.
    pub valid_from: i64,
}

impl Claims {
    pub(super) fn at(&self, now: i64) -> Result<(), AuthError> {
        match now {
            _ if now >= self.valid_until => Err(AuthError::Expired),
            _ if now < self.valid_from => Err(AuthError::NotYet),
            _ => Ok(()),
        }
    }
}

/// A payload as it came: an object in which no claim is given twice.
pub(super) struct Payload(HashMap<String, Value>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = HashMap<String, Value>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of claims")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut claims = HashMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    // Else two readers of one token could see two different users.
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a claim is given twice"));
                    }
                }
                Ok(claims)
            }
        }
        input.deserialize_map(Once).map(Self)
    }
}

impl Payload {
    /// The claims, if they are what `rules` want. Times are only read here: [`Claims::at`] judges them.
    pub(super) fn judge(&self, rules: &Rules, key: &str) -> Result<Claims, AuthError> {
        let exp = self.time("exp")?.ok_or_else(|| claim("exp", "is missing: every token must expire"))?;
        let from = self.time("nbf")?.into_iter().chain(self.time("iat")?).max().unwrap_or(i64::MIN);
        self.issued_by(rules)?;
        let subject = self.subject(rules, key)?;
        let organization = self.organization(rules)?;
        let is_user = matches!(subject, Subject::User(_));
        if is_user && organization.is_none() {
            return Err(claim(&rules.organization_claim, "is missing: a user's token must name the organization"));
        }
        // A user's scope is the identity provider's (`openid profile`), not ours.
        let scope = if is_user { None } else { self.scope()? };
        let (valid_until, valid_from) = (exp.saturating_add(LEEWAY), from.saturating_sub(LEEWAY));
        Ok(Claims { subject, organization, scope, valid_until, valid_from })
    }

    /// A claim that is there; `null` is as good as none.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Seconds since 1970, whole or not, as microseconds.
    fn time(&self, name: &str) -> Result<Option<i64>, AuthError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let Value::Number(seconds) = value else {
            return Err(claim(name, "must be a number of seconds since 1970"));
        };
        #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates, which is what is wanted")]
        let float = || seconds.as_f64().map(|seconds| (seconds * 1e6) as i64);
        Ok(seconds.as_i64().map(|seconds| seconds.saturating_mul(1_000_000)).or_else(float))
    }

    fn issued_by(&self, rules: &Rules) -> Result<(), AuthError> {
        if let Some(issuer) = &rules.issuer
            && self.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err(claim("iss", "is not the issuer that is accepted here: get a token from the configured one"));
        }
        let Some(audience) = &rules.audience else {
            return Ok(());
        };
        let named = match self.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(audience)),
            _ => false,
        };
        if named { Ok(()) } else { Err(claim("aud", "does not name this service: get a token made for it")) }
    }

    fn subject(&self, rules: &Rules, key: &str) -> Result<Subject, AuthError> {
        let name = &rules.subject_claim;
        let refuse = || claim(name, "must be a user id in decimal, such as `17`, or `service:<name>`, in a string");
        let text = self.get(name).and_then(Value::as_str).ok_or_else(refuse)?;
        if let Some(service) = text.strip_prefix("service:") {
            if !rules.service_keys.contains(key) {
                return Err(AuthError::ServiceKey);
            }
            let sane = (1..=SERVICE_BYTES).contains(&service.len()) && service.bytes().all(|b| b.is_ascii_graphic());
            return if sane { Ok(Subject::Service(service.to_owned())) } else { Err(refuse()) };
        }
        user_id(text).map(Subject::User).ok_or_else(refuse)
    }

    fn organization(&self, rules: &Rules) -> Result<Option<String>, AuthError> {
        let name = &rules.organization_claim;
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(slug)) if is_organization(slug) => Ok(Some(slug.clone())),
            Some(_) => Err(claim(name, "must be an organization's slug: `a-z`, `0-9`, `_`, `-`, at most 63")),
        }
    }

    fn scope(&self) -> Result<Option<Scope>, AuthError> {
        let Some(value) = self.get("scope") else {
            return Ok(None);
        };
        let scope = value.as_str().and_then(Scope::parse);
        scope
            .map(Some)
            .ok_or_else(|| claim("scope", "must be 1 to 100 actions separated by spaces, such as `permdex:policy:*`"))
    }
}

fn claim(name: &str, problem: &'static str) -> AuthError {
    AuthError::Claim { claim: name.to_owned(), problem }
}

/// A positive id as it is written canonically: no sign, no leading zero.
pub(super) fn user_id(text: &str) -> Option<UserId> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical).map(UserId)
}

pub(super) fn is_organization(slug: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    let first = !slug.starts_with(['_', '-']);
    first && (1..=ORGANIZATION_BYTES).contains(&slug.len()) && slug.bytes().all(inside)
}
