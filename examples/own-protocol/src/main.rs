//! The whole tool, with one protocol more.

use std::process::ExitCode;

use groma_experiment::registry::Registry;
use own_protocol::ChainReplication;

fn main() -> ExitCode {
    groma::main_with(&Registry::standard().with::<ChainReplication>())
}
