//! TiKV's Raft on the test benches: against our own Raft, scripts with expected
//! traces, random faults.
#![cfg(feature = "tikv-raft")]
#![allow(clippy::unwrap_used)]

mod faults;
mod oracle;
mod scripts;
