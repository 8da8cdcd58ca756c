//! Tendermint on the test benches: scripts with expected traces, closed forms,
//! random faults, Byzantine proposers.
#![allow(clippy::unwrap_used)]

mod closed_forms;
mod faults;
mod scripts;
