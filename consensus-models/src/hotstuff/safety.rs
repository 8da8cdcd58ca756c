//! Voting and commit rules: what keeps two replicas from committing
//! different blocks.
//!
//! Three-chain (Yin et al., PODC 2019, section 5): a replica locks on the head
//! of the two-chain below the block that it votes for, and votes only for
//! blocks whose parent was certified in the locked view or later. A certified
//! chain of three consecutive views commits its first block.
//!
//! Two-chain (Jolteon, Gelashvili et al., FC 2022, section 4): a replica votes
//! for a block whose parent was certified in the view before, or whose parent
//! was certified no earlier than anything that the signers of the preceding
//! timeout certificate had seen. A certified chain of two consecutive views
//! commits its first block.

use std::sync::Arc;

use super::message::{Proposal, Qc, Record};
use super::storage::Outgoing;
use super::{HotStuff, config::Views};
use crate::chain::{BlockRef, Link, Linked, Tree};
use crate::protocol::{Env, Work};

/// How many certified blocks of consecutive views commit the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitRule {
    TwoChain,
    ThreeChain,
}

impl CommitRule {
    /// How far above the current view a proposal may be. As in the paper, a
    /// three-chain replica that voted in its view also listens to the leader
    /// of the next one, who need not show a certificate of this view; the
    /// two-chain rule demands it.
    pub(super) fn views_ahead(self) -> u64 {
        match self {
            Self::TwoChain => 0,
            Self::ThreeChain => 1,
        }
    }

    /// The block that a certificate on `certified` commits.
    pub(super) fn commits(self, tree: &Tree<Proposal>, certified: BlockRef) -> Option<BlockRef> {
        let consecutive = |at: BlockRef| {
            let parent = tree.get(&at)?.parent();
            (at.view == parent.view + 1).then_some(parent)
        };
        let parent = consecutive(certified)?;
        match self {
            Self::TwoChain => Some(parent),
            Self::ThreeChain => consecutive(parent),
        }
    }
}

/// What a replica has promised. Durable before a promise is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Safety {
    /// No vote is given in views up to this one.
    pub(super) closed: u64,
    /// No vote is given for a block whose parent was certified before this
    /// view (three-chain).
    pub(super) locked: u64,
    /// The vote given last.
    pub(super) vote: Option<BlockRef>,
}

impl Safety {
    /// Whether the rule allows a vote for `proposal`, whatever its view.
    fn permits(&self, rule: CommitRule, views: &Views, proposal: &Proposal) -> bool {
        let certified = proposal.justify.at.view;
        match rule {
            CommitRule::ThreeChain => certified >= self.locked,
            CommitRule::TwoChain => {
                let view = proposal.block.view;
                certified + 1 == view
                    || proposal
                        .tc
                        .as_ref()
                        .is_some_and(|tc| views.after_term(tc.term) == view && certified >= tc.high)
            }
        }
    }
}

impl HotStuff {
    /// Votes for a block if it may: once per view, in the current view, with
    /// its parent at hand.
    pub(super) fn consider_vote<E: Env<Self> + ?Sized>(
        &mut self,
        proposal: &Arc<Proposal>,
        env: &mut E,
    ) {
        let at = proposal.at();
        if at.view <= self.safety.closed || !self.is_current(at.view) {
            return;
        }
        let parent = proposal.parent();
        let lock = match self.tree.get(&parent) {
            Some(parent) => parent.parent().view,
            // The root's own parent may be unknown; locking on the root, which
            // is committed, is as safe and no less live.
            None if self.tree.is_root(&parent) => parent.view,
            None => {
                self.deferred = Some(Arc::clone(proposal));
                return;
            }
        };
        let latest = env.now() + self.config.backoff.max;
        if proposal.block.created < self.tree.created(&parent) || proposal.block.created > latest {
            return env.reject("timestamp before the parent's or in the future");
        }
        if !self
            .safety
            .permits(self.config.rule, &self.config.views, proposal)
        {
            return env.reject("unsafe proposal");
        }
        self.safety.closed = at.view;
        self.safety.locked = self.safety.locked.max(lock);
        self.safety.vote = Some(at);
        env.work(Work::Sign);
        let record = Record::Vote {
            proposal: Arc::clone(proposal),
            locked: self.safety.locked,
        };
        self.persist(record, Outgoing::Vote(at), env);
    }

    /// Whether a block of `view` may be voted for now.
    fn is_current(&self, view: u64) -> bool {
        let current = self.pacemaker.view();
        let voted = self.safety.vote.is_some_and(|vote| vote.view == current);
        let ahead = if voted {
            self.config.rule.views_ahead()
        } else {
            0
        };
        (current..=current + ahead).contains(&view)
    }

    /// Commits what a certificate on `certified` commits. `shown` says that
    /// the certificate came in a proposal, so that all replicas learn it.
    pub(super) fn commit_by<E: Env<Self> + ?Sized>(
        &mut self,
        certified: BlockRef,
        shown: bool,
        env: &mut E,
    ) {
        let Some(head) = self.config.rule.commits(&self.tree, certified) else {
            return;
        };
        if shown {
            self.shown = self.shown.max(head.height);
        }
        if head.height > self.tree.committed() {
            self.commit_up_to(head, env);
        }
    }

