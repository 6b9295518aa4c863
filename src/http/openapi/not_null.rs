//! What may be left out is described as such, and not as something that may be `null`: that is refused, and never sent.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Object, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Schema};

/// Takes `null` from the types of everything that isn't required.
pub(super) fn mend(document: &mut OpenApi) {
    for schema in document.components.iter_mut().flat_map(|components| components.schemas.values_mut()) {
        if let RefOr::T(Schema::Object(object)) = schema {
            optional_fields(object);
        }
    }
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
            parameters(operation);
        }
    }
}

fn optional_fields(object: &mut Object) {
    let required = &object.required;
    for (_, property) in object.properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
        not_null(property);
    }
}

fn parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            parameter.schema.iter_mut().for_each(not_null);
        }
    }
}

fn not_null(schema: &mut RefOr<Schema>) {
    let kind = match schema {
        RefOr::T(Schema::Object(object)) => &mut object.schema_type,
        RefOr::T(Schema::Array(array)) => &mut array.schema_type,
        _ => return,
    };
    let SchemaType::Array(kinds) = kind else { return };
    kinds.retain(|kind| *kind != Type::Null);
    if let [one] = kinds.as_slice() {
        *kind = SchemaType::Type(one.clone());
    }
}
