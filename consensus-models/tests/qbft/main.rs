//! QBFT on the test benches: scripts with expected traces, closed forms,
//! random faults, Byzantine proposers.
#![allow(clippy::unwrap_used)]

mod byzantine;
mod closed_forms;
#[path = "../heights/faults.rs"]
mod faults;
mod scripts;

use groma_consensus_models::qbft::Qbft as Node;