    fn commit_up_to<E: Env<Self> + ?Sized>(&mut self, head: BlockRef, env: &mut E) {
        if self.sync.is_transferring() || self.tree.link(head) != Link::Whole {
            // The branch below is fetched; then everything is looked at again.
            return;
        }
        let mut branch: smallvec::SmallVec<[Arc<Proposal>; 4]> =
            self.tree.branch(head).map(Arc::clone).collect();
        branch.reverse();
        for proposal in branch {
            self.tree.commit(&proposal);
            self.pool.committed(&proposal.block);
            if !proposal.block.batches.is_empty() {
                self.payload = proposal.block.height;
            }
            env.commit(proposal.block.clone());
        }
    }

    /// Looks for commits on the whole branch of the highest certificate, after
    /// blocks arrived out of order.
    pub(super) fn commit_late<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let tip = self.pacemaker.high().at;
        let certified = std::iter::once(tip).chain(self.tree.branch(tip).map(|b| b.parent()));
        let rule = self.config.rule;
        let head = certified
            .filter_map(|at| rule.commits(&self.tree, at))
            .next();
        if let Some(head) = head.filter(|head| head.height > self.tree.committed()) {
            self.commit_up_to(head, env);
        }
    }

    /// Takes note of a certificate. One that is new and not of our making is
    /// verified; it may lead to a later view.
    pub(super) fn learn_qc<E: Env<Self> + ?Sized>(
        &mut self,
        qc: &Arc<Qc>,
        ours: bool,
        env: &mut E,
    ) {
        if qc.at.view <= self.pacemaker.high().at.view {
            return;
        }
        if !ours {
            self.charge_certificate(qc.signers.len(), env);
        }
        self.votes.forget_up_to(qc.at.view);
        let entered = self.pacemaker.raise(Arc::clone(qc), &self.config.views);
        if entered {
            self.entered_view(env);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Tc;
    use super::*;
    use crate::block::{Block, Height};
    use crate::committee::{Committee, FaultModel, ReplicaSet};
    use crate::wire::Certificates;

    fn block(view: u64, parent: BlockRef, tc: Option<(u64, u64)>) -> Arc<Proposal> {
        let form = Certificates::Signatures;
        let block = Block {
            height: parent.height.next(),
            view,
            ..Block::default()
        };
        let qc = Qc::new(parent, ReplicaSet::new(), 4, form);
        let tc = tc.map(|(term, high)| Arc::new(Tc::new(term, high, ReplicaSet::new(), 4, form)));
        Arc::new(Proposal::new(block, Arc::new(qc), tc))
    }

    fn certified(view: u64) -> BlockRef {
        BlockRef {
            view,
            height: Height(view),
            ..BlockRef::default()
        }
    }

    #[test]
    fn a_two_chain_vote_needs_the_view_before_or_a_timeout_certificate() {
        let committee = Committee::new(4, FaultModel::Byzantine);
        let rotating = Views::new(committee, false);
        let permits = |view, parent, tc| {
            let proposal = block(view, certified(parent), tc);
            Safety::default().permits(CommitRule::TwoChain, &rotating, &proposal)
        };
        assert!(permits(9, 8, None));
        assert!(!permits(9, 7, None));
        assert!(permits(9, 6, Some((8, 6))));
        assert!(permits(9, 7, Some((8, 6))));
        assert!(!permits(9, 5, Some((8, 6))));
        // Of another term than the one before.
        assert!(!permits(9, 6, Some((7, 6))));

        let stable = Views::new(committee, true);
        let first = stable.after_term(0);
        let proposal = block(first, certified(6), Some((0, 6)));
        assert!(Safety::default().permits(CommitRule::TwoChain, &stable, &proposal));
        let proposal = block(first + 1, certified(6), Some((0, 6)));
        assert!(!Safety::default().permits(CommitRule::TwoChain, &stable, &proposal));
    }

    #[test]
    fn a_three_chain_vote_respects_the_lock() {
        let views = Views::new(Committee::new(4, FaultModel::Byzantine), false);
        let safety = Safety {
            locked: 6,
            ..Safety::default()
        };
        let permits = |parent| {
            safety.permits(
                CommitRule::ThreeChain,
                &views,
                &block(9, certified(parent), None),
            )
        };
        assert!(permits(6) && permits(8));
        assert!(!permits(5));
    }

    #[test]
    fn only_consecutive_views_commit() {
        let mut tree = Tree::new(Height(0), 8);
        let mut tip = BlockRef::default();
        let mut at = Vec::new();
        for view in [1, 2, 3, 5, 6, 7] {
            let proposal = block(view, tip, None);
            tip = proposal.at();
            at.push(tip);
            tree.insert(proposal);
        }
        let commits = |rule: CommitRule| -> Vec<_> {
            let heads = at.iter().map(|at| rule.commits(&tree, *at));
            heads.map(|head| head.map(|head| head.view)).collect()
        };
        assert_eq!(
            commits(CommitRule::TwoChain),
            [Some(0), Some(1), Some(2), None, Some(5), Some(6)]
        );
        assert_eq!(
            commits(CommitRule::ThreeChain),
            [None, Some(0), Some(1), None, None, Some(5)]
        );
    }
}
