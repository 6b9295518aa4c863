//! What the audit log says of a change: the fields that differ, as they were and as they are, within its bound.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Before and after together are at most 64 KiB.
const MAX_BYTES: usize = 32 << 10;
/// When they are more, a value is kept up to this.
const SHORT: usize = 1 << 10;

/// What differs between two states of a thing; a thing that is not there has no fields.
pub(super) fn difference<T: Serialize>(before: Option<&T>, after: Option<&T>) -> (Option<Value>, Option<Value>) {
    let (old, new) = (fields(before), fields(after));
    let differs = |one: &Map<String, Value>, other: &Map<String, Value>| -> Map<String, Value> {
        let differing = one.iter().filter(|(name, value)| other.get(*name) != Some(*value));
        differing.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let told = |present: bool, map: Map<String, Value>| present.then(|| bounded(map));
    (told(before.is_some(), differs(&old, &new)), told(after.is_some(), differs(&new, &old)))
}

/// Its fields, without the instants that the database sets.
fn fields<T: Serialize>(thing: Option<&T>) -> Map<String, Value> {
    let mut map = match thing.map(serde_json::to_value) {
        Some(Ok(Value::Object(map))) => map,
        _ => Map::new(),
    };
    map.retain(|name, _| name != "createdAt" && name != "updatedAt");
    map
}

/// With what is too long left out, saying so.
pub(super) fn bounded(mut map: Map<String, Value>) -> Value {
    let size = |value: &Value| serde_json::to_string(value).map_or(usize::MAX, |text| text.len());
    if map.values().map(size).sum::<usize>() > MAX_BYTES {
        for value in map.values_mut() {
            let bytes = size(value);
            if bytes > SHORT {
                *value = json!({"leftOut": bytes});
            }
        }
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"id": 1, "name": "a", "description": "x", "updatedAt": "1"});
        let after = json!({"id": 1, "name": "b", "active": true, "updatedAt": "2"});
        let (old, new) = difference(Some(&before), Some(&after));
        assert_eq!(old, Some(json!({"name": "a", "description": "x"})));
        assert_eq!(new, Some(json!({"name": "b", "active": true})));
        assert_eq!(difference(None, Some(&json!({"id": 1}))), (None, Some(json!({"id": 1}))));
    }

    #[test]
    fn what_is_too_long_is_left_out_and_said_to_be() {
        let after = json!({"name": "a", "statements": "x".repeat(40_000)});
        let (_, told) = difference(None, Some(&after));
        assert_eq!(told, Some(json!({"name": "a", "statements": {"leftOut": 40_002}})));
    }
}
