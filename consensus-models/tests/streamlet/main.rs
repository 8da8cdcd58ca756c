//! Streamlet on the test benches: scripts with expected traces, closed forms,
//! random faults, Byzantine replicas.
#![allow(clippy::unwrap_used)]

mod closed_forms;
mod faults;
