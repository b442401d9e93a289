//! The JSON schema of values that are written as text.

/// Gives types the schema of a text, in place of a definition of their own.
macro_rules! text_schema {
    ($name:ident $(<$generic:ident>)?) => {
        impl $(<$generic>)? schemars::JsonSchema for $name $(<$generic>)? {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                <String as schemars::JsonSchema>::schema_name()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <String as schemars::JsonSchema>::json_schema(generator)
            }
        }
    };
}

pub(crate) use text_schema;
