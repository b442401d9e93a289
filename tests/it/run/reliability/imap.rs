//! An IMAP conversation (RFC 3501).

use super::{
    dialogue::{Dialogue, Reply, line_end},
    stage::Stage,
};

pub(super) struct Imap {
    tag: String,
    /// What is being answered.
    stage: Option<Stage>,
}

impl Imap {
    pub(super) fn new() -> Self {
        Self { tag: "*".to_owned(), stage: Some(Stage::Greeting) }
    }
}

impl Dialogue for Imap {
    fn hear(&mut self, line: &[u8]) -> Option<Stage> {
        let line = String::from_utf8_lossy(line);
        match line.trim_end().split_once(' ') {
            Some((tag, command)) => {
                self.tag = tag.to_owned();
                self.stage = stage(&command.to_ascii_uppercase());
            }
            None => self.stage = Some(Stage::Done),
        }
        None
    }

    fn take_reply(&mut self, sent: &mut Vec<u8>) -> Option<Reply> {
        let mut end = line_end(sent, 0)?;
        let mut literal = None;
        while let Some(length) = announced(&sent[..end]) {
            literal.get_or_insert(end..end + length);
            if sent.len() < end + length {
                return None;
            }
            end = line_end(sent, end + length)?;
        }
        let bytes: Vec<u8> = sent.drain(..end).collect();
        let is_untagged = bytes.starts_with(b"* ");
        let stage = match self.stage {
            Some(Stage::Idle) if is_untagged => Some(Stage::News),
            stage => stage,
        };
        let is_last = !is_untagged || matches!(stage, Some(Stage::Greeting | Stage::News));
        Some(Reply { bytes, stage, is_last, literal })
    }

    fn tag(&self) -> &str {
        &self.tag
    }
}

fn stage(command: &str) -> Option<Stage> {
    let command = command.strip_prefix("UID ").unwrap_or(command);
    Some(match command.split(' ').next()? {
        "LOGIN" | "AUTHENTICATE" => Stage::Login,
        "CAPABILITY" => Stage::Capability,
        "ID" => Stage::Id,
        "LIST" => Stage::List,
        "EXAMINE" => Stage::Examine,
        "FETCH" if command.contains("BODY.PEEK[]") => Stage::FetchMessage,
        "FETCH" => Stage::FetchHeader,
        "IDLE" => Stage::Idle,
        "SEARCH" => Stage::Search,
        "NOOP" => Stage::Noop,
        "SELECT" => Stage::Select,
        "STORE" => Stage::Store,
        "COPY" => Stage::Copy,
        "MOVE" => Stage::Move,
        "EXPUNGE" => Stage::Expunge,
        _ => return None,
    })
}

/// The length of the literal that a line ends by announcing.
fn announced(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}\r\n")?;
    let digits = &line[memchr::memrchr(b'{', line)? + 1..];
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_by_what_they_answer() {
        let mut imap = Imap::new();
        let mut sent = b"* OK Gimap\r\n".to_vec();
        assert_eq!(imap.take_reply(&mut sent).unwrap().stage, Some(Stage::Greeting));
        imap.hear(b"a3 UID FETCH 7 (UID BODY.PEEK[])\r\n");
        sent = b"* 1 FETCH (UID 7 BODY[] {4}\r\na\r\nb FLAGS ())\r\na3 OK done\r\n".to_vec();
        let mut begun = sent[..30].to_vec();
        assert_eq!(imap.take_reply(&mut begun), None);
        let reply = imap.take_reply(&mut sent).unwrap();
        assert_eq!((reply.place_of(Stage::MessageLiteral), reply.is_last), (Some(31), false));
        assert!(reply.bytes.ends_with(b" FLAGS ())\r\n"));
        let reply = imap.take_reply(&mut sent).unwrap();
        assert_eq!((reply.place_of(Stage::FetchMessage), reply.place_of(Stage::MessageLiteral)), (Some(0), None));
        assert!(reply.is_last && imap.tag() == "a3");
        imap.hear(b"a4 IDLE\r\n");
        sent = b"+ idling\r\n* 2 EXISTS\r\n".to_vec();
        assert_eq!([(); 2].map(|()| imap.take_reply(&mut sent).unwrap().stage), [Some(Stage::Idle), Some(Stage::News)]);
    }
}
