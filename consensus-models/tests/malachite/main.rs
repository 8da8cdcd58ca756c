//! Malachite's consensus core on the test benches, and as the oracle of our own
//! Tendermint. Empty without the feature.
#![cfg(feature = "malachite")]
#![allow(clippy::unwrap_used)]

#[path = "../heights/faults.rs"]
mod faults;
mod oracle;
mod scripts;

use groma_consensus_models::malachite::Malachite as Node;
