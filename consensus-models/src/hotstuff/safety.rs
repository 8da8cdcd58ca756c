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

use super::message::{BlockRef, Proposal, Qc, Record};
use super::storage::Outgoing;
use super::tree::{Link, Tree};
use super::{HotStuff, config::Views};
use crate::protocol::{Env, Work};

/// How many certified blocks of consecutive views commit the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitRule {
    TwoChain,
    ThreeChain,
}

impl CommitRule {
    /// The block that a certificate on `certified` commits.
    pub(super) fn commits(self, tree: &Tree, certified: BlockRef) -> Option<BlockRef> {
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
        let latest = env.now() + self.config.max_timeout;
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

    /// Whether a block of `view` may be voted for now. As in the paper, a
    /// replica that voted in its view also listens to the leader of the next
    /// one, which need not show a certificate of this view (three-chain only;
    /// the two-chain rule demands it).
    fn is_current(&self, view: u64) -> bool {
        let current = self.pacemaker.view();
        view == current
            || (self.config.rule == CommitRule::ThreeChain
                && view == current + 1
                && self.safety.vote.is_some_and(|vote| vote.view == current))
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
