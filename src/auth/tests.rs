//! Every kind of credentials that must be refused, and those that must not.

use super::{AuthError, Claims, Keys, KeysError, MintError, MintRequest, Scope, Settings, Subject, Verifier, mint};
use crate::clock::Clock;
use crate::domain::UserId;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
const OLD_SECRET: &str = "the-secret-before-that-also-long-enough";
/// 2026-11-01, in seconds.
const NOW: i64 = 1_793_491_200;

/// A key pair: its algorithm and its private half.
pub(super) type Pair = (Algorithm, &'static str);
pub(super) const RSA: Pair = (Algorithm::RS256, include_str!("testdata/rsa.pem"));
pub(super) const P256: Pair = (Algorithm::ES256, include_str!("testdata/p256.pem"));
pub(super) const ED25519: Pair = (Algorithm::EdDSA, include_str!("testdata/ed25519.pem"));

fn private((algorithm, pem): Pair) -> EncodingKey {
    let read = match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_pem,
        Algorithm::ES256 => EncodingKey::from_ec_pem,
        _ => EncodingKey::from_ed_pem,
    };
    read(pem.as_bytes()).unwrap()
}

fn public(kid: &str, pair: Pair) -> Value {
    let mut key = Jwk::from_encoding_key(&private(pair), pair.0).unwrap();
    key.common.key_id = Some(kid.to_owned());
    serde_json::to_value(key).unwrap()
}

pub(super) fn jwks(keys: &[(&str, Pair)]) -> String {
    json!({"keys": keys.iter().map(|(kid, pair)| public(kid, *pair)).collect::<Vec<_>>()}).to_string()
}

/// A verifier with both secrets and the three public keys, at `NOW`.
struct Gate {
    verifier: Verifier,
    keys: Keys,
    clock: Clock,
}

impl Gate {
    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, jwks(&[("rsa", RSA), ("p256", P256), ("ed", ED25519)])).unwrap();
        let hs256_secret = vec![SECRET.into(), OLD_SECRET.into()];
        let mut config = Settings { hs256_secret, jwks_file: Some(path), ..Settings::default() };
        change(&mut config);
        let keys = Keys::load(&config, folder.path()).unwrap();
        let clock = Clock::at(NOW * 1_000_000);
        Self { verifier: Verifier::new(keys.clone(), clock.clone()), keys, clock }
    }

    fn new() -> Self {
        Self::with(|_| {})
    }

    fn headers(&self, headers: &[(&'static str, &str)]) -> Result<Arc<Claims>, AuthError> {
        self.verifier.verify(&map(headers))
    }

    fn bearer(&self, token: &str) -> Result<Arc<Claims>, AuthError> {
        self.headers(&[("authorization", &format!("Bearer {token}"))])
    }

    fn claims(&self, claims: &Value) -> Result<Arc<Claims>, AuthError> {
        self.bearer(&signed(claims))
    }
}

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
        .collect()
}

fn user() -> Value {
    json!({"sub": "17", "org": "acme", "exp": NOW + 60})
}

