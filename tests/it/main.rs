//! Integration tests; README.md beside this file says how to add one.

mod imap_wire;
mod layers;
mod scenarios_yaml;
mod scripted;
mod seen;
mod snapshots;
mod submit;
mod verify_rules;
mod verify_signer;
