//! What a network or a server can do to a reply.

use super::{
    client::Client,
    stage::{Protocol, Stage},
};
use crate::support::numbers::Numbers;
use std::{io, time::Duration};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Silence,
    Closed,
    Reset,
    ClosedInside,
    SilenceInside,
    Garbage,
    GarbageAlone,
    Nul,
    Slow,
    LongLine,
    ManyLines,
    Twice,
    OtherTag,
    Bye,
    No,
    Bad,
    BrokenTls,
    HalfClosed,
    EndlessLine,
    EndlessLines,
    HugeLiteral,
}

/// How a conversation goes on after a fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// As if nothing had happened.
    On,
    /// The server is told nothing more: it would answer what the client was never asked for.
    Alone,
    Over,
}

/// Where and when a fault is met.
pub(super) struct Occasion<'a> {
    pub(super) protocol: Protocol,
    pub(super) stage: Stage,
    /// Of the command under way.
    pub(super) tag: &'a str,
    /// What the client would have got.
    pub(super) reply: &'a [u8],
    pub(super) numbers: &'a mut Numbers,
    /// Between two bytes of a slow reply.
    pub(super) pace: Duration,
}

/// The bytes of a long line.
const LONG: usize = 24 << 20;
/// What an endless reply ends with all the same, in bytes.
const ENDLESS: usize = 600 << 20;
/// The lines of a long reply.
const MANY: usize = 40_000;

impl Fault {
    pub(crate) const ALL: [Self; 21] = [
        Self::Silence,
        Self::Closed,
        Self::Reset,
        Self::ClosedInside,
        Self::SilenceInside,
        Self::HalfClosed,
        Self::BrokenTls,
        Self::Slow,
        Self::Garbage,
        Self::GarbageAlone,
        Self::Nul,
        Self::LongLine,
        Self::ManyLines,
        Self::EndlessLine,
        Self::EndlessLines,
        Self::HugeLiteral,
        Self::Twice,
        Self::OtherTag,
        Self::Bye,
        Self::No,
        Self::Bad,
    ];

