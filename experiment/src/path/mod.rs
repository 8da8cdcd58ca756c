//! The critical path: where the time of a transaction went, from its intended
//! send to finality at its client.
//!
//! Up to the creation of its block a transaction is followed by its own stamps.
//! From there on the chain of causes is walked back from the reply that completed
//! finality: a handler ran because a message, a post or a timer came; that left
//! another handler; and so on, until the block's creation. Every nanosecond
//! between belongs to the queue, the work or the link that the chain was in, so
//! the parts add up to the finality latency exactly. The chain names the event
//! that came last, which is what a quorum waits for.
//!
//! [`Tracer`] is a [`crate::tap::Tap`]: it follows *every* transaction of the
//! measured time, block by block.

mod chain;
mod summary;
mod tracer;

use serde::{Deserialize, Serialize};

pub use self::summary::{Band, Hop, PathSummary, Row};
pub use self::tracer::Tracer;

/// A part of the path, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Intended send to arrival at the batching replica: the gateway's link and
    /// the replica's intake.
    ClientLink,
    /// Arrival to the close of the batch: filling it, and checking signatures.
    Batch,
    /// Close of the batch to the creation of the block that orders it: waiting
    /// for the proposer, and for the batch to reach it.
    Order,
    /// Outgoing links between replicas.
    Egress,
    /// Time of flight between replicas.
    Propagation,
    /// Incoming links between replicas.
    Ingress,
    /// Checking bodies that arrived.
    Verify,
    /// Handlers of the protocol: proposals, votes, certificates.
    Consensus,
    /// A timer had to expire.
    Timer,
    /// Execution of the block, and making the answers.
    Execution,
    /// Flushes to disk.
    Storage,
    /// The reply's way: the replica's outgoing link and the time of flight.
    Reply,
    /// The gateway's incoming link.
    ClientIngress,
    /// Before the stretch of time that the tracer remembers.
    Untraced,
}

impl Part {
    /// How many parts there are.
    pub const COUNT: usize = 14;
    /// Every part, in the order of the path.
    pub const ALL: [Part; Part::COUNT] = [
        Part::ClientLink,
        Part::Batch,
        Part::Order,
        Part::Egress,
        Part::Propagation,
        Part::Ingress,
        Part::Verify,
        Part::Consensus,
        Part::Timer,
        Part::Execution,
        Part::Storage,
        Part::Reply,
        Part::ClientIngress,
        Part::Untraced,
    ];

    /// Its place in [`Part::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The part in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Part::ClientLink => "client link and intake",
            Part::Batch => "batch fill",
            Part::Order => "wait for order",
            Part::Egress => "replica egress",
            Part::Propagation => "propagation",
            Part::Ingress => "replica ingress",
            Part::Verify => "verification",
            Part::Consensus => "consensus handlers",
            Part::Timer => "timers",
            Part::Execution => "execution",
            Part::Storage => "storage",
            Part::Reply => "reply link",
            Part::ClientIngress => "client ingress",
            Part::Untraced => "untraced",
        }
    }
}
