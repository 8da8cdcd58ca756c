//! Malachite's consensus core on the test benches, and as the oracle of our own
//! Tendermint. Empty without the feature.
#![cfg(feature = "malachite")]
#![allow(clippy::unwrap_used)]

mod faults;
mod oracle;
mod scripts;
