//! What did the person type?

pub mod commands;
