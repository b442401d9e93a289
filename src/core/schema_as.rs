//! The JSON schema of values that are written as others are.

/// Gives types the schema of what they are written as.
macro_rules! schema_as {
    ($([$($generic:tt)*] $name:ty: $other:ty;)*) => {$(
        impl<$($generic)*> schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                <$other as schemars::JsonSchema>::inline_schema()
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$other as schemars::JsonSchema>::schema_name()
            }
            fn schema_id() -> std::borrow::Cow<'static, str> {
                <$other as schemars::JsonSchema>::schema_id()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <$other as schemars::JsonSchema>::json_schema(generator)
            }
        }
    )*};
}

pub(crate) use schema_as;
