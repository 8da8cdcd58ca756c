//! The binary: the standard protocols, and nothing else.

use std::process::ExitCode;

use groma_experiment::registry::Registry;

fn main() -> ExitCode {
    groma::main_with(&Registry::standard())
}
