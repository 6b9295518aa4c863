//! The index template: `index-templates/permdex-users-v1.json`, with the names and numbers of the configuration.

use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../../index-templates/permdex-users-v1.json");

/// The template for generations of `alias`.
pub(super) fn template(
    alias: &str,
    schema_version: i32,
    shards: u32,
    replicas: u32,
) -> Result<Value, serde_json::Error> {
    let mut template: Value = serde_json::from_str(TEMPLATE)?;
    for (place, value) in [
        ("/version", json!(schema_version)),
        ("/_meta/schemaVersion", json!(schema_version)),
        ("/template/mappings/_meta/schemaVersion", json!(schema_version)),
        ("/index_patterns", json!([format!("{alias}-*")])),
        ("/template/settings/index/number_of_shards", json!(shards)),
        ("/template/settings/index/number_of_replicas", json!(replicas)),
    ] {
        if let Some(found) = template.pointer_mut(place) {
            *found = value;
        }
    }
    Ok(template)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{MAX_PAGE, SCHEMA_VERSION};

    #[test]
    fn the_template_is_of_this_schema_and_takes_its_numbers_from_the_settings() {
        let template = template("other-v1", SCHEMA_VERSION, 3, 2).unwrap();
        let file: Value = serde_json::from_str(TEMPLATE).unwrap();
        assert_eq!(file["_meta"]["schemaVersion"], json!(SCHEMA_VERSION));
        assert_eq!(template["_meta"]["schemaVersion"], json!(SCHEMA_VERSION));
        assert_eq!(template["version"], json!(SCHEMA_VERSION));
        assert_eq!(template["template"]["mappings"]["_meta"]["schemaVersion"], json!(SCHEMA_VERSION));
        assert_eq!(template["index_patterns"], json!(["other-v1-*"]));
        assert_eq!(template["allow_auto_create"], json!(false));
        assert_eq!(template["template"]["mappings"]["dynamic"], "strict");
        let index = &template["template"]["settings"]["index"];
        assert_eq!((&index["number_of_shards"], &index["number_of_replicas"]), (&json!(3), &json!(2)));
        assert_eq!(index["max_result_window"], json!(MAX_PAGE + 1));
    }
}
