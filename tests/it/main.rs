//! Integration tests; README.md beside this file says how to add one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod captures_diagnosis;
mod checks;
mod cli;
mod corpus;
mod diagnosis;
mod diagnosis_page;
mod diagnosis_rules;
mod explain;
mod imap_wire;
mod interop;
mod interop_cases;
mod interop_generated;
mod knobs;
mod lab_up_interop;
mod layers;
mod lookalike;
mod lookalike_interop;
mod mailbox;
mod many;
mod probe_in_world;
mod program;
mod project_file;
mod readers;
mod readme;
mod reports;
mod scenarios_yaml;
mod scripted;
mod seen;
mod smtp_wire;
mod snapshots;
mod snapshots_embedded;
mod submit;
mod verify_captures;
mod verify_chain;
mod verify_dns;
mod verify_keys;
mod verify_rules;
mod verify_signer;
mod wire;
mod world;
