//! How is it told? Reporters read [`crate::outcome::RunEvent`]s and nothing else.
