//! The places of a conversation where a fault is met.

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Smtp,
    Imap,
}

/// A reply, or a part of one, by what it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the TLS handshake.
    Connect,
    Greeting,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// While the client sends the message.
    Message,
    /// The reply to the dot after the message.
    EndOfMessage,
    Quit,
    Login,
    Capability,
    Id,
    List,
    Examine,
    FetchHeader,
    /// In the middle of a header that was fetched.
    HeaderLiteral,
    FetchMessage,
    /// In the middle of a message that was fetched.
    MessageLiteral,
    Idle,
    /// What the server says of its own accord during IDLE.
    News,
    Done,
    Search,
    Noop,
    Select,
    Store,
    Copy,
    Move,
    Expunge,
}

impl Stage {
    pub(crate) const SMTP: [Self; 10] = [
        Self::Connect,
        Self::Greeting,
        Self::Ehlo,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Message,
        Self::EndOfMessage,
        Self::Quit,
    ];

    pub(crate) const IMAP: [Self; 16] = [
        Self::Connect,
        Self::Greeting,
        Self::Login,
        Self::Capability,
        Self::Id,
        Self::List,
        Self::Examine,
        Self::FetchHeader,
        Self::HeaderLiteral,
        Self::FetchMessage,
        Self::MessageLiteral,
        Self::Idle,
        Self::News,
        Self::Done,
        Self::Search,
        Self::Noop,
    ];

    /// Those of a folder that is open, and what is seen first in it.
    pub(crate) const WATCHING: [Self; 7] = [
        Self::FetchHeader,
        Self::HeaderLiteral,
        Self::FetchMessage,
        Self::MessageLiteral,
        Self::Idle,
        Self::News,
        Self::Done,
    ];

    /// Those of putting away what was received.
    pub(crate) const CLEANUP: [Self; 5] = [Self::Select, Self::Move, Self::Copy, Self::Store, Self::Expunge];

    /// Whether it is met by who waits for news.
    pub(crate) fn is_waiting(self) -> bool {
        matches!(self, Self::Idle | Self::News | Self::Done | Self::Noop)
    }

    /// How tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Message => "message",
            Self::EndOfMessage => "end of message",
            Self::Quit => "QUIT",
            Self::Login => "LOGIN",
            Self::Capability => "CAPABILITY",
            Self::Id => "ID",
            Self::List => "LIST",
            Self::Examine => "EXAMINE",
            Self::FetchHeader => "FETCH header",
            Self::HeaderLiteral => "in the header",
            Self::FetchMessage => "FETCH message",
            Self::MessageLiteral => "in the message",
            Self::Idle => "IDLE",
            Self::News => "news in IDLE",
            Self::Done => "DONE",
            Self::Search => "SEARCH",
            Self::Noop => "NOOP",
            Self::Select => "SELECT",
            Self::Store => "STORE",
            Self::Copy => "COPY",
            Self::Move => "MOVE",
            Self::Expunge => "EXPUNGE",
        }
    }
}
