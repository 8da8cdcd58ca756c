//! Deterministic discrete-event physics: time, bytes, machines, faults.
//!
//! A [`Node`] is a state machine that reacts to messages and timers through a
//! [`Context`]. A [`Simulation`] runs many of them in virtual time on
//! [`MachineSpec`]s joined by a [`Network`]: handlers cost CPU on serial
//! [`Lane`]s and shared cores, messages cost bytes on egress and ingress
//! queues, and [`Fault`]s strike at fixed times. The same [`Setup`] and nodes
//! give the same run, event for event, on every machine.
//!
//! This crate knows nothing of ledgers, votes, files or wall clocks.

#![forbid(unsafe_code)]

pub mod draw;
pub mod fault;
pub mod law;
pub mod machine;
pub mod network;
pub mod node;
pub mod queue;
pub mod rng;
pub mod simulation;
pub mod time;
pub mod topology;

mod bundle;
mod context;
mod disturbance;
mod engine;
mod event;
mod fingerprint;
mod parcel;
mod pipe;
mod seat;
mod strike;
mod timer;

pub use context::Context;
pub use fault::{Fault, FaultKind};
pub use law::LatencyLaw;
pub use machine::{MachineSpec, MachineUse};
pub use network::Network;
pub use node::{Lane, MachineId, Node, NodeId, Observer};
pub use rng::{Stream, Streams};
pub use simulation::{Setup, Simulation, Stop};
pub use time::{Span, Time};
pub use topology::{LinkSpec, Topology};
