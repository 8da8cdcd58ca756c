//! Narwhal, ordered by Tusk and by Bullshark, on the test benches.
#![allow(clippy::unwrap_used)]

mod byzantine;
mod closed_forms;
mod faults;
mod scripts;
