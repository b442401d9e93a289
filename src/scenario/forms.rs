//! What a text of an expectation must look like for the expectation ever to hold.

use super::vars::{Template, Vars};

/// The form of a text, once its variables are filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One line that is not empty.
    Line,
    /// The whole value of a header field, which is read with its white space collapsed.
    Value,
    /// A regular expression.
    Expression,
    /// An enhanced status code (RFC 3463 §2).
    Status,
    /// A domain, or a selector, which is written as one (RFC 6376 §3.1).
    Domain,
    /// A label of Gmail.
    Label,
}

/// Why a text has not its form: what is wrong, and what to do.
pub(crate) type Malformed = (String, String);

/// A text that may name variables, and the form that it must have.
pub(crate) type Formed<'a> = (Form, &'a Template);

impl Form {
    /// Whether a text without variables has this form.
    ///
    /// # Errors
    /// When an expectation of such a text can never hold, or always does.
    pub(crate) fn check(self, text: &str) -> Result<(), Malformed> {
        if text.trim().is_empty() {
            let what = if self == Self::Label { "the label" } else { "the text" };
            let help = "an empty text says nothing; write what must stand there";
            return Err((format!("{what} is empty"), help.to_owned()));
        }
        match self {
            Self::Line | Self::Label => line(text),
            Self::Value => line(text).and_then(|()| collapsed(text)),
            Self::Expression => expression(text),
            Self::Status => status(text),
            Self::Domain => domain(text),
        }
    }

    /// The same for what is written, as far as it names no variables.
    ///
    /// # Errors
    /// Those of [`Form::check`].
    pub(crate) fn check_written(self, written: &Template) -> Result<(), Malformed> {
        written.fill(&Vars::new()).map_or(Ok(()), |text| self.check(&text))
    }

    /// The same for what names variables, filled in with these.
    ///
    /// # Errors
    /// Those of [`Form::check`], with the text as it is written.
    pub(crate) fn check_filled(self, written: &Template, vars: &Vars) -> Result<(), Malformed> {
        if written.fill(&Vars::new()).is_ok() {
            return Ok(());
        }
        let Ok(text) = written.fill(vars) else { return Ok(()) };
        let filled =
            |(message, help)| (format!("{message} when the variables of `{}` are filled in", written.text), help);
        self.check(&text).map_err(filled)
    }
}

fn line(text: &str) -> Result<(), Malformed> {
    if !text.chars().any(|c| c.is_control() && c != '\t') {
        return Ok(());
    }
    let message = format!("`{}` holds a line break or a control character", text.escape_debug());
    Err((message, "what is tested is one line; write it on one line".to_owned()))
}

fn collapsed(text: &str) -> Result<(), Malformed> {
    match text.split_whitespace().collect::<Vec<_>>().join(" ") {
        collapsed if collapsed == text => Ok(()),
        collapsed => {
            let message =
                format!("`{text}` is the value of no header field: white space at its ends, or more than one in a row");
            Err((message, format!("values are read with their white space collapsed; write `{collapsed}`")))
        }
    }
}

fn expression(text: &str) -> Result<(), Malformed> {
    let why = match regex::Regex::new(text) {
        Ok(_) => return Ok(()),
        Err(regex::Error::Syntax(text)) => {
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
        Err(other) => other.to_string(),
    };
    Err((format!("bad regular expression: {why}"), "escape special characters with `\\`".to_owned()))
}

fn status(text: &str) -> Result<(), Malformed> {
    let number = |part: &str| {
        (1..=3).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let parts: Vec<&str> = text.split('.').collect();
    match parts[..] {
        ["2" | "4" | "5", subject, detail] if number(subject) && number(detail) => Ok(()),
        _ => {
            let help = "RFC 3463 §2: 2, 4 or 5 and two numbers of up to three digits, for example 5.7.26; \
                        `contains` and `matches` test a part";
            Err((format!("`{text}` is no enhanced status code"), help.to_owned()))
        }
    }
}

fn domain(text: &str) -> Result<(), Malformed> {
    let mut labels = text.strip_suffix('.').unwrap_or(text).split('.');
    if labels.all(|l| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')) {
        return Ok(());
    }
    Err((format!("`{text}` is no domain"), "labels of letters, digits, `-` and `_`, with dots between".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Span;

    #[test]
    fn texts_have_the_form_of_what_they_are_held_against() {
        for (form, sound, wrong) in [
            (Form::Line, &["a", " a\tb ", "例え"][..], &["", " ", "a\nb", "a\u{0}"][..]),
            (Form::Expression, &["a", "^$", "a{2}$"], &["", "(a", "a{2,1}"]),
            (
                Form::Status,
                &["5.7.26", "2.0.0", "4.100.999"],
                &["", "5.7", "5.7.1.2", "5.7.1000", "3.0.0", "1.0.0", "5.07.1", "5..1", "x.1.1", " 5.1.1"],
            ),
            (
                Form::Domain,
                &["corp.example", "corp.example.", "例え.jp", "_x.a-b"],
                &["", "a b", "x@corp.example", ".a", "a..b", "<a>"],
            ),
            (Form::Value, &["a b"], &["", "a  b", " a", "a\tb", "a\nb"]),
            (Form::Label, &["\\Important", "a b"], &[""]),
        ] {
            for text in sound {
                assert_eq!(form.check(text), Ok(()), "{form:?} {text}");
            }
            for text in wrong {
                assert!(form.check(text).is_err(), "{form:?} {text}");
            }
        }
    }

    #[test]
    fn what_names_variables_is_looked_at_once_they_are_filled_in() {
        let template = |text: &str| Template::new(text, Span::new("a.yaml", 1, 1));
        let mut vars = Vars::new();
        vars.set("empty", "");
        vars.set("open", "(");
        assert!(Form::Line.check_written(&template("$empty")).is_ok());
        let (message, _) = Form::Line.check_filled(&template("$empty"), &vars).unwrap_err();
        assert_eq!(message, "the text is empty when the variables of `$empty` are filled in");
        assert!(Form::Expression.check_filled(&template("a$open"), &vars).is_err());
        assert!(Form::Expression.check_filled(&template("(a"), &vars).is_ok(), "that was told before");
    }
}
