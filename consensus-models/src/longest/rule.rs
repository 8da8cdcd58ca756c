//! Who may make a block when: the part in which proof of work, proof of
//! authority and proof of stake differ. All else is shared.
//!
//! A rule sees headers, the clock and random words. It knows no messages, no
//! batches and no disk.

use std::fmt::Debug;
use std::time::Duration;

use super::forks::Forks;
use super::header::{Draft, Header};
use crate::block::Height;
use crate::committee::ReplicaId;
use crate::params::ParamSpec;
use crate::protocol::{Setup, Work};

/// The branch under a block that stands or is to stand on `parent`.
#[derive(Debug)]
pub struct Branch<'a> {
    /// The block stood on.
    pub parent: Header,
    pub(super) forks: &'a Forks,
}

impl Branch<'_> {
    /// The parent and its ancestors, downwards, as far as they are known.
    pub fn downwards(&self) -> impl Iterator<Item = Header> + '_ {
        self.forks.ancestors(Some(self.parent))
    }
}

/// A rule of making blocks, at one node.
pub trait Rule: Debug + Sized + 'static {
    /// The protocol's name in scenarios.
    const NAME: &'static str;
    /// One line with the source.
    const SOURCE: &'static str;
    /// Work of making a header.
    const SEAL: &'static [Work];
    /// Work of verifying one, besides hashing it.
    const VERIFY: &'static [Work];

    /// Its own parameters, `confirmations` and `max_block_bytes`.
    fn params() -> Vec<ParamSpec>;

    /// The rule at one node.
    fn new(setup: &Setup<'_>) -> Self;

    /// Blocks, itself counted, under which a block is final.
    fn confirmations(&self) -> u64;

    /// Mean time between two blocks when all nodes are well.
    fn interval(&self) -> Duration;

    /// Bytes of what proves that the maker of a block at `height` was allowed
    /// to make it.
    fn seal_bytes(&self, height: Height) -> u32;

    /// The longest time without a commit that is no sign of a fault while less
    /// than half of the nodes are out. Of a lottery: twice the interval, for so
    /// many blocks that fewer than `confirmations` of them in that time would
    /// be a matter of once in a thousand million times.
    fn silence(&self) -> Duration {
        let blocks = 2 * self.confirmations() + 30;
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        self.interval().saturating_mul(blocks).saturating_mul(2)
    }

    /// So many of the first nodes all know each other.
    fn clique(&self) -> u32 {
        0
    }

    /// Weight of the genesis block, from which that of others may follow.
    fn genesis_weight(&self) -> u64;

    /// How long to wait before [`Self::draft`]: the branch followed is new, or
    /// a block was just made. `made` is the last view in which this node made
    /// one, `word` is random. `None` waits for a new branch.
    fn plan(
        &mut self,
        branch: &Branch<'_>,
        made: u64,
        now: Duration,
        word: u64,
    ) -> Option<Duration>;

    /// The wait is over: the block to be made on `branch`, if there is one.
    fn draft(&mut self, branch: &Branch<'_>, made: u64, now: Duration) -> Option<Draft>;

    /// Judges a header. Its height, its total weight, and that its time is not
    /// before its parent's were checked.
    ///
    /// # Errors
    /// Why it is refused.
    fn check(
        &self,
        header: &Header,
        branch: &Branch<'_>,
        now: Duration,
    ) -> Result<(), &'static str>;

    /// Judges a header whose parent is unknown, because the ledger under it
    /// came by a state transfer.
    ///
    /// # Errors
    /// Why it is refused.
    fn check_alone(&self, header: &Header, now: Duration) -> Result<(), &'static str>;

    /// Whether a branch that ends in `new` is better than one of equal weight
    /// that was here first. First seen wins unless a rule says otherwise.
    fn wins_tie(&self, _new: &Header, _old: &Header) -> bool {
        false
    }

    /// Whole joules spent since the last call. `mining` says whether the node
    /// looks for a block from now on.
    fn spent(&mut self, _now: Duration, _mining: bool) -> u64 {
        0
    }

    /// Who is expected to make the block on `tip`, where the rule says so.
    fn expected(&self, _tip: &Header) -> Option<ReplicaId> {
        None
    }
}

/// Whether a branch that ends in `new` is better than one that ends in `old`
/// and was here first: the heavier one is, then the rule says.
pub(super) fn is_better<R: Rule>(rule: &R, new: &Header, old: &Header) -> bool {
    new.total > old.total || (new.total == old.total && rule.wins_tie(new, old))
}
