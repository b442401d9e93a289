//! A command as tokens. Atoms of extensions are atoms like any other, so nothing here knows which commands exist.

use super::sequence::SequenceSet;

/// A piece of a command (RFC 3501 §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An atom, number, sequence set, flag, or a body section with its brackets and partial.
    Atom(String),
    /// A quoted string or a literal.
    String(Vec<u8>),
    /// `(`
    Open,
    /// `)`
    Close,
}

/// What is left to read of a command. Every reader takes one token, or says that the command cannot be understood.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    tokens: std::collections::VecDeque<Token>,
}

/// The command cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

impl Tokens {
    /// Cuts a whole command with its literals in it. A section like `BODY[HEADER.FIELDS (A B)]<0.9>` is one atom.
    pub(super) fn read(command: &[u8]) -> Result<Self, Unreadable> {
        let mut tokens = std::collections::VecDeque::new();
        let mut rest = command;
        while let [first, tail @ ..] = rest {
            rest = match first {
                b' ' => tail,
                b'\r' | b'\n' => break,
                b'(' | b')' => {
                    tokens.push_back(if *first == b'(' { Token::Open } else { Token::Close });
                    tail
                }
                b'"' => {
                    let (text, after) = quoted(tail)?;
                    tokens.push_back(Token::String(text));
                    after
                }
                b'{' => {
                    let (text, after) = literal(tail)?;
                    tokens.push_back(Token::String(text));
                    after
                }
                // RFC 6855 §4: a literal8.
                b'~' if tail.first() == Some(&b'{') => {
                    let (text, after) = literal(&tail[1..])?;
                    tokens.push_back(Token::String(text));
                    after
                }
                _ => {
                    let (atom, after) = rest.split_at(atom_end(rest));
                    let atom = String::from_utf8(atom.to_vec()).map_err(|_| Unreadable)?;
                    if atom.is_empty() || atom.chars().any(char::is_control) {
                        return Err(Unreadable);
                    }
                    tokens.push_back(Token::Atom(atom));
                    after
                }
            };
        }
        Ok(Self { tokens })
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.front()
    }

    pub(super) fn next(&mut self) -> Result<Token, Unreadable> {
        self.tokens.pop_front().ok_or(Unreadable)
    }

    /// Takes the token if it is this one.
    pub(super) fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.tokens.pop_front();
        }
        found
    }

    /// An atom, upper case.
    pub(super) fn keyword(&mut self) -> Result<String, Unreadable> {
        match self.next()? {
            Token::Atom(atom) => Ok(atom.to_ascii_uppercase()),
            _ => Err(Unreadable),
        }
    }

    /// An atom or string, as bytes.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Unreadable> {
        match self.next()? {
            Token::Atom(atom) => Ok(atom.into_bytes()),
            Token::String(bytes) => Ok(bytes),
            Token::Open | Token::Close => Err(Unreadable),
        }
    }

    /// An atom or string, as text.
    pub(super) fn text(&mut self) -> Result<String, Unreadable> {
        String::from_utf8(self.bytes()?).map_err(|_| Unreadable)
    }

    pub(super) fn number<N: std::str::FromStr>(&mut self) -> Result<N, Unreadable> {
        self.text()?.parse().map_err(|_| Unreadable)
    }

    pub(super) fn set(&mut self) -> Result<SequenceSet, Unreadable> {
        match self.next()? {
            Token::Atom(atom) => SequenceSet::read(&atom).ok_or(Unreadable),
            _ => Err(Unreadable),
        }
    }

    /// One text, or several in parentheses.
    pub(super) fn list(&mut self) -> Result<Vec<String>, Unreadable> {
        if !self.take(&Token::Open) {
            return Ok(vec![self.text()?]);
        }
        let mut list = Vec::new();
        while !self.take(&Token::Close) {
            list.push(self.text()?);
        }
        Ok(list)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Unreadable> {
        if self.is_empty() { Ok(()) } else { Err(Unreadable) }
    }
}

fn quoted(mut rest: &[u8]) -> Result<(Vec<u8>, &[u8]), Unreadable> {
    let mut text = Vec::new();
    loop {
        match rest {
            [b'"', after @ ..] => return Ok((text, after)),
            [b'\\', escaped, after @ ..] => {
                text.push(*escaped);
                rest = after;
            }
            [b'\r' | b'\n' | 0, ..] | [] => return Err(Unreadable),
            [plain, after @ ..] => {
                text.push(*plain);
                rest = after;
            }
        }
    }
}

/// A literal after its `{`.
fn literal(rest: &[u8]) -> Result<(Vec<u8>, &[u8]), Unreadable> {
    let close = memchr::memchr(b'}', rest).ok_or(Unreadable)?;
    let (length, after) = rest.split_at(close);
    let length = length.strip_suffix(b"+").unwrap_or(length);
    let length: usize = std::str::from_utf8(length).ok().and_then(|n| n.parse().ok()).ok_or(Unreadable)?;
    let data = after.strip_prefix(b"}\r\n").or_else(|| after.strip_prefix(b"}\n")).ok_or(Unreadable)?;
    data.split_at_checked(length).map(|(text, after)| (text.to_vec(), after)).ok_or(Unreadable)
}

fn atom_end(rest: &[u8]) -> usize {
    let mut in_section = false;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'\r' | b'\n' => return at,
            b'[' if [&b"BODY"[..], b"BODY.PEEK"].iter().any(|name| rest[..at].eq_ignore_ascii_case(name)) => {
                in_section = true;
            }
            b']' => in_section = false,
            b' ' | b'(' | b')' | b'"' if !in_section => return at,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(command: &[u8]) -> Vec<Token> {
        Tokens::read(command).unwrap().tokens.into()
    }

    fn atom(text: &str) -> Token {
        Token::Atom(text.into())
    }

    #[test]
    fn sections_stay_whole() {
        assert_eq!(
            atoms(b"a UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (From \"To\")]<0.9> FLAGS)\r\n"),
            [
                atom("a"),
                atom("UID"),
                atom("FETCH"),
                atom("1:*"),
                Token::Open,
                atom("BODY.PEEK[HEADER.FIELDS (From \"To\")]<0.9>"),
                atom("FLAGS"),
                Token::Close
            ]
        );
    }

    #[test]
    fn strings_are_read_in_both_forms() {
        assert_eq!(
            atoms(b"a LOGIN \"q\\\"\\\\\" {3}\r\n\"x \r\n"),
            [atom("a"), atom("LOGIN"), Token::String(b"q\"\\".to_vec()), Token::String(b"\"x ".to_vec())]
        );
        assert_eq!(atoms(b"a X {0+}\r\n\r\n"), [atom("a"), atom("X"), Token::String(vec![])]);
    }

    #[test]
    fn broken_commands_are_told() {
        for broken in
            [&b"a \"open\r\n"[..], b"a {9}\r\nxy\r\n", b"a {x}\r\n", b"a \xff\xfe\r\n", b"a {99999999999999999999}\r\n"]
        {
            assert_eq!(Tokens::read(broken).err(), Some(Unreadable), "{broken:?}");
        }
    }

    #[test]
    fn a_lone_bracket_ends_at_the_space() {
        assert_eq!(atoms(b"a SEARCH SUBJECT [x y\r\n")[3..], [atom("[x"), atom("y")]);
    }
}
