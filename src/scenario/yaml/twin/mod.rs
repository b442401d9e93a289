//! The formats as serde reads them and as JSON Schema describes them; nothing here decides anything.

pub(crate) mod config;
pub(crate) mod scenario;

/// Declares an enum of words with its spellings. The words `true` and `false` are YAML's truth values.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let words: Vec<serde_json::Value> = [$($text),*]
                    .into_iter()
                    .map(|word| match word {
                        "true" => true.into(),
                        "false" => false.into(),
                        word => word.into(),
                    })
                    .collect();
                schemars::json_schema!({ "enum": words })
            }
        }
    )*};
}
pub(crate) use words;