/// The claims of a user's token with some of them changed; `null` takes one away.
fn user_with(changes: &Value) -> Value {
    let mut claims = user();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

fn service() -> Value {
    json!({"sub": "service:billing", "exp": NOW + 60})
}

fn signed(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn signed_by(pair: Pair, kid: Option<&str>, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(pair.0) };
    encode(&header, claims, &private(pair)).unwrap()
}

/// A token whose header and payload are any text, signed with the HS256 secret `secret`.
fn raw(header: &str, payload: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn basic(name: &str, token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{token}")))
}

fn is_claim(result: Result<Arc<Claims>, AuthError>, name: &str) -> bool {
    matches!(result, Err(AuthError::Claim { claim, .. }) if claim == name)
}

#[test]
fn a_token_of_every_kind_of_key_is_accepted() {
    let gate = Gate::new();
    let old = encode(&Header::default(), &user(), &EncodingKey::from_secret(OLD_SECRET.as_bytes())).unwrap();
    let tokens = [
        signed(&user()),
        old,
        signed_by(RSA, Some("rsa"), &user()),
        signed_by(P256, Some("p256"), &user()),
        signed_by(ED25519, Some("ed"), &user()),
        raw(r#"{"alg":"HS256","kid":"hs256"}"#, &user().to_string(), SECRET.as_bytes()),
    ];
    for token in tokens {
        // The second time it comes from the cache.
        for _ in 0..2 {
            let claims = gate.bearer(&token).unwrap();
            assert_eq!(claims.subject, Subject::User(UserId(17)));
            assert_eq!((claims.organization.as_deref(), &claims.scope), (Some("acme"), &None));
        }
    }
}

#[test]
fn the_algorithm_is_the_keys_never_the_tokens() {
    let gate = Gate::new();
    let payload = user().to_string();
    let pem = RSA.1.as_bytes();
    let modulus = URL_SAFE_NO_PAD.decode(public("rsa", RSA)["n"].as_str().unwrap()).unwrap();
    let point = URL_SAFE_NO_PAD.decode(public("ed", ED25519)["x"].as_str().unwrap()).unwrap();
    for kid in ["rsa", "p256", "ed"] {
        for bytes in [pem, &modulus, &point, SECRET.as_bytes()] {
            let token = raw(&json!({"alg": "HS256", "kid": kid}).to_string(), &payload, bytes);
            assert_eq!(gate.bearer(&token), Err(AuthError::Algorithm), "{kid}");
        }
    }
    assert_eq!(gate.bearer(&signed_by(RSA, Some("ed"), &user())), Err(AuthError::Algorithm));
    assert_eq!(gate.bearer(&signed_by(ED25519, Some("hs256"), &user())), Err(AuthError::Algorithm));
    assert_eq!(gate.bearer(&signed_by(ED25519, None, &user())), Err(AuthError::Algorithm));
    let weaker = Header { kid: Some("rsa".to_owned()), ..Header::new(Algorithm::RS512) };
    assert_eq!(gate.bearer(&encode(&weaker, &user(), &private(RSA)).unwrap()), Err(AuthError::Algorithm));
    let longer = encode(&Header::new(Algorithm::HS512), &user(), &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    assert_eq!(gate.bearer(&longer), Err(AuthError::Algorithm));
}

#[test]
fn an_unsigned_token_is_refused() {
    let gate = Gate::new();
    for algorithm in ["none", "None", "NONE", "", "HS256 ", "hs256"] {
        for kid in [Value::Null, json!("rsa"), json!("hs256")] {
            let header = json!({"alg": algorithm, "kid": kid}).to_string();
            let token = raw(&header, &user().to_string(), SECRET.as_bytes());
            let (message, _) = token.rsplit_once('.').unwrap();
            for token in [format!("{message}."), message.to_owned(), token.clone()] {
                assert_eq!(gate.bearer(&token), Err(AuthError::Malformed), "{header}");
            }
        }
    }
    let (message, _) = signed(&user()).rsplit_once('.').map(|(m, s)| (m.to_owned(), s.to_owned())).unwrap();
    assert_eq!(gate.bearer(&format!("{message}.")), Err(AuthError::Signature));
}

#[test]
fn a_forged_signature_key_or_payload_is_refused() {
    let gate = Gate::new();
    let wrong = encode(&Header::default(), &user(), &EncodingKey::from_secret(b"not-the-secret-but-long-enough-to-be"))
        .unwrap();
    assert_eq!(gate.bearer(&wrong), Err(AuthError::Signature));
    for pair in [RSA, P256, ED25519] {
        assert_eq!(gate.bearer(&signed_by(pair, Some("unheard-of"), &user())), Err(AuthError::UnknownKey));
    }
    // The payload of one token with the signature of another.
    let (mine, theirs) = (signed(&user()), signed(&user_with(&json!({"sub": "18"}))));
    let parts: Vec<_> = mine.split('.').zip(theirs.split('.')).collect();
    let mixed = format!("{}.{}.{}", parts[0].0, parts[1].1, parts[2].0);
    assert!(gate.bearer(&mine).is_ok() && gate.bearer(&theirs).is_ok());
    assert_eq!(gate.bearer(&mixed), Err(AuthError::Signature));
    let header = json!({"alg": "HS256", "crit": ["exp"], "exp": 1}).to_string();
    assert_eq!(gate.bearer(&raw(&header, &user().to_string(), SECRET.as_bytes())), Err(AuthError::Critical));
    // The library itself notices a second `sub`, not a second `org`.
    for payload in [
        r#"{"sub":"17","org":"acme","exp":99999999999,"sub":"18"}"#,
        r#"{"sub":"17","org":"acme","exp":99999999999,"org":"other"}"#,
        "[]",
        "17",
        "",
        "{",
    ] {
        assert_eq!(
            gate.bearer(&raw(r#"{"alg":"HS256"}"#, payload, SECRET.as_bytes())),
            Err(AuthError::Malformed),
            "{payload}"
        );
    }
}

#[test]
fn without_a_secret_nothing_is_accepted_without_a_key_id() {
    let gate = Gate::with(|config| config.hs256_secret.clear());
    for token in [signed(&user()), signed_by(RSA, None, &user()), signed_by(RSA, Some("hs256"), &user())] {
        assert_eq!(gate.bearer(&token), Err(AuthError::UnknownKey));
    }
    assert!(gate.bearer(&signed_by(RSA, Some("rsa"), &user())).is_ok());
}

#[test]
fn times_are_judged_by_the_clock_with_thirty_seconds_of_leeway() {
    let gate = Gate::new();
    let second = 1_000_000;
    for (claims, from, until) in [
        (user_with(&json!({"exp": NOW + 60})), i64::MIN, NOW + 90),
        (user_with(&json!({"exp": NOW + 60, "nbf": NOW + 40})), NOW + 10, NOW + 90),
        (user_with(&json!({"exp": NOW + 60, "iat": NOW + 50, "nbf": NOW})), NOW + 20, NOW + 90),
    ] {
        let token = signed(&claims);
        let at = |micros: i64| {
            gate.clock.set(micros);
            gate.bearer(&token).map(drop)
        };
        let last = until * second - 1;
        assert_eq!(at(last), Ok(()));
        assert_eq!(at(last + 1), Err(AuthError::Expired), "though it is remembered as verified");
        if from != i64::MIN {
            assert_eq!(at(from * second), Ok(()));
            assert_eq!(at(from * second - 1), Err(AuthError::NotYet));
        }
    }
    gate.clock.set(NOW * second);
    assert!(gate.claims(&user_with(&json!({"exp": NOW - 29}))).is_ok());
    assert!(gate.claims(&user_with(&json!({"exp": 1_793_491_170.5}))).is_ok());
    assert_eq!(gate.claims(&user_with(&json!({"exp": NOW - 30}))), Err(AuthError::Expired));
    assert_eq!(gate.claims(&user_with(&json!({"exp": -1e300}))), Err(AuthError::Expired));
    assert_eq!(gate.claims(&user_with(&json!({"iat": u64::MAX}))), Err(AuthError::NotYet));
    assert!(gate.claims(&user_with(&json!({"exp": 1e300}))).is_ok());
}

#[test]
fn claims_that_are_missing_or_wrong_are_refused() {
    let gate = Gate::new();
    for (change, claim) in [
        (json!({"exp": null}), "exp"),
        (json!({"exp": "1793491260"}), "exp"),
        (json!({"nbf": "soon"}), "nbf"),
        (json!({"iat": [1]}), "iat"),
        (json!({"org": null}), "org"),
        (json!({"org": ""}), "org"),
        (json!({"org": "Acme"}), "org"),
        (json!({"org": 1}), "org"),
        (json!({"sub": null}), "sub"),
        (json!({"sub": 17}), "sub"),
        (json!({"sub": ""}), "sub"),
        (json!({"sub": "0"}), "sub"),
        (json!({"sub": "017"}), "sub"),
        (json!({"sub": "+17"}), "sub"),
        (json!({"sub": "-17"}), "sub"),
        (json!({"sub": " 17"}), "sub"),
        (json!({"sub": "17.0"}), "sub"),
        (json!({"sub": "١٧"}), "sub"),
        (json!({"sub": "9223372036854775808"}), "sub"),
        (json!({"sub": "user:17"}), "sub"),
        (json!({"sub": "service:"}), "sub"),
        (json!({"sub": "service:a b"}), "sub"),
        (json!({"sub": "service:a\n"}), "sub"),
        (json!({"sub": "service:ä"}), "sub"),
        (json!({"sub": format!("service:{}", "a".repeat(129))}), "sub"),
        (json!({"sub": "service:a", "scope": "doc-*"}), "scope"),
        (json!({"sub": "service:a", "scope": ""}), "scope"),
        (json!({"sub": "service:a", "scope": ["a"]}), "scope"),
    ] {
        let result = gate.claims(&user_with(&change));
        assert!(is_claim(result.clone(), claim), "{change}: {result:?}");
    }
    let largest = gate.claims(&user_with(&json!({"sub": i64::MAX.to_string()}))).unwrap();
    assert_eq!(largest.subject, Subject::User(UserId(i64::MAX)));
}

#[test]
fn issuer_and_audience_are_checked_when_configured() {
    let gate = Gate::with(|config| {
        config.issuer = Some("idp".to_owned());
        config.audience = Some("permdex".to_owned());
    });
    let with = |iss: Value, aud: Value| gate.claims(&user_with(&json!({"iss": iss, "aud": aud})));
    assert!(with(json!("idp"), json!("permdex")).is_ok());
    assert!(with(json!("idp"), json!(["other", "permdex"])).is_ok());
    for iss in [Value::Null, json!("other"), json!(["idp"]), json!("idp ")] {
        assert!(is_claim(with(iss, json!("permdex")), "iss"));
    }
    for aud in [Value::Null, json!("other"), json!([]), json!(["other"]), json!({"permdex": 1})] {
        assert!(is_claim(with(json!("idp"), aud), "aud"));
    }
    assert!(Gate::new().claims(&user_with(&json!({"iss": "any", "aud": "any"}))).is_ok());
}

#[test]
fn services_come_from_listed_keys_only() {
    let gate = Gate::new();
    let claims = gate.claims(&service()).unwrap();
    assert_eq!(claims.subject, Subject::Service("billing".to_owned()));
    assert_eq!((&claims.organization, &claims.scope), (&None, &None));
    assert_eq!(gate.bearer(&signed_by(RSA, Some("rsa"), &service())), Err(AuthError::ServiceKey));

    let gate = Gate::with(|config| config.service_keys = vec!["rsa".to_owned()]);
    assert!(gate.bearer(&signed_by(RSA, Some("rsa"), &service())).is_ok());
    assert_eq!(gate.bearer(&signed_by(ED25519, Some("ed"), &service())), Err(AuthError::ServiceKey));
    assert_eq!(gate.claims(&service()), Err(AuthError::ServiceKey));
}

#[test]
fn a_scope_narrows_services_and_is_nothing_to_users() {
    let gate = Gate::new();
    let narrowed = json!({"sub": "service:a", "exp": NOW + 60, "scope": "permdex:permission:check a:*"});
    let scope = gate.claims(&narrowed).unwrap().scope.clone().unwrap();
    assert_eq!(Some(&scope), Scope::parse("permdex:permission:check a:*").as_ref());
    assert!(scope.permits("permdex:permission:check") && !scope.permits("permdex:permission:search"));
    let user = gate.claims(&user_with(&json!({"scope": "openid-* profile"}))).unwrap();
    assert_eq!(user.scope, None);
}

#[test]
fn the_names_of_the_claims_can_be_configured() {
    let gate = Gate::with(|config| {
        config.subject_claim = "uid".to_owned();
        config.organization_claim = "tenant".to_owned();
    });
    let claims = json!({"sub": "8f14e45f", "uid": "17", "tenant": "acme", "exp": NOW + 60});
    assert_eq!(gate.claims(&claims).unwrap().subject, Subject::User(UserId(17)));
    assert!(is_claim(gate.claims(&user()), "uid"));
}

#[test]
fn basic_must_name_the_tokens_own_user() {
    let gate = Gate::new();
    let send = |name: &str, claims: &Value| gate.headers(&[("authorization", &basic(name, &signed(claims)))]);
    assert!(send("acme_17", &user()).is_ok());
    assert!(send("ac_me_17", &user_with(&json!({"org": "ac_me"}))).is_ok());
    assert_eq!(send("acme_18", &user()), Err(AuthError::BasicMismatch));
    assert_eq!(send("other_17", &user()), Err(AuthError::BasicMismatch));
    assert_eq!(send("acme_17", &service()), Err(AuthError::BasicService));
    for name in ["", "acme", "_17", "acme_", "acme_017", "acme_+17", "Acme_17"] {
        assert_eq!(send(name, &user()), Err(AuthError::Basic), "{name}");
    }
    for text in ["Basic !!!", "Basic ", "Basic /w==", "Basic YQ=="] {
        assert_eq!(gate.headers(&[("authorization", text)]), Err(AuthError::Basic), "{text}");
    }
    let unpadded = basic("acme_17", &signed(&user()));
    assert!(gate.headers(&[("authorization", unpadded.trim_end_matches('='))]).is_ok());
    // The signature counts here too, though the token was verified before under another scheme.
    assert_eq!(gate.headers(&[("authorization", &basic("acme_17", "a.b.c"))]), Err(AuthError::Malformed));
}

#[test]
fn the_protocol_header_counts_only_without_authorization() {
    let gate = Gate::new();
    let (mine, theirs) = (signed(&user()), signed(&user_with(&json!({"sub": "18"}))));
    let protocol = format!("bearer.{mine}");
    for list in [protocol.clone(), format!("graphql-ws, {protocol} ,other")] {
        assert!(gate.headers(&[("sec-websocket-protocol", &list)]).is_ok());
    }
    let lines = [("sec-websocket-protocol", "other"), ("sec-websocket-protocol", &*protocol)];
    assert!(gate.headers(&lines).is_ok());
    let bearer = format!("Bearer {theirs}");
    let both = gate.headers(&[("authorization", &bearer), ("sec-websocket-protocol", &protocol)]).unwrap();
    assert_eq!(both.subject, Subject::User(UserId(18)));
    let bad = gate.headers(&[("authorization", "Bearer x"), ("sec-websocket-protocol", &protocol)]);
    assert_eq!(bad, Err(AuthError::Malformed));
    let two = format!("{protocol}, bearer.{theirs}");
    assert_eq!(gate.headers(&[("sec-websocket-protocol", &two)]), Err(AuthError::Duplicate));
    assert_eq!(gate.headers(&[("sec-websocket-protocol", "graphql-ws")]), Err(AuthError::Missing));
    assert_eq!(gate.headers(&[("sec-websocket-protocol", "bearer.")]), Err(AuthError::Malformed));
}

#[test]
fn odd_authorization_headers_are_refused() {
    let gate = Gate::new();
    let bearer = format!("Bearer {}", signed(&user()));
    assert_eq!(gate.headers(&[]), Err(AuthError::Missing));
    assert_eq!(gate.headers(&[("authorization", &bearer), ("authorization", &bearer)]), Err(AuthError::Duplicate));
    assert!(gate.headers(&[("authorization", &bearer.replace("Bearer", "bEARER "))]).is_ok());
    for text in ["", "Bearer", "Digest x", "Bearer\tx", &bearer[7..]] {
        assert_eq!(gate.headers(&[("authorization", text)]), Err(AuthError::Scheme), "{text}");
    }
    for text in ["Bearer ", "Bearer ä", &format!("Bearer {}", "a".repeat(9_000)), &format!("{bearer} x")] {
        assert!(gate.headers(&[("authorization", text)]).is_err(), "{text}");
    }
}

#[test]
fn a_change_of_keys_forgets_what_was_verified() {
    let gate = Gate::new();
    let token = signed_by(RSA, Some("rsa"), &user());
    assert!(gate.bearer(&token).is_ok());
    assert_eq!(gate.keys.current().cache.len(), 1);
    gate.keys.0.replace(super::keys::parse_jwks(jwks(&[("ed", ED25519)]).as_bytes()).unwrap());
    assert_eq!(gate.bearer(&token), Err(AuthError::UnknownKey));
}

#[test]
fn no_more_than_ten_thousand_tokens_are_remembered_and_none_that_was_refused() {
    let gate = Gate::new();
    for id in 1..=10_500 {
        gate.claims(&user_with(&json!({"sub": id.to_string()}))).unwrap();
    }
    assert!((5_000..=10_000).contains(&gate.keys.current().cache.len()));
    let gate = Gate::new();
    assert!(gate.claims(&user_with(&json!({"sub": "x"}))).is_err());
    assert!(gate.claims(&user_with(&json!({"exp": 1}))).is_err());
    assert!(gate.claims(&user_with(&json!({"padding": "x".repeat(4_000)}))).is_ok());
    assert_eq!(gate.keys.current().cache.len(), 0);
}

#[test]
fn no_refusal_holds_the_token() {
    let gate = Gate::new();
    for claims in [user_with(&json!({"exp": 1})), user_with(&json!({"sub": "who-am-i"})), json!({})] {
        let token = signed(&claims);
        let refused = gate.bearer(&token).unwrap_err();
        for text in [refused.to_string(), format!("{refused:?}"), refused.challenge().to_owned()] {
            assert!(token.split('.').all(|part| !text.contains(part)) && !text.contains("who-am-i"), "{text}");
        }
    }
    assert!(!format!("{:?}", gate.verifier).contains(SECRET));
}

#[test]
fn a_jwks_that_cannot_be_used_safely_is_refused() {
    let parse =
        |keys: Value| super::keys::parse_jwks(json!({"keys": keys}).to_string().as_bytes()).map(|keys| keys.len());
    let without = |mut key: Value, name: &str| {
        key.as_object_mut().unwrap().remove(name);
        key
    };
    let with = |mut key: Value, name: &str, value: &str| {
        key[name] = json!(value);
        key
    };
    let (rsa, ec, ed) = (public("r", RSA), public("e", P256), public("o", ED25519));
    for (keys, part) in [
        (json!([]), "no RS256"),
        (json!([public("hs256", RSA)]), "means the HS256 secrets"),
        (json!([rsa, public("r", ED25519)]), "key 1: its `kid` is given twice"),
        (json!([without(rsa.clone(), "kid")]), "needs a `kid`"),
        (json!([with(rsa.clone(), "n", "AQAB")]), "2048"),
        (json!([with(rsa.clone(), "e", "AQ")]), "exponent"),
        (json!([with(ed.clone(), "x", "AQAB")]), "32 bytes"),
        (json!([with(ec.clone(), "y", "AQAB")]), "32 bytes"),
        (json!([with(ec.clone(), "y", "*")]), "base64url"),
        (json!([without(ec.clone(), "x")]), "missing"),
        (json!([{"kty": "oct", "kid": "s", "k": "AAAA"}]), "secret"),
        (json!([with(rsa.clone(), "use", "enc")]), "no RS256"),
        (json!(vec![rsa.clone(); 101]), "more than 100"),
    ] {
        let refused = parse(keys).unwrap_err();
        assert!(refused.contains(part), "{refused}");
    }
    let others =
        [with(rsa.clone(), "alg", "PS256"), json!({"kty": "EC", "crv": "P-384", "kid": "x"}), json!({"kty": "new"})];
    let [a, b, c] = others;
    assert_eq!(parse(json!([a, b, c, rsa, ec, ed])), Ok(3));
    assert!(matches!(Keys::with(&Settings::default(), &["short".into()]), Err(KeysError::ShortSecret)));
}

#[test]
fn a_minted_token_is_accepted_until_it_expires() {
    let gate = Gate::with(|config| {
        config.issuer = Some("idp".to_owned());
        config.audience = Some("permdex".to_owned());
        config.subject_claim = "uid".to_owned();
    });
    let user = MintRequest {
        subject: Subject::User(UserId(17)),
        organization: Some("acme".to_owned()),
        scope: None,
        ttl: Duration::from_mins(1),
    };
    let token = mint(&gate.keys, &user, &gate.clock).unwrap();
    let claims = gate.bearer(&token).unwrap();
    assert_eq!((&claims.subject, claims.organization.as_deref()), (&user.subject, Some("acme")));
    let service = MintRequest {
        subject: Subject::Service("ops".to_owned()),
        organization: None,
        scope: Some("permdex:policy:*".to_owned()),
        ..user.clone()
    };
    let claims = gate.bearer(&mint(&gate.keys, &service, &gate.clock).unwrap()).unwrap();
    assert!(claims.scope.as_ref().unwrap().permits("permdex:policy:read"));
    gate.clock.set((NOW + 90) * 1_000_000);
    assert_eq!(gate.bearer(&token), Err(AuthError::Expired));
}

#[test]
fn what_would_be_refused_is_not_minted() {
    let gate = Gate::with(|config| config.service_keys.clear());
    let user = MintRequest {
        subject: Subject::User(UserId(17)),
        organization: None,
        scope: None,
        ttl: Duration::from_mins(1),
    };
    let try_mint = |request: MintRequest| mint(&gate.keys, &request, &gate.clock);
    assert!(
        matches!(try_mint(user.clone()), Err(MintError::Refused(AuthError::Claim { claim, .. })) if claim == "org")
    );
    let subject = Subject::Service("a".to_owned());
    assert_eq!(try_mint(MintRequest { subject, ..user.clone() }), Err(MintError::ServiceKey));
    assert_eq!(try_mint(MintRequest { scope: Some("a".to_owned()), ..user.clone() }), Err(MintError::UserScope));
    assert_eq!(try_mint(MintRequest { ttl: Duration::ZERO, ..user.clone() }), Err(MintError::Ttl(0)));
    let without = Gate::with(|config| config.hs256_secret.clear());
    assert_eq!(mint(&without.keys, &user, &without.clock), Err(MintError::NoSecret));
}

#[test]
fn with_nothing_configured_two_processes_accept_each_others_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let (server, cli) = (
        Keys::load(&Settings::default(), folder.path()).unwrap(),
        Keys::load(&Settings::default(), folder.path()).unwrap(),
    );
    let clock = Clock::at(NOW * 1_000_000);
    let subject = Subject::Service("cli".to_owned());
    let request = MintRequest { subject, organization: None, scope: None, ttl: Duration::from_mins(1) };
    let bearer = format!("Bearer {}", mint(&cli, &request, &clock).unwrap());
    assert!(Verifier::new(server, clock).verify(&map(&[("authorization", &bearer)])).is_ok());
}

fn any_header() -> impl Strategy<Value = HeaderValue> {
    let token = signed(&user());
    let pieces = prop::collection::vec(
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20),
            Just(b"Bearer ".to_vec()),
            Just(b"Basic ".to_vec()),
            Just(b"bearer.".to_vec()),
            Just(STANDARD.encode(format!("acme_17:{token}")).into_bytes()),
            "[A-Za-z0-9_.,-]{0,40}".prop_map(String::into_bytes),
            (0..token.len()).prop_map({
                let token = token.clone();
                move |end| token.as_bytes()[..end].to_vec()
            }),
            Just(token.into_bytes()),
        ],
        0..5,
    );
    pieces.prop_filter_map("not a header", |pieces| HeaderValue::from_bytes(&pieces.concat()).ok())
}

proptest! {
    #[test]
    fn no_header_panics(authorization in prop::collection::vec(any_header(), 0..3), protocol in any_header()) {
        let gate = Verifier::new(Keys::with(&Settings::default(), &[SECRET.into()]).unwrap(), Clock::at(NOW * 1_000_000));
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append("authorization", value);
        }
        headers.append("sec-websocket-protocol", protocol);
        let _ = gate.verify(&headers);
    }

    #[test]
    fn no_changed_byte_is_accepted(at in any::<prop::sample::Index>(), bit in 0_u8..7) {
        let gate = Verifier::new(Keys::with(&Settings::default(), &[SECRET.into()]).unwrap(), Clock::at(NOW * 1_000_000));
        let mut token = signed(&user()).into_bytes();
        let at = at.index(token.len());
        token[at] ^= 1 << bit;
        let value = [b"Bearer ", &token[..]].concat();
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", value);
            prop_assert!(gate.verify(&headers).is_err());
        }
    }
}
