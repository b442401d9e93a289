//! A real Postfix between the embedded ends: its files below a state directory, beside any that the machine runs.
//!
//! Nothing can leave the machine: Postfix listens at a unix socket, asks no DNS, knows two routes, both to our own ports,
//! and has no service that delivers to files or commands.

mod changes;
mod front;
mod greylist;
mod installation;
mod instance;
mod main_cf;
mod passes;
mod queue;
mod settings;
mod srs;
mod tables;
mod user_main_cf;
mod world;

pub(in crate::lab) use world::world;
