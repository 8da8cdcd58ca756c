//! Scheduled faults, as plain data. What they do while they last is in
//! `disturbance.rs`; this file knows no engine.

use crate::node::{MachineId, NodeId};
use crate::time::{Span, Time};

/// Something that goes wrong at a fixed time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it strikes. It comes before everything else at that instant.
    pub at: Time,
    /// When it heals; `None` means never. Ignored by [`FaultKind::Restart`].
    pub until: Option<Time>,
    /// What it is.
    pub kind: FaultKind,
}

/// The kinds of faults. Faults may overlap: a node is up when no crash holds
/// it, a message passes when no cut blocks it, and factors multiply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// These processes die: queued work, timers and effects that have not
    /// left yet are lost, and messages that arrive are dropped. They restart
    /// when the fault heals or a [`FaultKind::Restart`] names them.
    Crash(Vec<NodeId>),
    /// These processes start again, whatever crash held them. Nodes that are
    /// up are left alone.
    Restart(Vec<NodeId>),
    /// Each of these nodes is alone: messages between it and any other node
    /// (of this list too) are dropped as they leave.
    Isolate(Vec<NodeId>),
    /// Messages between nodes of different groups are dropped as they leave.
    /// A node in no group reaches everybody.
    Partition(Vec<Vec<NodeId>>),
    /// Messages from any of `from` to any of `to` (one direction) take the
    /// latency times `factor_permille` / 1,000, plus `added`.
    SlowLink {
        /// Senders.
        from: Vec<NodeId>,
        /// Receivers.
        to: Vec<NodeId>,
        /// Added to the one-way latency.
        added: Span,
        /// Multiplies the one-way latency; 1,000 leaves it as it is.
        factor_permille: u32,
    },
    /// CPU work on these machines takes `factor_permille` / 1,000 times as
    /// long if charged while the fault lasts; 2,000 halves their speed.
    SlowMachine {
        /// The machines.
        machines: Vec<MachineId>,
        /// Multiplies the time that work takes.
        factor_permille: u32,
    },
    /// A message from or to any of these nodes is lost with this probability.
    Loss {
        /// The nodes.
        nodes: Vec<NodeId>,
        /// Parts per million.
        ppm: u32,
    },
}

impl Fault {
    /// Panics if the fault names a node or a machine that does not exist.
    pub(crate) fn check(&self, nodes: usize, machines: usize) {
        let known = |listed: &[NodeId]| {
            for node in listed {
                assert!(node.index() < nodes, "a fault names {node} of {nodes}");
            }
        };
        match &self.kind {
            FaultKind::Crash(listed)
            | FaultKind::Restart(listed)
            | FaultKind::Isolate(listed)
            | FaultKind::Loss { nodes: listed, .. } => known(listed),
            FaultKind::Partition(groups) => groups.iter().for_each(|group| known(group)),
            FaultKind::SlowLink { from, to, .. } => {
                known(from);
                known(to);
            }
            FaultKind::SlowMachine {
                machines: listed, ..
            } => {
                for machine in listed {
                    assert!(
                        machine.index() < machines,
                        "a fault names {machine} of {machines}"
                    );
                }
            }
        }
    }
}
