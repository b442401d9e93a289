//! `-t 'smoke and not negative'`: which tags a scenario must have.

use std::{fmt, str::FromStr};

/// A condition on tags. `not` binds closest, then `and`, then `or`; parentheses group; a comma means `or`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagExpr {
    /// The scenario has the tag.
    Has(String),
    /// The condition does not hold.
    Not(Box<TagExpr>),
    /// Both hold.
    And(Box<TagExpr>, Box<TagExpr>),
    /// At least one holds.
    Or(Box<TagExpr>, Box<TagExpr>),
}

/// A text is no condition on tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}; write for example `smoke and not (slow or negative)`")]
pub struct TagError {
    /// What is wrong.
    pub message: String,
    /// Where in the text, in characters from 1; one more than there are for its end.
    pub column: usize,
}

/// How deep parentheses and `not` may be nested.
const MAX_DEPTH: usize = 64;

impl TagExpr {
    /// Whether it holds for a scenario with these tags.
    pub fn holds(&self, tags: &[String]) -> bool {
        match self {
            Self::Has(tag) => tags.contains(tag),
            Self::Not(inner) => !inner.holds(tags),
            Self::And(a, b) => a.holds(tags) && b.holds(tags),
            Self::Or(a, b) => a.holds(tags) || b.holds(tags),
        }
    }
}

impl FromStr for TagExpr {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        let mut parser = Parser { tokens: tokens(text), at: 0, end: text.chars().count() + 1 };
        let expr = parser.or(0)?;
        match parser.peek() {
            None => Ok(expr),
            Some(token) => Err(parser.wrong(format!("`{token}` is unexpected"))),
        }
    }
}

impl fmt::Display for TagExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Has(tag) => f.write_str(tag),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::And(a, b) => write!(f, "({a} and {b})"),
            Self::Or(a, b) => write!(f, "({a} or {b})"),
        }
    }
}

/// A word or a sign, and its column.
#[derive(Debug)]
struct Token {
    text: String,
    column: usize,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut inside = false;
    for (c, column) in text.chars().zip(1..) {
        let is_sign = matches!(c, '(' | ')' | ',');
        match tokens.last_mut() {
            _ if c.is_whitespace() => {}
            Some(token) if inside && !is_sign => token.text.push(c),
            _ => tokens.push(Token { text: c.to_string(), column }),
        }
        inside = !is_sign && !c.is_whitespace();
    }
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// The column behind the last character.
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|w| w.text.as_str())
    }

    /// Something is wrong with the next word.
    fn wrong(&self, message: impl Into<String>) -> TagError {
        TagError { message: message.into(), column: self.tokens.get(self.at).map_or(self.end, |w| w.column) }
    }

    fn take(&mut self, any: &[&str]) -> bool {
        let found = self.peek().is_some_and(|w| any.contains(&w));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self, depth: usize) -> Result<TagExpr, TagError> {
        let mut left = self.and(depth)?;
        while self.take(&["or", ","]) {
            left = TagExpr::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and(&mut self, depth: usize) -> Result<TagExpr, TagError> {
        let mut left = self.not(depth)?;
        while self.take(&["and"]) {
            left = TagExpr::And(Box::new(left), Box::new(self.not(depth)?));
        }
        Ok(left)
    }

    fn not(&mut self, depth: usize) -> Result<TagExpr, TagError> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("the tags are nested too deeply"));
        }
        if self.take(&["not"]) {
            return Ok(TagExpr::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take(&["("]) {
            let inner = self.or(depth + 1)?;
            return if self.take(&[")"]) { Ok(inner) } else { Err(self.wrong("a `)` is missing")) };
        }
        match self.peek() {
            None => Err(self.wrong("a tag is missing at the end")),
            Some(token @ (")" | "," | "and" | "or")) => Err(self.wrong(format!("a tag is missing before `{token}`"))),
            Some(token) => {
                let tag = token.to_owned();
                self.at += 1;
                Ok(TagExpr::Has(tag))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_as_they_read() {
        let tags = ["smoke".to_owned(), "arc".to_owned()];
        for (text, want) in [
            ("smoke", true),
            ("slow", false),
            ("not slow", true),
            ("smoke and slow or arc", true),
            ("smoke and (slow or negative)", false),
            ("not (slow or negative) and arc", true),
            ("slow,arc", true),
            ("not not smoke", true),
        ] {
            assert_eq!(text.parse::<TagExpr>().unwrap().holds(&tags), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in
            ["", "and", "a b", "(a", "a)", "a and", "not", "a or ,b", "()", &"not ".repeat(200), &"(".repeat(200)]
        {
            assert!(text.parse::<TagExpr>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_has_its_column() {
        for (text, column, message) in [
            ("smoke  slow", 8, "`slow` is unexpected"),
            ("größe and ,b", 11, "a tag is missing before `,`"),
            ("a and", 6, "a tag is missing at the end"),
            ("(a or b", 8, "a `)` is missing"),
            ("a)", 2, "`)` is unexpected"),
        ] {
            let error = text.parse::<TagExpr>().unwrap_err();
            assert_eq!((error.column, error.message.as_str()), (column, message), "{text}");
        }
    }
}
