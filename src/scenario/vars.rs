//! `$name` and `$account.field` in texts, filled in when an attempt starts.

use crate::{
    core::{Span, Spanned, schema_as::schema_as, suggest},
    target::Target,
};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// A text that may name variables, with the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    /// The text as written.
    pub text: String,
    /// Where its value starts.
    pub at: Span,
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::<String>::deserialize(deserializer).map(|text| Self::new(text.value, text.at))
    }
}

schema_as! { [] Template: String; }

/// A text names a variable that nothing defines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown variable `${name}`")]
pub struct UnknownVariable {
    /// The name without its dollar sign.
    pub name: String,
    /// Where the text stands.
    pub at: Span,
    /// A defined name that looks like it.
    pub similar: Option<String>,
}

/// What the variables stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vars(BTreeMap<String, String>);

impl Vars {
    /// Nothing defined.
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines or redefines one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every name with its value, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// `$$`, one dollar sign.
    Dollar,
    /// A variable: its name, and how it was written.
    Name { name: &'a str, written: &'a str },
}

/// Whether a word can name a variable: a letter or `_`, then letters, digits, `_` and `-`, at most 64.
pub(crate) fn is_name(word: &str) -> bool {
    word.len() <= 64 && word_len(word) == word.len() && !word.is_empty()
}

/// The parts of a text. Of `$a-b.c` the longest beginning that is `known` counts (`a-b.c`, `a-b`, `a`), so that a hyphen
/// or a full stop behind a name is text; when none is known, the whole is the name.
pub(crate) fn pieces<'a>(text: &'a str, known: &dyn Fn(&str) -> bool) -> Vec<Piece<'a>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        if at > 0 {
            out.push(Piece::Text(&rest[..at]));
        }
        let (tail, behind) = (&rest[at..], &rest[at + 1..]);
        let written = if behind.starts_with('$') {
            out.push(Piece::Dollar);
            2
        } else if let Some(inner) = behind.strip_prefix('{') {
            // An open brace is part of a name that nothing defines, so that it is found.
            let (name, written) = inner.find('}').map_or((behind, tail), |end| (&inner[..end], &tail[..end + 3]));
            out.push(Piece::Name { name, written });
            written.len()
        } else if let Some(name) = bare_name(behind, known) {
            out.push(Piece::Name { name, written: &tail[..=name.len()] });
            name.len() + 1
        } else {
            out.push(Piece::Text(&tail[..1]));
            1
        };
        rest = &tail[written..];
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
    out
}

/// The length of the name that a text starts with; 0 for none.
fn word_len(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    let len = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    text[..len].trim_end_matches('-').len()
}

fn bare_name<'a>(text: &'a str, known: &dyn Fn(&str) -> bool) -> Option<&'a str> {
    let word = word_len(text);
    if word == 0 {
        return None;
    }
    let field = text[word..].strip_prefix('.').map_or(0, word_len);
    let longest = if field > 0 { &text[..word + 1 + field] } else { &text[..word] };
    let mut candidate = longest;
    loop {
        if known(candidate) {
            return Some(candidate);
        }
        match candidate.rfind(['-', '.']) {
            Some(at) => candidate = candidate[..at].trim_end_matches('-'),
            None => return Some(longest),
        }
    }
}

impl Template {
    /// A text written at a place.
    pub fn new(text: impl Into<String>, at: Span) -> Self {
        Self { text: text.into(), at }
    }

    /// Where it is written.
    pub fn at(&self) -> &Span {
        &self.at
    }

