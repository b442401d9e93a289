//! Source lines that may hold a secret are not shown.

use super::{YamlError, YamlErrors};

/// Keys whose value is a secret when it is a plain text.
const SECRET_WORDS: [&str; 6] = ["password", "token", "secret", "passwd", "private_key", "private key"];

impl YamlError {
    /// Takes the excerpt away when its line, or the key above it, may hold a secret as plain text.
    #[must_use]
    pub(crate) fn without_secrets(mut self, source: &str) -> Self {
        let before = usize::try_from(self.position.line).unwrap_or(0).saturating_sub(1);
        let text = source.lines().nth(before).filter(|_| self.position.line > 0).unwrap_or_default();
        // A value in a later line belongs to the nearest key above that opens a block.
        let opens = |l: &&str| l.trim_end().ends_with([':', '|', '>', '-', '+']);
        let opener = source.lines().take(before).filter(opens).last();
        let below = opener.is_some_and(is_secret_key) && !is_reference(text);
        // On the command line the keys stand before a `=`.
        let typed = self.position.file.starts_with("--set ") && is_typed_secret(source);
        if typed || holds_secret(text) || below {
            self.excerpt = None;
        }
        self
    }
}

impl YamlErrors {
    /// [`YamlError::without_secrets`] for each.
    #[must_use]
    pub(crate) fn without_secrets(self, source: &str) -> Self {
        Self(self.0.into_iter().map(|e| e.without_secrets(source)).collect())
    }
}

fn is_secret_key(line: &str) -> bool {
    let lower = line.to_lowercase();
    SECRET_WORDS.iter().any(|w| lower.contains(w))
}

/// Whether keys that end in a secret's are followed by anything but a map.
fn is_typed_secret(text: &str) -> bool {
    let (keys, value) = text.split_once('=').unwrap_or((text, ""));
    let last = keys.rsplit('.').next().unwrap_or_default();
    is_secret_key(last) && !value.trim_start().starts_with('{')
}

fn is_reference(line: &str) -> bool {
    ["env:", "file:", "command:"].iter().any(|k| line.trim_start().starts_with(k))
}

/// Whether a secret's key is followed by anything but a map or nothing.
fn holds_secret(line: &str) -> bool {
    let lower = line.to_lowercase();
    SECRET_WORDS.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let rest = lower[at + word.len()..].trim_start_matches(|c: char| c.is_alphanumeric() || "_\"'".contains(c));
            let value = rest.trim_start().strip_prefix(':').map(str::trim_start);
            value.is_some_and(|v| !v.is_empty() && !v.starts_with('{') && !v.starts_with('#'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Position;

    #[test]
    fn hides_what_may_be_a_secret_and_nothing_else() {
        for (source, line, shown) in [
            ("password: hunter2", 1, false),
            ("imap: { user: a, password: hunter2, prot: 3 }", 1, false),
            ("\"access_token\" : hunter2", 1, false),
            ("password:\n  hunter2\n", 2, false),
            ("password: |\n  a\n  hunter2: [\n", 3, false),
            ("dkim: { private_key: hunter2 }", 1, false),
            ("private_key: |\n  -----BEGIN PRIVATE KEY-----\n  hunter2\n", 3, false),
            ("password: { env: A }", 1, true),
            ("password:\n  env: A\n", 2, true),
            ("password:\n", 1, true),
            ("host: a", 1, true),
        ] {
            let error = YamlError::new("x", Position::new("a", line, 1)).with_source(source).without_secrets(source);
            assert_eq!(error.excerpt.is_some(), shown, "{source}");
        }
    }
}