    /// How tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::ClosedInside => "closed inside",
            Self::SilenceInside => "silence inside",
            Self::Garbage => "garbage first",
            Self::GarbageAlone => "garbage alone",
            Self::Nul => "NUL bytes",
            Self::Slow => "slow",
            Self::LongLine => "long line",
            Self::ManyLines => "many lines",
            Self::Twice => "twice",
            Self::OtherTag => "other tag",
            Self::Bye => "BYE",
            Self::No => "NO",
            Self::Bad => "BAD",
            Self::BrokenTls => "broken TLS",
            Self::HalfClosed => "half closed",
            Self::EndlessLine => "endless line",
            Self::EndlessLines => "endless lines",
            Self::HugeLiteral => "huge literal",
        }
    }

    /// What the client sees of it, in SMTP and IMAP.
    pub(crate) fn says(self) -> &'static str {
        match self {
            Self::Silence => "nothing more comes",
            Self::Closed => "the connection is closed instead of the reply",
            Self::Reset => "the connection is reset instead of the reply",
            Self::ClosedInside => "a part of the reply, and the connection is closed",
            Self::SilenceInside => "a part of the reply, and nothing more",
            Self::Garbage => "a line of random bytes before the reply",
            Self::GarbageAlone => "five lines of random bytes, and nothing more",
            Self::Nul => "200 NUL bytes before the reply",
            Self::Slow => "the reply, ten bytes a second",
            Self::LongLine => "a line of 24 MB before the reply",
            Self::ManyLines => "40,000 lines before the reply",
            Self::Twice => "the reply twice",
            Self::OtherTag => "the reply with the tag of no command; in SMTP with the code 999",
            Self::Bye => "BYE and the end of the connection; in SMTP 421",
            Self::No => "NO instead of the reply; in SMTP 451",
            Self::Bad => "BAD instead of the reply; in SMTP 500",
            Self::BrokenTls => "a TLS record that no key opens",
            Self::HalfClosed => "the server's side is closed, and it goes on listening",
            Self::EndlessLine => "a line that does not end",
            Self::EndlessLines => "lines that do not end",
            Self::HugeLiteral => "a literal of 4 GB is announced, and 100 kB of it come",
        }
    }

    /// Whether there is such a fault at this place.
    pub(crate) fn fits(self, protocol: Protocol, stage: Stage) -> bool {
        let at = |stages: &[Stage]| stages.contains(&stage);
        match self {
            Self::HugeLiteral => protocol == Protocol::Imap && at(&[Stage::FetchHeader, Stage::FetchMessage]),
            Self::Slow | Self::ClosedInside | Self::SilenceInside => !at(&[Stage::Connect, Stage::Message]),
            Self::Twice => !at(&[Stage::Connect, Stage::Message, Stage::HeaderLiteral, Stage::MessageLiteral]),
            Self::OtherTag => {
                !at(&[Stage::Connect, Stage::Message, Stage::HeaderLiteral, Stage::MessageLiteral, Stage::News])
            }
            Self::No | Self::Bad => !at(&[Stage::Connect, Stage::HeaderLiteral, Stage::MessageLiteral]),
            Self::Bye => stage != Stage::Connect,
            _ => true,
        }
    }

    /// Whether it stands in the place of the line that ends a reply, rather than of its first one.
    pub(super) fn is_of_last_line(self) -> bool {
        matches!(self, Self::Twice | Self::OtherTag | Self::No | Self::Bad)
    }

    /// Whether a server that says this has not done what it was asked for.
    pub(super) fn is_refusal(self) -> bool {
        matches!(self, Self::Bye | Self::No | Self::Bad)
    }

    /// Whether it takes much memory.
    pub(crate) fn is_heavy(self) -> bool {
        matches!(self, Self::LongLine | Self::EndlessLine | Self::EndlessLines)
    }

    /// Does it to a client.
    pub(super) async fn meet(self, client: &mut Client, mut occasion: Occasion<'_>) -> io::Result<Then> {
        let reply = occasion.reply;
        match self {
            Self::Silence => {}
            Self::Closed => return closed(client).await,
            Self::Reset => {
                client.reset_at_end()?;
                return Ok(Then::Over);
            }
            Self::ClosedInside => {
                client.write(occasion.part()).await?;
                return closed(client).await;
            }
            Self::SilenceInside => client.write(occasion.part()).await?,
            Self::Garbage => {
                client.write(&occasion.garbage()).await?;
                client.write(reply).await?;
                return Ok(Then::On);
            }
            Self::GarbageAlone => {
                for _ in 0..5 {
                    client.write(&occasion.garbage()).await?;
                }
            }
            Self::Nul => {
                client.write(&[&[0; 200], reply].concat()).await?;
                return Ok(Then::On);
            }
            Self::Slow => {
                slowly(client, reply, occasion.pace).await?;
                return Ok(Then::On);
            }
            Self::LongLine => {
                client.write(occasion.line_start()).await?;
                client.write(&vec![b'A'; LONG]).await?;
                client.write(&[b"\r\n", reply].concat()).await?;
                return Ok(Then::On);
            }
            Self::ManyLines => {
                client.write(&occasion.lines(0, MANY)).await?;
                client.write(reply).await?;
                return Ok(Then::On);
            }
            Self::Twice => {
                client.write(&[reply, reply].concat()).await?;
                return Ok(Then::On);
            }
            Self::OtherTag => {
                client.write(&occasion.with_other_tag()).await?;
                return Ok(Then::On);
            }
            Self::Bye => {
                client.write(occasion.bye()).await?;
                return closed(client).await;
            }
            Self::No | Self::Bad => {
                client.write(occasion.refusal(self).as_bytes()).await?;
                return Ok(occasion.after_refusal());
            }
            Self::BrokenTls => {
                let mut record = vec![0x17, 3, 3, 0, 32];
                record.extend((0..32).map(|_| occasion.byte()));
                client.write_raw(&record).await?;
            }
            Self::HalfClosed => client.close_writing().await?,
            Self::EndlessLine => {
                client.write(occasion.line_start()).await?;
                let megabyte = vec![b'A'; 1 << 20];
                for _ in 0..ENDLESS >> 20 {
                    client.write(&megabyte).await?;
                }
            }
            Self::EndlessLines => {
                let mut written = 0;
                for from in (0..).step_by(MANY) {
                    let lines = occasion.lines(from, MANY);
                    written += lines.len();
                    client.write(&lines).await?;
                    if written >= ENDLESS {
                        break;
                    }
                }
            }
            Self::HugeLiteral => {
                client.write(b"* 1 FETCH (UID 1 BODY[] {4294967000}\r\n").await?;
                client.write(&[b'x'; 100_000]).await?;
            }
        }
        client.listen_to_the_end().await?;
        Ok(Then::Over)
    }
}

