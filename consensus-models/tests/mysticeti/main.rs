//! Mysticeti on the test benches: scripts with expected traces, closed forms,
//! random faults, Byzantine authors.
#![allow(clippy::unwrap_used)]

mod faults;
