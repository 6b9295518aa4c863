//! A DELETE that is told by its body or by its query, one of the two: what one of them must have is not required where the
//! other is there, and no body is none, never `null`.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{OneOf, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema};

/// Mends every DELETE with a body.
pub(super) fn mend(document: &mut OpenApi) {
    let deletes = document.paths.paths.values_mut().filter_map(|item| item.delete.as_mut());
    deletes.filter(|operation| operation.request_body.is_some()).for_each(either);
}

fn either(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            parameter.required = Required::False;
        }
    }
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content
            && let Some(RefOr::T(Schema::OneOf(either))) = &mut content.schema
        {
            either.items.retain(|schema| !is_null(schema));
            content.schema = the_one(either);
        }
    }
}

fn the_one(either: &mut OneOf) -> Option<RefOr<Schema>> {
    either.items.pop()
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}
