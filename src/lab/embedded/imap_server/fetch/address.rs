//! Addresses of a field as ENVELOPE shows them (RFC 3501 §7.4.2, RFC 5322 §3.4).

/// An address, or with no host the start (name in `mailbox`) or end (no `mailbox`) of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Address {
    pub(super) name: Option<String>,
    pub(super) mailbox: Option<String>,
    pub(super) host: Option<String>,
}

/// A lexical piece of a field.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Special(char),
    Word(String),
    Comment(String),
}

/// Reads an address list. What cannot be understood is kept as a mailbox without host.
pub(super) fn read(text: &str) -> Vec<Address> {
    let mut list = Vec::new();
    let mut in_group = false;
    let mut now: Vec<Piece> = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Special(':') if !in_group && !now.contains(&Piece::Special('<')) => {
                in_group = true;
                let name = words(&now);
                now.clear();
                list.push(Address { mailbox: Some(name), ..Address::default() });
            }
            Piece::Special(c @ (',' | ';')) => {
                list.extend(one(&now));
                now.clear();
                if c == ';' && in_group {
                    in_group = false;
                    list.push(Address::default());
                }
            }
            piece => now.push(piece),
        }
    }
    list.extend(one(&now));
    if in_group {
        list.push(Address::default());
    }
    list
}

fn one(pieces: &[Piece]) -> Option<Address> {
    let open = pieces.iter().position(|p| *p == Piece::Special('<'));
    let (name, spec) = match open {
        Some(at) => (Some(words(&pieces[..at])).filter(|n| !n.is_empty()), &pieces[at + 1..]),
        None => {
            let comment = pieces.iter().find_map(|p| if let Piece::Comment(c) = p { Some(c.clone()) } else { None });
            (comment, pieces)
        }
    };
    let spec: String = spec
        .iter()
        .take_while(|p| **p != Piece::Special('>'))
        .map(|p| match p {
            Piece::Special(c) => c.to_string(),
            Piece::Word(w) => w.clone(),
            Piece::Comment(_) => String::new(),
        })
        .collect();
    // An obsolete route: `<@a,@b:user@host>`.
    let spec = if spec.starts_with('@') { spec.rsplit(':').next().unwrap_or(&spec).to_owned() } else { spec };
    if spec.is_empty() && name.is_none() {
        return None;
    }
    let (mailbox, host) = match spec.rsplit_once('@') {
        Some((mailbox, host)) => (mailbox.to_owned(), Some(host.to_owned())),
        None => (spec, Some(String::new())),
    };
    Some(Address { name, mailbox: Some(mailbox), host })
}

fn words(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Word(word) => {
                if !out.is_empty() && !out.ends_with('.') {
                    out.push(' ');
                }
                out.push_str(word);
            }
            Piece::Special(c) => out.push(*c),
            Piece::Comment(_) => {}
        }
    }
    out
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '"' => {
                let mut word = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    word.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
                }
                out.push(Piece::Word(word));
            }
            '(' => {
                let (mut comment, mut depth) = (String::new(), 1);
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => comment.extend(chars.next()),
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        c => comment.push(c),
                    }
                    if depth == 0 {
                        break;
                    }
                }
                out.push(Piece::Comment(comment));
            }
            '<' | '>' | ',' | ';' | ':' | '@' => out.push(Piece::Special(c)),
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !"\"(<>,;:@".contains(*c)) {
                    word.push(c);
                }
                out.push(Piece::Word(word));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        read(text)
            .into_iter()
            .map(|a| {
                let show = |v: Option<String>| v.unwrap_or_else(|| "NIL".into());
                format!("{}|{}|{}", show(a.name), show(a.mailbox), show(a.host))
            })
            .collect()
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(shown("a@b.example"), ["NIL|a|b.example"]);
        assert_eq!(
            shown("Ann B. <a@b.example>, \"C, D\" <\"x y\"@b.example>"),
            ["Ann B.|a|b.example", "C, D|x y|b.example"]
        );
        assert_eq!(shown("a@b.example (Ann (x))"), ["Ann x|a|b.example"]);
        assert_eq!(
            shown("team: a@b.example, <c@d.example>;"),
            ["NIL|team|NIL", "NIL|a|b.example", "NIL|c|d.example", "NIL|NIL|NIL"]
        );
        assert_eq!(shown("undisclosed-recipients:;"), ["NIL|undisclosed-recipients|NIL", "NIL|NIL|NIL"]);
        assert_eq!(shown("<@r.example:a@b.example>"), ["NIL|a|b.example"]);
        assert_eq!(shown(",, \"open"), ["NIL|open|"]);
        assert!(shown("").is_empty());
    }
}
