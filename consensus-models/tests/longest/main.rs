//! The longest chains on the test benches: scripts with expected traces, closed
//! forms, lotteries, random faults, nodes that lie.
#![allow(clippy::unwrap_used)]

mod byzantine;
mod closed_forms;
mod faults;
mod lotteries;
mod pages;
mod scripts;
