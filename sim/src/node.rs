//! What a simulated process is: its names, its lanes and its handlers.
//!
//! A node does no IO and knows no clock but its [`Context`]'s.

use crate::context::Context;
use crate::time::Time;
use std::fmt;

/// Names a node: its position in the list given to the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// Names a machine: its position in `Setup::machines`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "machine {}", self.0)
    }
}

impl NodeId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl MachineId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A serial server inside a node: its handlers run one after the other, in
/// the order in which their messages came. Different lanes of a node run at
/// the same time if the machine has the cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Votes, proposals and timers of the protocol.
    Consensus,
    /// Application of committed blocks.
    Execution,
    /// Writes to disk.
    Storage,
    /// Transactions on their way in.
    Intake,
    /// Bodies of batches, to be checked before the protocol sees them.
    Verify,
}

impl Lane {
    /// How many lanes a node has.
    pub const COUNT: usize = 5;
    /// Every lane, in the order of their indices.
    pub const ALL: [Lane; Lane::COUNT] = [
        Lane::Consensus,
        Lane::Execution,
        Lane::Storage,
        Lane::Intake,
        Lane::Verify,
    ];

    /// Its place in [`Lane::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The lane in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Lane::Consensus => "consensus",
            Lane::Execution => "execution",
            Lane::Storage => "storage",
            Lane::Intake => "intake",
            Lane::Verify => "verify",
        }
    }
}

/// A simulated process.
///
/// A handler's code runs at once, at the virtual instant at which its lane
/// and a core are free; what it does to the world leaves at
/// [`Context::now`], which moves on with every [`Context::spend`].
pub trait Node: Sized {
    /// What nodes send each other.
    type Message;
    /// What a node tells the observer.
    type Observation;

    /// Which lane serves this incoming message.
    fn lane(&self, message: &Self::Message) -> Lane;

    /// Which lane serves the timer with this key.
    fn timer_lane(&self, _key: u64) -> Lane {
        Lane::Consensus
    }

    /// What a message is, in a word, for journals.
    fn describe(&self, _message: &Self::Message) -> &'static str {
        "message"
    }

    /// What the timer with this key is, in a word, for journals.
    fn describe_timer(&self, _key: u64) -> &'static str {
        "timer"
    }

    /// Reads some word of the state that handlers need first and returns it;
    /// the value means nothing. The simulation calls this for many nodes at
    /// once, a little ahead of their events, so that their state comes from
    /// memory while nobody waits. It is worth writing for runs of more nodes
    /// than the caches hold (10,000 and up).
    fn touch(&self) -> u64 {
        0
    }

    /// Runs once, at the start of the run, on [`Lane::Consensus`]. A node that
    /// a crash holds down from the start begins with [`Node::on_restart`].
    fn on_start(&mut self, ctx: &mut Context<'_, Self>);

    /// A message has come and its lane is free.
    fn on_message(&mut self, from: NodeId, message: &Self::Message, ctx: &mut Context<'_, Self>);

    /// The timer with this key has expired and its lane is free.
    fn on_timer(&mut self, key: u64, ctx: &mut Context<'_, Self>);

    /// The process has died at `at`. Queued work, timers and effects that
    /// were still to leave are gone already; the node drops its volatile state.
    fn on_crash(&mut self, _at: Time) {}

    /// The process is up again, on [`Lane::Consensus`].
    fn on_restart(&mut self, ctx: &mut Context<'_, Self>);
}

/// Receives what the nodes emit, in the order of virtual time.
pub trait Observer<N: Node> {
    /// `node` emitted `observation` at the instant `at`.
    fn observe(&mut self, at: Time, node: NodeId, observation: N::Observation);
}

/// Watches nothing.
impl<N: Node> Observer<N> for () {
    fn observe(&mut self, _at: Time, _node: NodeId, _observation: N::Observation) {}
}

/// Keeps everything, for tests.
impl<N: Node> Observer<N> for Vec<(Time, NodeId, N::Observation)> {
    fn observe(&mut self, at: Time, node: NodeId, observation: N::Observation) {
        self.push((at, node, observation));
    }
}
