//! The header that chooses a storage cluster, described where it is read: wherever there is a caller.

use crate::http::call::X_MONGO_CLUSTER_NAME;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, Required};

const WHAT: &str = "The storage cluster. Without it: the one of the organization in the path, else of the token's \
                    organization, else `default`.";

/// Adds it to every operation that needs a token.
pub(super) fn add(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
            // Who needs no token says so.
            if operation.security.is_none() {
                describe(operation);
            }
        }
    }
}

fn describe(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(parameter().into());
}

fn parameter() -> Parameter {
    ParameterBuilder::new()
        .name(X_MONGO_CLUSTER_NAME.as_str())
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(WHAT))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}
