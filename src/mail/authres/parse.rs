//! From the bytes of a field to statements. The grammar of RFC 8601 §2.2, and what servers make of it: no authserv-id,
//! bare `property=value` pairs, addresses in angle brackets, spaces around every sign, stray words.

use super::{AuthenticationResults, Property, ResInfo};
use crate::mail::{
    Field,
    lexer::{self, Cursor},
};

/// Property types (RFC 8601 §2.3 and what is in use). They tell an empty value from one that starts after white space.
const PTYPES: [&str; 8] = ["smtp", "header", "body", "policy", "dns", "tls", "arc", "auth"];

/// What stands between two semicolons.
#[derive(Debug, Default)]
struct Statement {
    items: Vec<Item>,
    comments: Vec<String>,
}

#[derive(Debug)]
enum Item {
    Word(String),
    Pair(String, String),
}

impl AuthenticationResults {
    /// Reads a field.
    pub fn of(field: &Field) -> Self {
        Self::parse(&field.name, &field.raw, field.line)
    }

    /// Reads the value of one field. `field` is its name, `line` its line in the message.
    pub fn parse(field: &str, raw: &[u8], line: u32) -> Self {
        let text = lexer::text(raw);
        let mut statements = statements(&text);
        let mut read = Self {
            field: field.to_owned(),
            authserv_id: None,
            version: None,
            instance: None,
            results: Vec::new(),
            line,
        };
        let mut head = statements.next();
        if let Some(statement) = &mut head
            && let Some(Item::Pair(tag, number)) = statement.items.first()
            && tag.eq_ignore_ascii_case("i")
        {
            read.instance = number.parse().ok();
            statement.items.remove(0);
            if statement.items.is_empty() {
                head = statements.next();
            }
        }
        if let Some(mut statement) = head {
            (read.authserv_id, read.version) = take_authserv_id(&mut statement);
            read.results.extend(resinfo(statement));
        }
        read.results.extend(statements.filter_map(resinfo));
        read
    }
}

/// Takes `authserv-id [authres-version]` off the front.
fn take_authserv_id(statement: &mut Statement) -> (Option<String>, Option<u32>) {
    if !matches!(statement.items.first(), Some(Item::Word(_))) {
        return (None, None);
    }
    let mut words = statement.items.iter().map_while(|item| match item {
        Item::Word(word) => Some(word.as_str()),
        Item::Pair(..) => None,
    });
    let id = words.next().map(str::to_owned);
    let version = words.next().and_then(|word| word.parse().ok());
    statement.items.drain(..1 + usize::from(version.is_some()));
    statement.comments.clear();
    (id, version)
}

/// Reads `method [/ version] = result` and what follows; `None` for `none` and for what is no statement.
fn resinfo(statement: Statement) -> Option<ResInfo> {
    let mut items = statement.items.into_iter();
    let Some(Item::Pair(method, result)) = items.next() else { return None };
    let method = method.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let result = result.to_ascii_lowercase();
    if !is_keyword(&method) || !is_keyword(&result) {
        return None;
    }
    let mut reason = None;
    let mut properties = Vec::new();
    for item in items {
        let Item::Pair(key, value) = item else { continue };
        match key.split_once('.') {
            None if key.eq_ignore_ascii_case("reason") && reason.is_none() => reason = Some(value),
            None => properties.push(Property { ptype: String::new(), property: key, value }),
            Some((ptype, property)) => {
                properties.push(Property { ptype: ptype.to_ascii_lowercase(), property: property.to_owned(), value })
            }
        }
    }
    let comment = (!statement.comments.is_empty()).then(|| statement.comments.join(" "));
    Some(ResInfo { method, result, reason, comment, properties })
}

fn is_keyword(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The statements of a field in their order; empty ones are left out, but for the first.
fn statements(text: &str) -> impl Iterator<Item = Statement> {
    let mut cursor = Cursor::new(text);
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut statement = Statement::default();
        loop {
            cursor.cfws(&mut statement.comments);
            match cursor.peek() {
                None => ended = true,
                Some(b';') => drop(cursor.eat(b';')),
                Some(_) => {
                    statement.items.extend(item(&mut cursor, &mut statement.comments));
                    continue;
                }
            }
            return Some(statement);
        }
    })
}

/// Reads `key`, `key = value` or `ptype . property = value`, with white space and comments at every place.
fn item(cursor: &mut Cursor<'_>, comments: &mut Vec<String>) -> Option<Item> {
    if cursor.peek() == Some(b'"') {
        return Some(Item::Word(cursor.value()));
    }
    if cursor.eat(b'=') {
        return None;
    }
    let mut key = cursor.word(b"=").to_owned();
    cursor.cfws(comments);
    while joins(&key, cursor.peek()) {
        let more = cursor.word(b"=");
        if more.is_empty() {
            break;
        }
        key.push_str(more);
        cursor.cfws(comments);
    }
    if !cursor.eat(b'=') {
        return Some(Item::Word(key));
    }
    cursor.cfws(comments);
    let value = if starts_property(cursor) { String::new() } else { cursor.value() };
    Some(Item::Pair(key, value))
}

/// Whether a key goes on after white space: `dkim / 1`, `header . d`.
fn joins(key: &str, next: Option<u8>) -> bool {
    let signs = [key.as_bytes().last().copied(), next];
    signs.contains(&Some(b'/')) || (signs.contains(&Some(b'.')) && is_ptype(key.strip_suffix('.').unwrap_or(key)))
}

/// Whether `ptype.property=` is next, so that the value before it is empty.
fn starts_property(cursor: &Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    let word = ahead.word(b"=");
    ahead.peek() == Some(b'=') && word.split_once('.').is_some_and(|(ptype, _)| is_ptype(ptype))
}

fn is_ptype(text: &str) -> bool {
    PTYPES.iter().any(|p| p.eq_ignore_ascii_case(text))
}
