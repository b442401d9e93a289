//! Integration tests; README.md beside this file says how to add one.

mod imap_wire;
mod layers;
mod scripted;
mod submit;
mod scenarios_yaml;