    /// The text with `$name`, `${name}` and `$account.field` replaced; `$$` is one dollar sign, and a dollar sign before
    /// anything else is itself. Values are not looked through again.
    ///
    /// # Errors
    /// At the first name that `vars` does not define.
    pub fn fill(&self, vars: &Vars) -> Result<String, UnknownVariable> {
        let mut out = String::with_capacity(self.text.len());
        for piece in pieces(&self.text, &|name| vars.get(name).is_some()) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Dollar => out.push('$'),
                Piece::Name { name, written } => match vars.get(name) {
                    Some(value) => out.push_str(value),
                    None => return Err(self.unknown(name, written, vars)),
                },
            }
        }
        Ok(out)
    }

    /// Every name in the text that `vars` does not define.
    pub fn unknown_names(&self, vars: &Vars) -> Vec<UnknownVariable> {
        pieces(&self.text, &|name| vars.get(name).is_some())
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Name { name, written } if vars.get(name).is_none() => Some(self.unknown(name, written, vars)),
                _ => None,
            })
            .collect()
    }

    /// Every name that the text uses, given what is defined.
    pub fn names<'a>(&'a self, vars: &Vars) -> Vec<&'a str> {
        pieces(&self.text, &|name| vars.get(name).is_some())
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Name { name, .. } => Some(name),
                _ => None,
            })
            .collect()
    }

    fn unknown(&self, name: &str, written: &str, vars: &Vars) -> UnknownVariable {
        UnknownVariable {
            name: name.to_owned(),
            at: self.place_of(written),
            similar: suggest::nearest(name, vars.iter().map(|(k, _)| k)).map(str::to_owned),
        }
    }

    /// Where a part of the text stands, when the text was written on one line without escapes; else the whole text.
    fn place_of(&self, part: &str) -> Span {
        let mut at = self.at.clone();
        let quotes = u32::try_from(self.text.chars().count()).ok().and_then(|n| at.len.checked_sub(n));
        if let (Some(quotes @ (0 | 2)), Some(byte)) = (quotes, self.text.find(part)) {
            at.column += u32::try_from(self.text[..byte].chars().count()).unwrap_or(0) + quotes / 2;
            at.len = u32::try_from(part.chars().count()).unwrap_or(0);
        }
        at
    }
}

impl Target {
    /// What the accounts give to texts: `NAME.address`, `.domain`, `.user` (the address before its `@`), `.seal_domain`
    /// (the account's domain when it has none of its own) and, where it is known, `.authserv_id`.
    pub fn vars(&self) -> Vars {
        let mut vars = Vars::new();
        for (name, account) in &self.accounts {
            let domain = account.domain();
            vars.set(format!("{name}.user"), account.address.rsplit_once('@').map_or("", |(user, _)| user));
            vars.set(format!("{name}.address"), account.address.as_str());
            vars.set(format!("{name}.seal_domain"), account.sealing_domain());
            vars.set(format!("{name}.domain"), domain.as_str());
            if let Some(id) = &account.authserv_id {
                vars.set(format!("{name}.authserv_id"), id.as_str());
            }
        }
        vars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars() -> Vars {
        let mut vars = Vars::new();
        for (name, value) in
            [("token", "sc-1"), ("external.domain", "ext.example"), ("gmail-2.address", "a@gmail.com"), ("a-b", "ab")]
        {
            vars.set(name, value);
        }
        vars
    }

    fn fill(text: &str) -> Result<String, String> {
        let template = Template::new(text, Span::new("a.yaml", 3, 10));
        template.fill(&vars()).map_err(|e| e.name)
    }

    #[test]
    fn fills_every_form() {
        for (text, want) in [
            ("", ""),
            ("check $token", "check sc-1"),
            ("${token}x", "sc-1x"),
            ("at $external.domain.", "at ext.example."),
            ("$external.domain.org", "ext.example.org"),
            ("$token.eml", "sc-1.eml"),
            ("$token-1 $a-b $a-b-", "sc-1-1 ab ab-"),
            ("<$gmail-2.address>", "<a@gmail.com>"),
            ("$$token costs $5 or $ or $", "$token costs $5 or $ or $"),
            ("héé $token ü", "héé sc-1 ü"),
        ] {
            assert_eq!(fill(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        for (text, name) in [
            ("$tokn", "tokn"),
            ("${token", "{token"),
            ("${}", ""),
            ("$external.dmain.", "external.dmain"),
            ("$a-c", "a-c"),
        ] {
            assert_eq!(fill(text), Err(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_unknown_name_has_its_own_place_and_a_suggestion() {
        let mut at = Span::new("a.yaml", 3, 10);
        at.len = 11;
        let unknown = Template::new("a: $exernal", at.clone()).unknown_names(&vars());
        assert_eq!((unknown[0].at.column, unknown[0].at.len), (13, 8));
        at.len = 20;
        let unknown = Template::new("x $external.dmain ", at).unknown_names(&vars());
        assert_eq!(unknown[0].similar.as_deref(), Some("external.domain"));
        assert_eq!((unknown[0].at.column, unknown[0].at.len), (13, 15));
    }
}
