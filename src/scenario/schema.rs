//! JSON Schema (2020-12) of both formats, made from the types that read them.

use super::yaml::{ConfigFile, ScenarioFile};
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Value, json};

/// The schema of scenario files.
pub fn scenario() -> Value {
    let mut schema = schema::<ScenarioFile>("https://sealcheck.example/schemas/scenario.v1.json");
    // What a file does not say, the file that it extends may say.
    let required = schema.remove("required").unwrap_or_default();
    schema.insert("anyOf".to_owned(), json!([{ "required": required }, { "required": ["sealcheck", "extends"] }]));
    matrix_values(&mut schema);
    schema.to_value()
}

/// The schema of the project file.
pub fn config() -> Value {
    schema::<ConfigFile>("https://sealcheck.example/schemas/config.v1.json").to_value()
}

fn schema<T: JsonSchema>(id: &str) -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    no_null(&mut schema);
    schema.insert("$id".to_owned(), id.into());
    schema
}

/// An enum whose variants are the keys of a map: one object, of which exactly one key is written.
pub(crate) fn one_key(schema: &mut Schema) {
    let Some(Value::Array(variants)) = schema.remove("oneOf") else { return };
    let mut properties = serde_json::Map::new();
    for variant in variants {
        let Value::Object(mut variant) = variant else { continue };
        let Some(Value::Object(keys)) = variant.remove("properties") else { continue };
        for (key, value) in keys {
            let mut property = serde_json::Map::new();
            property.extend(variant.remove_entry("description"));
            property.extend(value.as_object().cloned().unwrap_or_default());
            properties.insert(key, property.into());
        }
    }
    let description = schema.remove("description").unwrap_or_default();
    for (key, value) in [
        ("type", json!("object")),
        ("additionalProperties", json!(false)),
        ("properties", properties.into()),
        ("description", description),
        ("minProperties", json!(1)),
        ("maxProperties", json!(1)),
    ] {
        schema.insert(key.to_owned(), value);
    }
}

/// A key without a value is refused, so no schema allows null; what a key means when it is not written, its text says.
fn no_null(schema: &mut Schema) {
    transform_subschemas(&mut no_null, schema);
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("default");
    // A key with a value of its own is described as one without a value is.
    let required = object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (key, property) in object.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(property) = property.as_object_mut() else { continue };
        if !required.contains(&json!(key))
            && (property.contains_key("$ref") || property.contains_key("anyOf"))
            && let Some(text) = property.shift_remove("description")
        {
            let rest = std::mem::take(property);
            property.insert("description".to_owned(), text);
            property.extend(rest);
        }
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("enum") {
        choices.retain(|c| !c.is_null());
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|c| *c != json!({ "type": "null" }));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// A value of the matrix can stand for any word and any duration.
fn matrix_values(schema: &mut Schema) {
    transform_subschemas(&mut matrix_values, schema);
    let Some(object) = schema.as_object_mut() else { return };
    let value = json!({ "type": "string", "pattern": "^\\$", "description": "A value of the matrix." });
    if let Some(Value::Array(choices)) = object.get_mut("oneOf")
        && choices.iter().all(|choice| choice.get("const").is_some() || choice.get("enum").is_some())
    {
        choices.push(value);
    } else if !object.contains_key("type")
        && let Some(words) = object.remove("enum")
    {
        object.insert("anyOf".to_owned(), json!([{ "enum": words }, value]));
    } else if object.get("pattern").is_some_and(|p| *p == crate::core::reading::DURATION_PATTERN) {
        object.remove("pattern");
        object.insert(
            "anyOf".to_owned(),
            json!([{ "pattern": crate::core::reading::DURATION_PATTERN }, { "pattern": "\\$" }]),
        );
    }
}
