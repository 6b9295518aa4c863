//! From what a use case, the verifier or a reader ends with to a problem.

use super::kind::Kind;
use super::problem::Problem;
use crate::auth::AuthError;
use crate::json::{Errors, ParseError};
use crate::service::ServiceError;
use crate::telemetry::chain;

/// For a good token that means nobody here.
const NOBODY: &str = "Bearer realm=\"permdex\", error=\"invalid_token\", Basic realm=\"permdex\"";

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        match error {
            ServiceError::Unauthorized(_) => Self::new(Kind::Unauthorized, detail).challenge(NOBODY),
            ServiceError::Forbidden { .. } | ServiceError::Refused(_) => Self::new(Kind::Forbidden, detail),
            ServiceError::NotCovered(_) => Self::new(Kind::NotCovered, detail),
            ServiceError::PreconditionFailed { .. } => Self::new(Kind::PreconditionFailed, detail),
            ServiceError::NotFound { .. } | ServiceError::Hidden { .. } => Self::new(Kind::NotFound, detail),
            ServiceError::UnknownModel { .. } => Self::new(Kind::UnknownModel, detail),
            ServiceError::Invalid(errors) => Self::invalid(errors),
            ServiceError::BadRequest(_) => Self::new(Kind::BadRequest, detail),
            ServiceError::Conflict(_) => Self::new(Kind::Conflict, detail),
            ServiceError::TooMany { retry_after, .. } => Self::new(Kind::TooMany, detail).retry_after(retry_after),
            ServiceError::Unavailable { retry_after, source, .. } => {
                let problem = Self::new(Kind::Unavailable, detail).retry_after(retry_after);
                match source {
                    Some(cause) => problem.because(chain(&*cause)),
                    None => problem,
                }
            }
            ServiceError::Internal(cause) => Self::new(Kind::Internal, detail).because(chain(&*cause)),
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        Self::new(Kind::Unauthorized, error.to_string()).challenge(error.challenge())
    }
}

impl From<Errors> for Problem {
    fn from(errors: Errors) -> Self {
        Self::invalid(errors)
    }
}

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::NotJson(why) => Self::new(Kind::NotJson, format!("the body is not JSON in UTF-8: {why}")),
            ParseError::Invalid(errors) => Self::invalid(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_end_of_a_use_case_has_its_status() {
        let cause = || -> crate::service::Cause { Box::new(std::io::Error::other("db-7 is gone")) };
        let second = Duration::from_secs(1);
        let cases = [
            (ServiceError::Unauthorized("user `17` is not active".into()), 401),
            (ServiceError::Forbidden { action: "permdex:permission:check", resource: "acrn:*".into() }, 403),
            (ServiceError::not_found("policy", 7), 404),
            (ServiceError::Refused("for services".into()), 403),
            (ServiceError::PreconditionFailed { what: "user", id: "17".into() }, 412),
            (
                ServiceError::Hidden {
                    what: "policy",
                    id: "7".to_owned(),
                    action: "permdex:policy:read",
                    resource: "acrn:*".into(),
                },
                404,
            ),
            (ServiceError::UnknownModel { model: "x".into(), known: vec!["doc".into()] }, 404),
            (ServiceError::invalid("/limit", "too large"), 422),
            (ServiceError::BadRequest("the cursor is none of ours".into()), 400),
            (ServiceError::Conflict("taken".into()), 409),
            (ServiceError::TooMany { what: "streams", retry_after: second }, 429),
            (ServiceError::unavailable("the database is unreachable", Some(cause())), 503),
            (ServiceError::Internal(cause()), 500),
        ];
        for (error, status) in cases {
            let problem = Problem::from(error);
            assert_eq!(problem.kind().status().as_u16(), status, "{problem:?}");
            assert!(!String::from_utf8(problem.body("r")).unwrap().contains("db-7"));
        }
    }
}
