//! The `sealcheck` program.

use sealcheck::cli::{self, Context};

fn main() -> std::process::ExitCode {
    cli::main(&Context::of_process())
}
