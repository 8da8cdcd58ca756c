//! A tap on a run: receives the simulation's journal and what became final,
//! slice by slice, for traces, critical paths and the search for the first
//! difference. A tap changes nothing in the run.

use groma_sim::{Entry, Time};

use crate::layout::Layout;
pub use crate::observe::FinalTx;
use crate::plan::Plan;

/// Who is who in a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cast {
    /// Names of the nodes: replicas first, then gateways.
    pub nodes: Vec<String>,
    /// How many of them are replicas.
    pub replicas: usize,
    /// The machine of every node, as an index into the run's machines.
    pub machines: Vec<u32>,
}

impl Cast {
    pub(crate) fn of(plan: &Plan, layout: &Layout) -> Self {
        let replicas = plan.replicas() as usize;
        let machines: Vec<u32> = layout.placement.iter().map(|machine| machine.0).collect();
        let name = |(node, &machine): (usize, &u32)| {
            let (id, _, region) = &layout.names[machine as usize];
            if node < replicas {
                format!("replica {node} ({region})")
            } else {
                id.clone()
            }
        };
        Self {
            nodes: machines.iter().enumerate().map(name).collect(),
            replicas,
            machines,
        }
    }

    /// Whether a node is a replica.
    #[must_use]
    pub fn is_replica(&self, node: u32) -> bool {
        (node as usize) < self.replicas
    }
}

/// Receives what happens in a run.
pub trait Tap {
    /// From when until before when the journal is kept.
    fn window(&self) -> (Time, Time) {
        (Time::ZERO, Time::MAX)
    }

    /// The run begins.
    fn begin(&mut self, cast: &Cast);

    /// What happened since the last call, and what became final meanwhile, each
    /// in the order of time.
    fn take(&mut self, entries: Vec<Entry>, finals: &[(Time, FinalTx)]);

    /// Whether the run may end at `now`: asked every second of virtual time.
    fn is_done(&self, _now: Time) -> bool {
        false
    }
}
