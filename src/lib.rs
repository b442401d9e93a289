//! sealcheck checks end-to-end delivery to Gmail: it sends real mail, reads the forwarded copy, asserts ARC, and says
//! why it fails.
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
//! these ← `evidence`, `outcome` ← `probe`, `lab`, `judge` ← `run`, `report`, `doctor` ← `cli`. `tests/it/layers.rs` reads the sources and fails on any other edge.

pub mod catalogue;
pub mod cli;
pub mod core;
pub mod doctor;
pub mod evidence;
pub mod judge;
pub mod lab;
pub mod mail;
pub mod outcome;
pub mod probe;
pub mod report;
pub mod run;
pub mod scenario;
pub mod target;
pub mod verify;
