//! What one chained protocol has of its own: its name, its parameters and its
//! rules. Everything else is [`Chained`](super::Chained).

use std::fmt::Debug;
use std::time::Duration;

use crate::params::{ParamSpec, Params};

/// How many certified blocks of consecutive views commit the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitRule {
    /// Two: a block and its child.
    TwoChain,
    /// Three: a block, its child and its grandchild.
    ThreeChain,
}

/// Who leads when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaders {
    /// A new leader every view, in turn.
    Rotating,
    /// A new leader every view, drawn by a hash of its number.
    Hashed,
    /// Only a timeout ends the term of a leader.
    Stable,
}

/// What a vote is decided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// View of the proposal.
    pub view: u64,
    /// View of its parent, whose certificate it carries.
    pub certified: u64,
    /// The highest certified view that the signers of the timeout certificate
    /// had seen, where the proposal carries one that leads to its view.
    pub given_up: Option<u64>,
    /// The view that the voter is locked on.
    pub locked: u64,
}

impl Ballot {
    /// Whether the proposal alone proves that it drops nothing committed: its
    /// parent is of the view before, or was certified no earlier than anything
    /// that a quorum knew when it gave up the view before.
    #[must_use]
    pub fn proves_itself(&self) -> bool {
        self.certified + 1 == self.view
            || self.given_up.is_some_and(|known| self.certified >= known)
    }
}

/// A chained protocol. The value holds what its parameters decide.
pub trait Rules: Copy + Debug + 'static {
    /// Name in scenarios.
    const NAME: &'static str;
    /// One line with the paper.
    const SOURCE: &'static str;
    /// The parameter that says how long a view may take.
    const VIEW_TIMEOUT: &'static str = "view_timeout";

    /// The parameters that a scenario may set: [`shared`](super::shared) and
    /// its own.
    fn params() -> Vec<ParamSpec>;

    /// Reads its own parameters.
    fn new(params: &Params) -> Self;

    /// When a block commits.
    fn commit_rule(&self) -> CommitRule;

    /// The view that a voter locks on, given those of the proposal's parent
    /// and grandparent.
    fn lock(&self, parent: u64, grandparent: u64) -> u64;

    /// Whether a vote is safe. That it is the first one in its view, and given
    /// in the current view, is seen to.
    fn permits(&self, ballot: &Ballot) -> bool;

    /// Who leads when.
    fn leaders(&self) -> Leaders {
        Leaders::Rotating
    }

    /// How far above its view a replica that voted there listens to a leader
    /// without evidence of the later view.
    fn views_ahead(&self) -> u64 {
        0
    }

    /// Whether a timeout repeats the sender's vote.
    fn timeouts_carry_votes(&self) -> bool {
        false
    }

    /// Whether a timeout certificate shows its signers' highest certified
    /// views, so that a proposal can prove itself by it.
    fn shows_highest(&self) -> bool {
        true
    }

    /// Whether a replica that enters a view by a timeout certificate sends it
    /// to the leader, with its highest certificate.
    fn tells_leader(&self) -> bool {
        true
    }

    /// How long a leader without the certificate of the view before waits for
    /// higher certificates.
    fn leader_waits(&self) -> Duration {
        Duration::ZERO
    }
}
