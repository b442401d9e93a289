//! Mailboxes watched over IMAP (RFC 3501): one connection per folder serves every attempt that waits on it.
//!
//! | file | what |
//! |---|---|
//! | `mailboxes` | every mailbox of a run, by account and folder |
//! | `watch` | one attempt's view of one folder |
//! | `arrival_broker` | who waits for what; arrivals find them by hash |
//! | `message_key` | what a message says about the attempt it belongs to |
//! | `watcher` | the thread behind a folder: wait, look, hand on, reconnect |
//! | `test_mail` | what runs have left in a folder |
//! | `command_connection` | deleting and looking up, on a connection of its own |
//! | `search_queue` | folders searched anew for many attempts at once |
//! | `folder_index` | what a search has read of a folder already |
//! | `imap_connection` | one connection: login, commands, messages |
//! | `folder_names` | what a server calls its folders |
//! | `account_access` | how the connections of an account are made, and what they share |
//! | `time_limits` | how long servers may take |
//! | `connect` | TCP, TLS, greeting |
//! | `server_info` | what a server shows of itself and of an account, without anything being changed |
//! | `batch` | what one FETCH reads |
//! | `fetch` | FETCH and SEARCH data, Gmail's extensions included |
//! | `esearch` | the other answer to SEARCH |
//! | `protocol` | commands and what answers them, IDLE, by the `imap` crate |
//! | `responses` | the stream under the crate: what it is shown, and what is read beside it |
//! | `wire` | the octets: lines and literals |
//! | `transcript` | the protocol lines, logins masked |
//! | `connection_canceller` | ends a connection from another thread |
//! | `error` | what went wrong, in words |

mod account_access;
mod arrival_broker;
mod batch;
mod command_connection;
mod connect;
mod connection_canceller;
mod error;
mod esearch;
mod fetch;
mod folder_index;
mod folder_names;
mod imap_connection;
mod mailboxes;
mod message_key;
mod protocol;
mod responses;
mod search_queue;
mod server_info;
mod test_mail;
mod time_limits;
mod transcript;
mod utf7;
mod watch;
mod watcher;
mod wire;

pub use folder_names::FoundBy;
pub use mailboxes::{FolderHealth, Mailboxes};
pub use message_key::MailIdentity;
pub use search_queue::FolderSearch;
pub use server_info::{ServerInfo, server_info};
pub use test_mail::TestMail;
pub use time_limits::Limits;
pub use watch::Watch;
