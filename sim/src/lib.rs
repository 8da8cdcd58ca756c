//! Deterministic discrete-event physics: time, bytes, machines, faults.
//!
//! A [`Node`] is a state machine that reacts to messages and timers through a
//! [`Context`]. A [`Simulation`] runs many of them in virtual time on
//! [`MachineSpec`]s joined by a [`Network`]: handlers cost CPU on serial
//! [`Lane`]s and shared cores, messages cost bytes on egress and ingress
//! queues, and [`Fault`]s strike at fixed times. The same [`Setup`] and nodes
//! give the same run, event for event, on every machine.
//!
//! # The physics, in order of a message's way
//! 1. A handler starts when its lane and a core are free; its code runs at
//!    that instant of the clock, never ahead of it. [`Context::spend`] moves
//!    the handler's own clock on, and effects leave at that clock: what leaves
//!    later than the clock is an event of its own, so that interfaces see
//!    messages in true order of time. A crash before then voids it.
//! 2. Egress is FIFO: transmission starts when the interface is free and takes
//!    bytes * 8e9 / rate nanoseconds, rounded up.
//! 3. The link adds its base latency, drawn once per link and run, and the
//!    message's own jitter; or it loses the message. Messages between two
//!    machines keep their order unless [`Network::in_order`] is off.
//! 4. Ingress is FIFO by first bit and cuts through: a message has passed at
//!    max(interface free, first bit) + its time at the ingress rate, and not
//!    before its last bit has come.
//! 5. The message queues at its lane. Lanes that are free but find every core
//!    of the machine busy queue there, first come, first served.
//!
//! Nodes of one machine talk by the loopback, which is a fixed time and no
//! bytes. Events of one instant happen in the order of (source, the source's
//! own sequence): faults first, then nodes by number, then machines.
//!
//! This crate knows nothing of ledgers, votes, files or wall clocks.

#![forbid(unsafe_code)]

pub mod draw;
pub mod fault;
pub mod journal;
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
pub mod sharing;
mod strike;
mod timer;
pub mod window;

pub use context::Context;
pub use fault::{Fault, FaultKind};
pub use journal::{Entry, EventId, Mark, TRAIL_STEP};
pub use law::LatencyLaw;
pub use machine::{MachineSpec, MachineUse};
pub use network::Network;
pub use node::{Lane, MachineId, Node, NodeId, Observer};
pub use rng::{Stream, Streams};
pub use seat::LaneUse;
pub use sharing::Sharing;
pub use simulation::{Setup, Simulation, Stop};
pub use time::{Span, Time};
pub use topology::{LinkSpec, Topology};
