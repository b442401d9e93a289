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
//! | `search` | folders searched anew for many attempts at once |
//! | `past` | what a search has read of a folder already |
//! | `session` | one connection: login, folders, messages |
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

mod batch;
mod connect;
mod cutter;
mod errands;
mod error;
mod esearch;
mod fetch;
mod hub;
mod keys;
mod leftovers;
mod mailboxes;
mod past;
mod protocol;
mod responses;
mod search;
mod session;
mod timed;
mod transcript;
mod utf7;
mod visit;
mod watch;
mod watcher;
mod wire;

pub use leftovers::Leftover;
pub use mailboxes::{Limits, Mailboxes, Standing};
pub use search::FolderSearch;
pub use visit::{FoundBy, Visit, visit};
pub use watch::{Wanted, Watch};
