//! PBFT: closed forms, scripts with expected traces, random faults, liars.
#![allow(clippy::unwrap_used)]

mod byzantine;
mod closed_forms;
mod faults;
mod scripts;
