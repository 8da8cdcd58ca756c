//! Scenario to plan to run to result: the only room that knows the physics,
//! the protocols, the ledger and the city together.
//!
//! One sentence carries the design: running a plan is a pure
//! function; everything else prepares a plan or reads a result.

pub mod adversary;
pub mod bottleneck;
pub mod capacity;
pub mod certificate;
mod checker;
mod client;
pub mod cluster;
mod cost;
pub mod demand;
mod disk;
pub mod divergence;
mod feed;
mod growth;
mod heights;
mod layout;
pub mod library;
pub mod listing;
mod mempool;
mod observe;
mod occupancy;
pub mod path;
pub mod plan;
mod propagation;
mod recorder;
mod recovery;
mod regions;
pub mod registry;
mod replica;
pub mod result;
pub mod scenario;
mod seats;
pub mod store;
mod suitability;
pub mod sweep;
pub mod tap;
pub mod trace;
mod usage;
pub mod validation;
mod verdict;
mod weights;
pub mod why;
mod wire;
mod world;
