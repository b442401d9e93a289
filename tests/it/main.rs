//! Integration tests; README.md beside this file says how to add one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli;
mod doctor;
mod interop;
mod judge;
mod lab;
mod layers;
mod layers_cycles;
mod mail;
mod probe;
mod project;
mod report;
mod run;
mod scenario;
mod support;
mod verify;
