//! The `sealcheck` program.

fn main() {}
