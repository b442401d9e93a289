//! A real Postfix between the embedded ends: its files below a state directory, beside any that the machine runs.
//!
//! Nothing can leave the machine: Postfix listens at a unix socket, asks no DNS, knows two routes, both to our own ports,
//! and has no service that delivers to files or commands.

mod content_filter;
mod greylist;
mod installation;
mod instance;
mod knob_settings;
mod lookup_tables;
mod main_cf;
mod postsrsd;
mod proxy;
mod queue_directory;
mod user_main_cf;
mod world;

pub(in crate::lab) use world::world;
