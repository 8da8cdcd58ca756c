//! Raft against scripts, closed forms and random faults.

#![allow(clippy::unwrap_used)]

mod closed_forms;
mod property;
mod scripts;
