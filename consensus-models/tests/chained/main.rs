//! Jolteon and HotStuff-2 on the test benches, and the measured tables on the
//! pages of all chained protocols. What the core does for every one of them,
//! the tests of HotStuff cover.
#![allow(clippy::unwrap_used)]

#[path = "../hotstuff/adversary.rs"]
mod adversary;
mod closed_forms;
mod faults;
mod scripts;
mod votes;
