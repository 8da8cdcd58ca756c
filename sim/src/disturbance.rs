//! What the network faults in force do to a message. An undisturbed network
//! costs one test of an empty list.

use crate::fault::FaultKind;
use crate::network::{Chance, Wires};
use crate::node::NodeId;
use crate::time::Span;

/// A network fault in force, made fast to ask. Vectors are by node.
#[derive(Debug)]
enum Disturbance {
    /// Blocks messages between different groups. Group 0 holds the nodes that
    /// the fault does not name; they are blocked too if `closed`.
    Cut { group: Vec<u32>, closed: bool },
    /// Slows messages from some nodes to others.
    Slow {
        from: Vec<bool>,
        to: Vec<bool>,
        added: Span,
        factor_permille: u64,
    },
    /// Loses messages from or to some nodes.
    Loss { nodes: Vec<bool>, chance: Chance },
}

/// The network faults in force, by their number in the set-up.
#[derive(Debug)]
pub(crate) struct Disturbances {
    nodes: usize,
    active: Vec<(usize, Disturbance)>,
}

impl Disturbances {
    pub(crate) const fn new(nodes: usize) -> Self {
        Self {
            nodes,
            active: Vec::new(),
        }
    }

    /// Whether no network fault is in force.
    #[inline]
    pub(crate) const fn is_quiet(&self) -> bool {
        self.active.is_empty()
    }

    /// Puts a fault in force, if it is one of the network's.
    pub(crate) fn begin(&mut self, number: usize, kind: &FaultKind) {
        let disturbance = match kind {
            FaultKind::Isolate(nodes) => {
                let mut group = vec![0; self.nodes];
                for (own, node) in (1..).zip(nodes) {
                    group[node.index()] = own;
                }
                Disturbance::Cut {
                    group,
                    closed: true,
                }
            }
            FaultKind::Partition(groups) => {
                let mut group = vec![0; self.nodes];
                for (own, nodes) in (1..).zip(groups) {
                    for node in nodes {
                        group[node.index()] = own;
                    }
                }
                Disturbance::Cut {
                    group,
                    closed: false,
                }
            }
            FaultKind::SlowLink {
                from,
                to,
                added,
                factor_permille,
            } => Disturbance::Slow {
                from: self.marked(from),
                to: self.marked(to),
                added: *added,
                factor_permille: u64::from(*factor_permille),
            },
            FaultKind::Loss { nodes, ppm } => Disturbance::Loss {
                nodes: self.marked(nodes),
                chance: Chance::from_ppm(*ppm),
            },
            FaultKind::Crash(_) | FaultKind::Restart(_) | FaultKind::SlowMachine { .. } => return,
        };
        self.active.push((number, disturbance));
    }

    /// Heals the fault with this number.
    pub(crate) fn end(&mut self, number: usize) {
        self.active.retain(|(active, _)| *active != number);
    }

    fn marked(&self, nodes: &[NodeId]) -> Vec<bool> {
        let mut marks = vec![false; self.nodes];
        for node in nodes {
            marks[node.index()] = true;
        }
        marks
    }

    /// What becomes of a message that would take `trip`: how long it takes
    /// now, or `None` if it is dropped.
    #[cold]
    pub(crate) fn judge(
        &self,
        from: u32,
        to: u32,
        order: u64,
        trip: Span,
        wires: &Wires,
    ) -> Option<Span> {
        let (a, b) = (from as usize, to as usize);
        let mut trip = trip;
        for (number, disturbance) in &self.active {
            match disturbance {
                Disturbance::Cut { group, closed } => {
                    let named = *closed || (group[a] != 0 && group[b] != 0);
                    if named && group[a] != group[b] {
                        return None;
                    }
                }
                Disturbance::Slow {
                    from,
                    to,
                    added,
                    factor_permille,
                } => {
                    if from[a] && to[b] {
                        trip = trip.scaled_permille(*factor_permille) + *added;
                    }
                }
                Disturbance::Loss { nodes, chance } => {
                    let touched = nodes[a] || nodes[b];
                    if touched && chance.hits(wires.fault_bits(order, *number)) {
                        return None;
                    }
                }
            }
        }
        Some(trip)
    }
}
