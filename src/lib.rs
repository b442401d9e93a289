//! sealcheck checks end-to-end delivery to Gmail: it sends real mail, reads the forwarded copy, asserts ARC, and says
//! why it fails.
//!
//! # As a library
//!
//! Three modules are documented for others: [`mail`] reads what messages, bounces and logs say, [`verify`] judges every DKIM and
//! ARC signature on its own, and [`lab`] starts a sender, a company and a receiver like Gmail in this process. They change with
//! the version of the crate as semantic versioning has it. All other modules are for the program and its tests: they are hidden
//! here and change in any release.
//!
//! ```
//! use sealcheck::{
//!     mail::Message,
//!     verify::{Dns, Verdict, ZoneFile, verify},
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let copy = "From: user@sender.example\r\nSubject: not sealed\r\n\r\nHello.\r\n";
//! let dns = Dns::zone(ZoneFile::parse("arc._domainkey.company.example. 300 IN TXT \"v=DKIM1; p=\"")?);
//! let verification = verify(&Message::parse(copy.as_bytes().to_vec()), &dns, 1_795_488_300).await;
//! assert_eq!(verification.arc, Verdict::None);
//! # Ok(())
//! # }
//! ```
//!
//! # Rooms
//!
//! | room | its question |
//! |---|---|
//! | [`core`] | which small values does everyone share? |
//! | [`catalogue`] | which causes are known? |
//! | [`mail`] | what does mail say? |
//! | [`verify`] | what is true? |
//! | [`target`] | which world is meant? |
//! | [`scenario`] | what is to be done? |
//! | [`evidence`] | what was seen? |
//! | [`outcome`] | what can a run say? |
//! | [`probe`] | how do we act on the world? |
//! | [`lab`] | which world do we carry? |
//! | [`judge`] | what does it mean? |
//! | [`run`] | in which order? |
//! | [`report`] | how is it told? |
//! | [`doctor`] | is it ready before we send? |
//! | [`cli`] | what did the person type? |
//!
//! A room uses `crate::` only from lower rows: `core` ← `mail` ← `verify`; `core` ← `catalogue` ← `target` ← `scenario`;
//! these ← `evidence`, `outcome` ← `probe`, `lab`, `judge` ← `run`, `report`, `doctor` ← `cli`. `tests/it/layers.rs` reads the
//! sources and fails on any other edge.

#[doc(hidden)]
pub mod catalogue;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod core;
#[doc(hidden)]
pub mod doctor;
#[doc(hidden)]
pub mod evidence;
#[doc(hidden)]
pub mod judge;
pub mod lab;
pub mod mail;
#[doc(hidden)]
pub mod outcome;
#[doc(hidden)]
pub mod probe;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod scenario;
#[doc(hidden)]
pub mod target;
pub mod verify;
