//! Voting and commit rules: what keeps two replicas from committing
//! different blocks.
//!
//! What the [`Rules`] leave to each protocol is what it locks on and which
//! parents it accepts. The rest is here: one vote per view, in the current
//! view, with the parent at hand; consecutive certified views commit.

use std::sync::Arc;

use super::config::Views;
use super::message::{Proposal, Qc, Record};
use super::storage::Outgoing;
use super::{Ballot, Chained, CommitRule, Rules};
use crate::block::BatchId;
use crate::chain::{BlockRef, Link, Linked, Tree};
use crate::protocol::{Env, Proof, Work};

impl CommitRule {
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
    /// What a vote for `proposal` is decided by.
    fn ballot(&self, views: &Views, proposal: &Proposal) -> Ballot {
        let view = proposal.block.view;
        let tc = proposal.tc.as_ref();
        Ballot {
            view,
            certified: proposal.justify.at.view,
            given_up: tc
                .filter(|tc| views.after_term(tc.term) == view)
                .and_then(|tc| tc.high),
            locked: self.locked,
        }
    }
}

impl<R: Rules> Chained<R> {
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
        let grandparent = match self.tree.get(&parent) {
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
        let ballot = self.safety.ballot(&self.config.views, proposal);
        if !self.config.rules.permits(&ballot) {
            return env.reject("unsafe proposal");
        }
        self.safety.closed = at.view;
        let lock = self.config.rules.lock(parent.view, grandparent);
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
            self.config.rules.views_ahead()
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
        let Some(head) = self
            .config
            .rules
            .commit_rule()
            .commits(&self.tree, certified)
        else {
            return;
        };
        if shown {
            self.shown = self.shown.max(head.height);
        }
        if head.height > self.tree.committed() {
            self.commit_up_to(head, certified, env);
        }
    }

    /// Commits up to `head` because of a certificate on `certified` above it.
    fn commit_up_to<E: Env<Self> + ?Sized>(
        &mut self,
        head: BlockRef,
        certified: BlockRef,
        env: &mut E,
    ) {
        if self.sync.is_transferring() || self.tree.link(head) != Link::Whole {
            // The branch below is fetched; then everything is looked at again.
            return;
        }
        let mut branch: smallvec::SmallVec<[Arc<Proposal>; 4]> =
            self.tree.branch(head).map(Arc::clone).collect();
        branch.reverse();
        let child = |proposal: &&Arc<Proposal>| proposal.parent() == head;
        if let Some(child) = self.tree.branch(certified).find(child) {
            env.prove(Proof {
                kind: "quorum",
                view: head.view,
                signers: child.justify.signers.clone(),
            });
        }
        self.undo_rivals(head, &branch);
        for proposal in branch {
            self.tree.commit(&proposal);
            self.pool.committed(&proposal.block);
            if proposal.block.proposer == self.me {
                // Each block is counted once: by its maker.
                let views = self.pacemaker.view().saturating_sub(proposal.block.view);
                env.count("views-to-commit", views);
            }
            if !proposal.block.batches.is_empty() {
                self.payload = proposal.block.height;
            }
            env.commit(proposal.block.clone());
        }
    }

    /// What stands beside a branch that is about to be committed up to `head` never will
    /// be: its batches are due again at once.
    fn undo_rivals(&mut self, head: BlockRef, branch: &[Arc<Proposal>]) {
        let beside = |proposal: &&Arc<Proposal>| {
            proposal.block.view <= head.view && !branch.iter().any(|on| on.at() == proposal.at())
        };
        let rivals = self.tree.uncommitted().filter(beside);
        let undone: Vec<BatchId> = rivals
            .flat_map(|proposal| proposal.block.batches.iter().map(|batch| batch.id))
            .collect();
        for id in undone {
            self.pool.undone(id);
        }
    }

    /// Looks for commits on the whole branch of the highest certificate, after
    /// blocks arrived out of order.
    pub(super) fn commit_late<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let tip = self.pacemaker.high().at;
        let certified = std::iter::once(tip).chain(self.tree.branch(tip).map(|b| b.parent()));
        let rule = self.config.rules.commit_rule();
        let head = certified
            .filter_map(|at| Some((rule.commits(&self.tree, at)?, at)))
            .next();
        if let Some((head, certified)) = head
            && head.height > self.tree.committed()
        {
            self.commit_up_to(head, certified, env);
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
    use super::super::Leaders;
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
        let tc =
            tc.map(|(term, high)| Arc::new(Tc::new(term, Some(high), ReplicaSet::new(), 4, form)));
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
        let rotating = Views::new(committee, Leaders::Rotating);
        let permits = |view, parent, tc| {
            let proposal = block(view, certified(parent), tc);
            Safety::default()
                .ballot(&rotating, &proposal)
                .proves_itself()
        };
        assert!(permits(9, 8, None));
        assert!(!permits(9, 7, None));
        assert!(permits(9, 6, Some((8, 6))));
        assert!(permits(9, 7, Some((8, 6))));
        assert!(!permits(9, 5, Some((8, 6))));
        // Of another term than the one before.
        assert!(!permits(9, 6, Some((7, 6))));

        let stable = Views::new(committee, Leaders::Stable);
        let first = stable.after_term(0);
        let proves =
            |proposal: &Proposal| Safety::default().ballot(&stable, proposal).proves_itself();
        let proposal = block(first, certified(6), Some((0, 6)));
        assert!(proves(&proposal));
        let proposal = block(first + 1, certified(6), Some((0, 6)));
        assert!(!proves(&proposal));
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
