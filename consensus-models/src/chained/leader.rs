//! What a leader does: it collects votes into certificates and proposes.
//!
//! It proposes at once while there is something to order, or something
//! ordered that not all replicas can commit yet. Otherwise it waits, so that
//! an idle chain costs little, but not so long that its view times out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::message::{Message, Proposal, Qc};
use super::tally;
use super::{Ballot, Chained, CommitRule, IDLE_TIMER, Rules};
use crate::block::{Batch, BatchId, Block};
use crate::chain::{BlockRef, Link, Linked};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};
use crate::tally::Counted;
use smallvec::SmallVec;

impl<R: Rules> Chained<R> {
    /// A vote arrived.
    pub(super) fn on_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: BlockRef,
        env: &mut E,
    ) {
        if !self.may_count(from, &at) {
            return;
        }
        env.work(Work::Verify);
        self.count_vote(from, at, env);
    }

    /// Whether a vote may still change something.
    pub(super) fn may_count(&self, from: ReplicaId, at: &BlockRef) -> bool {
        let (high, view) = (self.pacemaker.high().at.view, self.pacemaker.view());
        tally::in_window(at, high, view) && !self.votes.has(from, at.view, *at)
    }

    /// Counts a verified vote; the last missing one makes a certificate.
    pub(super) fn count_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: BlockRef,
        env: &mut E,
    ) {
        if !self.may_count(from, &at) {
            return;
        }
        match self.votes.add(from, at.view, at, self.committee.quorum()) {
            Counted::Open | Counted::Useless => {}
            Counted::Equivocation => env.reject("equivocating vote"),
            Counted::Quorum(voters) => {
                let voter = voters.iter().find(|&voter| voter != self.me);
                let n = self.committee.n();
                let qc = Arc::new(Qc::new(at, voters, n, self.config.certificates));
                self.learn_qc(&qc, true, env);
                self.commit_by(at, false, env);
                self.follow(voter.unwrap_or(self.me), env);
            }
        }
    }

    /// Proposes, should it be this replica's turn.
    pub(super) fn try_propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let view = self.pacemaker.view();
        let mine = self.config.views.leader(view) == self.me;
        let rests = self.rest.is_on();
        if !mine || rests || self.proposed >= view || self.safety.closed >= view {
            return;
        }
        let parent = self.pacemaker.high().at;
        if self.sync.is_transferring() || self.tree.link(parent) != Link::Whole {
            return;
        }
        if self.awaiting_locks && parent.view + 1 < view {
            return;
        }
        let batches = self.next_batches(parent);
        if batches.is_empty() && !self.has_unshown_payload(parent) && !self.idle_over {
            if !self.idling {
                self.idling = true;
                env.set_timer(IDLE_TIMER, self.config.idle_interval);
            }
            return;
        }
        self.stop_idling(env);
        self.propose(view, batches, env);
    }

    /// Pending batches that are not on the branch to be extended.
    fn next_batches(&self, parent: BlockRef) -> SmallVec<[Batch; 4]> {
        if self.pool.is_empty() {
            return SmallVec::new();
        }
        let taken = self.batches_on(parent);
        self.pool.select(&taken, self.config.max_batches)
    }

    /// Batches of the uncommitted blocks up to `tip`.
    pub(super) fn batches_on(&self, tip: BlockRef) -> BTreeSet<BatchId> {
        let blocks = self.tree.branch(tip).map(|proposal| &proposal.block);
        blocks
            .flat_map(|block| block.batches.iter().map(|batch| batch.id))
            .collect()
    }

    /// Whether the chain holds batches that the proposals so far do not let
    /// all replicas commit.
    fn has_unshown_payload(&self, tip: BlockRef) -> bool {
        let mut branch = self.tree.branch(tip);
        self.payload > self.shown || branch.any(|proposal| !proposal.block.batches.is_empty())
    }

    fn propose<E: Env<Self> + ?Sized>(
        &mut self,
        view: u64,
        batches: SmallVec<[Batch; 4]>,
        env: &mut E,
    ) {
        let justify = Arc::clone(self.pacemaker.high());
        let tc = self.pacemaker.evidence_for(view);
        let block = Block {
            height: justify.at.height.next(),
            view,
            proposer: self.me,
            created: env.now().max(self.tree.created(&justify.at)),
            batches,
        };
        let proposal = Arc::new(Proposal::new(block, justify, tc));
        self.proposed = view;
        self.proposed_over = self.safety.locked;
        self.pacemaker.saw_proposal(view, self.me);
        env.count("blocks-made", 1);
        env.work(Work::Hash(proposal.bytes()));
        env.work(Work::Sign);
        env.broadcast(Message::Proposal(Arc::clone(&proposal)));
        self.tree.insert(Arc::clone(&proposal));
        self.consider_vote(&proposal, env);
        self.commit_by(proposal.parent(), true, env);
        self.start_rest(env);
    }

    /// The proposal with its batches on the block that a voter of the parent is
    /// locked on, where it may be voted for: that undoes a block of a two-chain
    /// protocol, two of a three-chain one.
    pub(super) fn fork_of(&self, proposal: &Proposal) -> Option<Proposal> {
        let parent = self.tree.get(&proposal.parent())?;
        let justify = match self.config.rules.commit_rule() {
            CommitRule::TwoChain => &parent.justify,
            CommitRule::ThreeChain => &self.tree.get(&parent.parent())?.justify,
        };
        let block = Block {
            height: justify.at.height.next(),
            ..proposal.block.clone()
        };
        let ballot = Ballot {
            view: block.view,
            certified: justify.at.view,
            given_up: proposal.tc.as_ref().and_then(|tc| tc.high),
            locked: self.proposed_over,
        };
        // Without the newest certificate the proposal shows no evidence of its
        // view, unless a timeout certificate does.
        let rules = &self.config.rules;
        let heard = proposal.tc.is_some() || rules.views_ahead() > 0;
        let votable = heard && rules.permits(&ballot);
        votable.then(|| Proposal::new(block, Arc::clone(justify), proposal.tc.clone()))
    }

    /// The wait of an idle leader is over.
    pub(super) fn on_idle_timer(&mut self) {
        self.idling = false;
        self.idle_over = true;
    }

    /// There is no reason to wait, or no turn to wait for.
    pub(super) fn stop_idling<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.idle_over = false;
        if self.idling {
            self.idling = false;
            env.cancel_timer(IDLE_TIMER);
        }
    }
}