async fn closed(client: &mut Client) -> io::Result<Then> {
    client.close_writing().await?;
    Ok(Then::Over)
}

async fn slowly(client: &mut Client, reply: &[u8], pace: Duration) -> io::Result<()> {
    let mut beat = tokio::time::interval(pace);
    for byte in reply {
        beat.tick().await;
        client.write(std::slice::from_ref(byte)).await?;
    }
    Ok(())
}

impl Occasion<'_> {
    fn byte(&mut self) -> u8 {
        u8::try_from(self.numbers.below(256)).unwrap()
    }

    fn garbage(&mut self) -> Vec<u8> {
        let bytes = (0..300).map(|_| self.byte()).map(|byte| if byte == b'\n' { b'x' } else { byte });
        bytes.chain(*b"\r\n").collect()
    }

    /// The reply without its end, and not nothing.
    fn part(&mut self) -> &[u8] {
        let end = 1 + self.numbers.below(self.reply.len().saturating_sub(2));
        &self.reply[..end.min(self.reply.len())]
    }

    fn line_start(&self) -> &'static [u8] {
        match self.protocol {
            Protocol::Smtp => b"250-",
            Protocol::Imap => b"* OK ",
        }
    }

    fn lines(&self, from: usize, number: usize) -> Vec<u8> {
        let lines = (from..from + number).map(|n| match self.protocol {
            Protocol::Smtp => format!("250-line {n}\r\n"),
            Protocol::Imap => format!("* {n} EXISTS\r\n"),
        });
        lines.collect::<String>().into_bytes()
    }

    fn with_other_tag(&self) -> Vec<u8> {
        match self.protocol {
            Protocol::Smtp => {
                let lines = self.reply.split_inclusive(|b| *b == b'\n');
                lines.flat_map(|line| [b"999", line.get(3..).unwrap_or_default()].concat()).collect()
            }
            Protocol::Imap => {
                let after = memchr::memchr(b' ', self.reply).unwrap_or(0);
                [b"zz99", &self.reply[after..]].concat()
            }
        }
    }

    fn bye(&self) -> &'static [u8] {
        match self.protocol {
            Protocol::Smtp => b"421 4.3.2 shutting down\r\n",
            Protocol::Imap => b"* BYE shutting down\r\n",
        }
    }

    fn refusal(&self, fault: Fault) -> String {
        match (self.protocol, fault) {
            (Protocol::Smtp, Fault::No) => "451 4.3.0 internal error\r\n".to_owned(),
            (Protocol::Smtp, _) => "500 5.5.1 what\r\n".to_owned(),
            (Protocol::Imap, Fault::No) => format!("{} NO [SERVERBUG] internal error\r\n", self.tag),
            (Protocol::Imap, _) => format!("{} BAD what\r\n", self.tag),
        }
    }

    fn after_refusal(&self) -> Then {
        match self.stage {
            // The server waits for the rest of a message.
            Stage::Data | Stage::Message | Stage::EndOfMessage => Then::Alone,
            _ => Then::On,
        }
    }
}
