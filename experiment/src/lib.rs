//! Scenario to plan to run to result: the only room that knows the physics,
//! the protocols, the ledger and the city together.
//!
//! One sentence carries the design: running a plan is a pure
//! function; everything else prepares a plan or reads a result.

pub mod plan;
pub mod registry;
pub mod result;
