//! Primary-backup on the test benches: scripts with expected traces, closed
//! forms, random faults.
#![allow(clippy::unwrap_used)]

mod closed_forms;
mod faults;
mod scripts;

/// What `acks` may be.
const ACKS: [&str; 3] = ["none", "majority", "all"];
