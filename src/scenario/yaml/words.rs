/// Declares an enum of words with its spellings. The words `true` and `false` are YAML's truth values. The first variant is
/// the default.
macro_rules! words {
    ($($(#[$doc:meta])* $vis:vis enum $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_text:literal $(| $first_alias:literal)*
        $(, $(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $alias:literal)*)* $(,)?
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $vis enum $name {
            $(#[$first_doc])* $first,
            $($(#[$variant_doc])* $variant,)*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const WORDS: &[&str] = &[$first_text, $($first_alias,)* $($text, $($alias,)*)*];
                match $crate::scenario::yaml::checked::word(deserializer, WORDS)? {
                    $($text $(| $alias)* => Ok(Self::$variant),)*
                    _ => Ok(Self::$first),
                }
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
                let words: Vec<serde_json::Value> =
                    [$first_text, $($first_alias,)* $($text, $($alias,)*)*]
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
