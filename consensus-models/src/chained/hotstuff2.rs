//! HotStuff-2: D. Malkhi, K. Nayak, "HotStuff-2: Optimal Two-Phase Responsive
//! BFT", 2023 (eprint 2023/397), pipelined: the rules.
//!
//! Two certified blocks of consecutive views commit the first. A replica locks
//! on the parent of the block that it votes for, and votes only for blocks
//! whose parent is as high as its lock; no certificate of timeouts proves
//! anything. What keeps this live: a leader that has no certificate of the
//! view before waits Δ, so that it knows the highest lock of all correct
//! replicas. One that has it proposes at once, which is the responsive case.

pub use super::{BlockRef, Blocks, Linked, Message, NewView, Proposal, Qc, Record, Tc, Timeout};

use std::time::Duration;

use super::{Ballot, Chained, CommitRule, Rules, shared};
use crate::params::{ParamSpec, Params};

/// A replica of HotStuff-2.
pub type HotStuff2 = Chained<HotStuff2Rules>;

/// The rules of HotStuff-2.
#[derive(Clone, Copy, Debug)]
pub struct HotStuff2Rules {
    delta: Duration,
}

impl Rules for HotStuff2Rules {
    const NAME: &'static str = "hotstuff-2";
    const SOURCE: &'static str =
        "Malkhi and Nayak, HotStuff-2: Optimal Two-Phase Responsive BFT, 2023 (pipelined)";

    fn params() -> Vec<ParamSpec> {
        let mut specs = vec![ParamSpec::span(
            "delta",
            1,
            "200ms",
            "wait of a leader without the certificate of the view before for the highest lock",
        )];
        specs.extend(shared());
        specs
    }

    fn new(params: &Params) -> Self {
        Self {
            delta: params.duration("delta"),
        }
    }

    fn commit_rule(&self) -> CommitRule {
        CommitRule::TwoChain
    }

    fn lock(&self, parent: u64, _grandparent: u64) -> u64 {
        parent
    }

    fn permits(&self, ballot: &Ballot) -> bool {
        ballot.certified >= ballot.locked
    }

    /// It only says that a quorum gave up the view.
    fn shows_highest(&self) -> bool {
        false
    }

    fn leader_waits(&self) -> Duration {
        self.delta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_needs_a_parent_as_high_as_the_lock_and_nothing_else() {
        let rules = HotStuff2Rules {
            delta: Duration::ZERO,
        };
        let permits = |certified, given_up| {
            rules.permits(&Ballot {
                view: 9,
                certified,
                given_up,
                locked: 6,
            })
        };
        assert!(permits(6, None) && permits(8, None));
        assert!(!permits(5, None) && !permits(5, Some(5)));
    }
}
