//! Parameters of Mysticeti, and who leads which slot.

use std::time::Duration;

use crate::committee::{Committee, ReplicaId};
use crate::params::{ParamSpec, Params};

/// Rounds above the highest quorum from which blocks are kept waiting.
pub(super) const WINDOW: u64 = 64;

/// The leader slots of each round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    pub(super) committee: Committee,
    /// Slots of a round, at most n.
    pub(super) leaders: u32,
}

impl Slots {
    /// The author whose block fills slot `index` of `round`: by turns.
    pub(super) fn leader(&self, round: u64, index: u32) -> ReplicaId {
        let first = round.wrapping_mul(u64::from(self.leaders));
        self.committee
            .round_robin(first.wrapping_add(u64::from(index)))
    }

    /// The slot of `author` in `round`.
    pub(super) fn index(&self, round: u64, author: ReplicaId) -> Option<u32> {
        let n = self.committee.n();
        let index = (author.0 + n - self.leader(round, 0).0) % n;
        (index < self.leaders).then_some(index)
    }
}

/// The checked parameters in the form in which the protocol uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    pub(super) slots: Slots,
    pub(super) leader_timeout: Duration,
    pub(super) idle_interval: Duration,
    pub(super) max_batches: usize,
    pub(super) gc_depth: u64,
    pub(super) retain: u64,
    pub(super) fetch_blocks: usize,
    pub(super) fetch_delay: Duration,
    pub(super) retry_delay: Duration,
    pub(super) checkpoint_interval: u64,
}

impl Config {
    pub(super) fn new(params: &Params, committee: Committee) -> Self {
        let leader_timeout = params.duration("leader_timeout");
        let idle = params.duration("idle_interval");
        Self {
            slots: Slots {
                committee,
                leaders: (params.integer("leaders") as u32).min(committee.n()),
            },
            leader_timeout,
            // Who waits longer would be given up.
            idle_interval: if idle.is_zero() {
                leader_timeout / 2
            } else {
                idle.min(leader_timeout / 2)
            },
            max_batches: params.integer("max_batches") as usize,
            gc_depth: params.integer("gc_depth"),
            retain: params.integer("retain"),
            fetch_blocks: params.integer("fetch_blocks") as usize,
            fetch_delay: params.duration("fetch_delay"),
            retry_delay: params.duration("retry_delay"),
            checkpoint_interval: params.integer("checkpoint_interval"),
        }
    }
}

/// The parameters that a scenario may set.
pub(super) fn specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::integer(
            "leaders",
            (1, 1000),
            "2",
            "leader slots of a round, at most n",
        ),
        ParamSpec::span(
            "leader_timeout",
            1,
            "250ms",
            "wait for the leaders' blocks of a round once a quorum of its blocks is there",
        ),
        ParamSpec::span(
            "idle_interval",
            0,
            "0s",
            "wait before a block when nothing is to be ordered, at most half of leader_timeout; 0s: that",
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 100_000),
            "64",
            "most batches in one block",
        ),
        ParamSpec::integer(
            "gc_depth",
            (8, 10_000),
            "60",
            "rounds under a committed leader below which its commit takes no blocks along",
        ),
        ParamSpec::integer(
            "retain",
            (8, 100_000),
            "128",
            "rounds kept for replicas that lag, beyond gc_depth",
        ),
        ParamSpec::integer(
            "fetch_blocks",
            (1, 10_000),
            "256",
            "most blocks in one answer to a replica that lags",
        ),
        ParamSpec::span(
            "fetch_delay",
            0,
            "50ms",
            "wait for a missing block, which may only be late, before asking for it",
        ),
        ParamSpec::span(
            "retry_delay",
            1,
            "500ms",
            "time after which another is asked, or an own block that led nowhere is sent again",
        ),
        ParamSpec::integer(
            "checkpoint_interval",
            (1, 1_000_000),
            "64",
            "executed heights between two compactions of the log",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::FaultModel;

    #[test]
    fn slots_of_a_round_have_different_leaders_and_all_lead_alike() {
        for (n, leaders) in [(1, 1), (4, 1), (4, 2), (4, 4), (7, 2), (7, 3)] {
            let committee = Committee::new(n, FaultModel::Byzantine);
            let slots = Slots { committee, leaders };
            let mut turns = vec![0; n as usize];
            for round in 1..=u64::from(n) {
                for index in 0..leaders {
                    let leader = slots.leader(round, index);
                    assert_eq!(slots.index(round, leader), Some(index));
                    turns[leader.index()] += 1;
                }
            }
            assert!(turns.iter().all(|&turns| turns == leaders), "{turns:?}");
        }
    }
}
