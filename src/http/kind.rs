//! The one table of errors (api.md section 2): every kind of problem, its stable name, its status, its title.

use axum::http::StatusCode;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $status:ident $name:literal $title:literal),+ $(,)?) => {
        /// What kind of problem it is. Clients may rely on its URN.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind),+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Its stable name.
            #[must_use]
            pub const fn urn(self) -> &'static str {
                match self { $(Self::$kind => concat!("urn:permdex:problem:", $name)),+ }
            }

            /// Its status.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status),+ }
            }

            /// What it is, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title),+ }
            }
        }
    };
}

kinds!(
    /// Not even a request: an impossible header, path or cursor.
    BadRequest = BAD_REQUEST "bad-request" "Bad request",
    /// The body is not JSON, or not UTF-8.
    NotJson = BAD_REQUEST "not-json" "Not JSON",
    /// No or bad credentials.
    Unauthorized = UNAUTHORIZED "unauthorized" "Not authenticated",
    /// An own permission is missing.
    Forbidden = FORBIDDEN "forbidden" "Not permitted",
    /// The caller gives what he does not have.
    NotCovered = FORBIDDEN "not-covered" "Not yours to give",
    /// There is no such thing, or not for this caller.
    NotFound = NOT_FOUND "not-found" "Not found",
    /// There is no such model in the catalogue.
    UnknownModel = NOT_FOUND "unknown-model" "Unknown model",
    /// There is no such endpoint.
    UnknownEndpoint = NOT_FOUND "unknown-endpoint" "No such endpoint",
    /// The endpoint has other methods.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method-not-allowed" "Method not allowed",
    /// It collides with what is there.
    Conflict = CONFLICT "conflict" "Conflict",
    /// `If-Match` failed.
    PreconditionFailed = PRECONDITION_FAILED "precondition-failed" "Changed meanwhile",
    /// The body is over its bound.
    BodyTooLarge = PAYLOAD_TOO_LARGE "body-too-large" "Body too large",
    /// The body is not `application/json`.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported-media-type" "Not application/json",
    /// Understood, but invalid.
    Invalid = UNPROCESSABLE_ENTITY "invalid" "Invalid",
    /// Nothing is wrong but fields that are not known.
    UnknownField = UNPROCESSABLE_ENTITY "unknown-field" "Unknown field",
    /// Over a limit.
    TooMany = TOO_MANY_REQUESTS "too-many" "Too many requests",
    /// A bug or a broken installation.
    Internal = INTERNAL_SERVER_ERROR "internal" "Something went wrong here",
    /// What is needed is unreachable.
    Unavailable = SERVICE_UNAVAILABLE "unavailable" "Unavailable",
    /// It took too long.
    TimedOut = SERVICE_UNAVAILABLE "timed-out" "Took too long",
);

impl Kind {
    /// The kind of an error that was answered by somebody who knows no problems.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::UnknownEndpoint,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            status if status.is_client_error() => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use std::collections::HashSet;

    #[test]
    fn every_kind_has_a_name_of_its_own_in_kebab_case_and_an_error_status() {
        let names: HashSet<_> = Kind::ALL.iter().map(|kind| kind.urn()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let name = kind.urn().strip_prefix("urn:permdex:problem:").unwrap();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{name}");
        }
    }

    #[test]
    fn the_table_has_a_row_for_each_status_of_the_contract() {
        let statuses: HashSet<_> = Kind::ALL.iter().map(|kind| kind.status().as_u16()).collect();
        for status in [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 503] {
            assert!(statuses.contains(&status), "{status}");
        }
    }
}
