//! Chained HotStuff: M. Yin, D. Malkhi, M. K. Reiter, G. Golan Gueta,
//! I. Abraham, "HotStuff: BFT Consensus with Linearity and Responsiveness",
//! PODC 2019 (arXiv:1803.05069), section 5: the rules. With the two-chain
//! commit rule of Jolteon (Gelashvili et al., FC 2022) where it is asked for.
//!
//! Three-chain: a replica locks on the head of the two-chain below the block
//! that it votes for, and votes only for blocks whose parent was certified in
//! the locked view or later.
//!
//! Two-chain: see [`Ballot::proves_itself`].

pub use super::{BlockRef, Blocks, Linked, Message, Proposal, Qc, Record, Tc, Timeout};

use super::{Ballot, Chained, CommitRule, Leaders, Rules, shared};
use crate::params::{ParamSpec, Params};

/// A replica of chained HotStuff.
pub type HotStuff = Chained<HotStuffRules>;

/// The rules of chained HotStuff.
#[derive(Clone, Copy, Debug)]
pub struct HotStuffRules {
    commit: CommitRule,
    leaders: Leaders,
}

impl Rules for HotStuffRules {
    const NAME: &'static str = "hotstuff";
    const SOURCE: &'static str = "Yin et al., HotStuff: BFT Consensus with Linearity and \
        Responsiveness, PODC 2019 (chained; two-chain rule: Jolteon, FC 2022)";

    fn params() -> Vec<ParamSpec> {
        let mut specs = vec![
            ParamSpec::choice(
                "commit_rule",
                &["three-chain", "two-chain"],
                "three-chain",
                "certified blocks of consecutive views that commit the first of them",
            ),
            ParamSpec::choice(
                "leader",
                &["rotating", "hashed", "stable"],
                "rotating",
                "a new leader every view, in turn or drawn by a hash of its number, or only after a timeout",
            ),
        ];
        specs.extend(shared());
        specs
    }

    fn new(params: &Params) -> Self {
        Self {
            commit: match params.choice("commit_rule") {
                "two-chain" => CommitRule::TwoChain,
                _ => CommitRule::ThreeChain,
            },
            leaders: match params.choice("leader") {
                "stable" => Leaders::Stable,
                "hashed" => Leaders::Hashed,
                _ => Leaders::Rotating,
            },
        }
    }

    fn commit_rule(&self) -> CommitRule {
        self.commit
    }

    fn lock(&self, _parent: u64, grandparent: u64) -> u64 {
        grandparent
    }

    fn permits(&self, ballot: &Ballot) -> bool {
        match self.commit {
            CommitRule::ThreeChain => ballot.certified >= ballot.locked,
            CommitRule::TwoChain => ballot.proves_itself(),
        }
    }

    fn leaders(&self) -> Leaders {
        self.leaders
    }

    /// As in the paper, a three-chain replica that voted in its view also
    /// listens to the leader of the next one, who need not show a certificate
    /// of this view; the two-chain rule demands it.
    fn views_ahead(&self) -> u64 {
        match self.commit {
            CommitRule::TwoChain => 0,
            CommitRule::ThreeChain => 1,
        }
    }

    /// As in `DiemBFT`: without it, four replicas with a rotating leader and
    /// one of them down would never see three certified views in a row.
    fn timeouts_carry_votes(&self) -> bool {
        true
    }

    /// Timeouts go to all, so the leader makes its own certificate of them.
    fn tells_leader(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_three_chain_vote_respects_the_lock() {
        let rules = HotStuffRules {
            commit: CommitRule::ThreeChain,
            leaders: Leaders::Rotating,
        };
        let permits = |certified| {
            rules.permits(&Ballot {
                view: 9,
                certified,
                given_up: None,
                locked: 6,
            })
        };
        assert!(permits(6) && permits(8));
        assert!(!permits(5));
    }
}
