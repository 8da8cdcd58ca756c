//! Mysticeti on the test benches: scripts with expected traces, closed forms,
//! random faults, Byzantine authors.
#![allow(clippy::unwrap_used)]

mod byzantine;
mod closed_forms;
mod faults;
mod scripts;
