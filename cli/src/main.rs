//! The binary: the standard protocols, and nothing else.

use std::process::ExitCode;

use groma_experiment::registry::Registry;

/// Pieces of the ledger's state come and go by the million, and the system's
/// allocator took a fifth of a run (docs/decisions/011-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    groma::main_with(&Registry::standard())
}
