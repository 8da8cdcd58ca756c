//! Test benches for any [`Protocol`](crate::Protocol), without third parties.
//!
//! - [`script`]: explicit steps and expected traces as text files;
//! - [`cluster`]: a deterministic random network, and constant delays for
//!   closed forms;
//! - [`property`]: seeds, fault schedules and replay over a cluster;
//! - [`battery`]: what every protocol must survive, in a call each;
//! - [`steady`]: messages, bytes and delays of a block under a steady load, and
//!   the tables in `docs/protocols/` that state them.
//!
//! Public, so that an outside crate tests its protocol with the same means.
//! Knows no protocol and nothing of the simulator.

pub mod battery;
mod checker;
pub mod cluster;
mod effect;
pub mod fault;
mod host;
pub mod property;
mod rng;
pub mod script;
pub mod steady;
#[cfg(test)]
mod tests;

pub use cluster::{Between, Cluster, Commit, Config, Fate, Filter};
pub use effect::Effect;
pub use fault::{Fault, FaultPlan};
pub use property::{Trial, batch, for_seeds};
pub use rng::SplitMix64;
pub use steady::Steady;
