//! Source lines that may hold a secret are not shown.

use super::{Source, YamlError, YamlErrors};

/// Keys whose value is a secret when it is a plain text.
const SECRET_WORDS: [&str; 6] = ["password", "token", "secret", "passwd", "private_key", "private key"];

impl YamlError {
    /// Takes the excerpt away when its line, or the key above it, may hold a secret as plain text.
    #[must_use]
    pub(crate) fn without_secrets(mut self, source: &Source) -> Self {
        let is_typed = source.set.is_some();
        let source = &*source.text;
        let line = usize::try_from(self.position.line).unwrap_or(0);
        let before = line.saturating_sub(1);
        let text = if line == 0 { "" } else { source.lines().nth(before).unwrap_or_default() };
        // A value in a later line belongs to the nearest key above that opens a block.
        let above = source.lines().take(before);
        let opener = above.filter(|line| line.trim_end().ends_with([':', '|', '>', '-', '+'])).last();
        let below = opener.is_some_and(is_secret_key) && !is_reference(text);
        if holds_secret(text) || below || is_typed && is_typed_secret(source) {
            self.excerpt = None;
        } else if is_typed
            && let Some((keys, _)) = source.split_once('=')
            && usize::try_from(self.position.column).is_ok_and(|column| column <= keys.chars().count())
        {
            // A key that nobody knows may be meant for a secret.
            self.excerpt = Some(format!("{keys}=…"));
        }
        self
    }
}

impl YamlErrors {
    /// [`YamlError::without_secrets`] for each.
    #[must_use]
    pub(crate) fn without_secrets(self, source: &Source) -> Self {
        Self(self.0.into_iter().map(|e| e.without_secrets(source)).collect())
    }
}

fn is_secret_key(line: &str) -> bool {
    let lower = line.to_lowercase();
    SECRET_WORDS.iter().any(|w| lower.contains(w))
}

/// Whether a secret's key is followed by anything but a map or a part of a reference.
fn is_typed_secret(text: &str) -> bool {
    let (keys, value) = text.split_once('=').unwrap_or((text, ""));
    let refers = ["env", "file", "command"].contains(&keys.rsplit('.').next().unwrap_or_default().trim());
    is_secret_key(keys) && !refers && !value.trim_start().starts_with('{')
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
    use crate::core::Span;

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
            let file = Source::new("a", source.as_bytes()).unwrap();
            let error = YamlError::new("x", Span::new("a", line, 1)).with_source(source).without_secrets(&file);
            assert_eq!(error.excerpt.is_some(), shown, "{source}");
        }
    }

    #[test]
    fn what_is_typed_is_shown_as_far_as_it_is_no_secret() {
        for (text, column, shown) in [
            ("accounts.a.imap.password=hunter2", 26, None),
            ("accounts.a.imap.password.evn=hunter2", 26, None),
            ("accounts.a.imap={ password: hunter2, prt: 3 }", 38, None),
            ("accounts.a.imap.pasword=hunter2", 17, Some("accounts.a.imap.pasword=…")),
            ("accounts.a.imap.password={ evn: A }", 28, Some("accounts.a.imap.password={ evn: A }")),
            ("accounts.a.imap.password.env=[A]", 30, Some("accounts.a.imap.password.env=[A]")),
            ("accounts.a.mx=a:b", 15, Some("accounts.a.mx=a:b")),
        ] {
            let error = YamlError::new("x", Span::new("--set k", 1, column)).with_source(text);
            let typed = Source { set: Some("k".into()), ..Source::new("--set k", text.as_bytes()).unwrap() };
            assert_eq!(error.without_secrets(&typed).excerpt.as_deref(), shown, "{text}");
        }
    }
}
