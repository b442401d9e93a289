//! Mailboxes watched over IMAP (RFC 3501): one connection per folder serves every attempt that waits on it.
//!
//! | file | what |
//! |---|---|
//! | `mailboxes` | every mailbox of a run, by account and folder |
//! | `watch` | one attempt's view of one folder |
//! | `hub` | who waits for what; arrivals find them by hash |
//! | `keys` | what a message says about the attempt it belongs to |
//! | `watcher` | the thread behind a folder: wait, look, hand on, reconnect |
//! | `leftovers` | what runs have left in a folder |
//! | `errands` | deleting and looking up, on a connection of their own |
//! | `search_queue` | folders searched anew for many attempts at once |
//! | `past` | what a search has read of a folder already |
//! | `session` | one connection: login, commands, messages |
//! | `folder_names` | what a server calls its folders |
//! | `account_access` | how the connections of an account are made, and what they share |
//! | `time_limits` | how long servers may take |
//! | `connect` | TCP, TLS, greeting |
//! | `visit` | what a server shows of itself and of an account, without anything being changed |
//! | `batch` | what one FETCH reads |
//! | `fetch` | FETCH and SEARCH data, Gmail's extensions included |
//! | `esearch` | the other answer to SEARCH |
//! | `protocol` | commands and what answers them, IDLE, by the `imap` crate |
//! | `responses` | the stream under the crate: what it is shown, and what is read beside it |
//! | `wire` | the octets: lines and literals |
//! | `timed` | how long all of it may take |
//! | `transcript` | the protocol lines, logins masked |
//! | `cutter` | ends a connection from another thread |
//! | `error` | what went wrong, in words |

mod account_access;
mod batch;
mod connect;
mod cutter;
mod errands;
mod error;
mod esearch;
mod fetch;
mod folder_names;
mod hub;
mod keys;
mod leftovers;
mod mailboxes;
mod past;
mod protocol;
mod responses;
mod search_queue;
mod session;
mod time_limits;
mod timed;
mod transcript;
mod utf7;
mod visit;
mod watch;
mod watcher;
mod wire;

pub use folder_names::FoundBy;
pub use keys::Wanted;
pub use leftovers::Leftover;
pub use mailboxes::{Mailboxes, Standing};
pub use search_queue::FolderSearch;
pub use time_limits::Limits;
pub use visit::{Visit, visit};
pub use watch::Watch;
