//! The normal case: pre-prepare, prepare, commit, and delivery in order.

use std::sync::Arc;

use super::Pbft;
use super::log::Saved;
use super::message::{Certificate, Content, PrePrepare, Vote, block_size};
use crate::block::{Block, BlockId, Height};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Proof, Work};

/// The two kinds of votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Prepare,
    Commit,
}

impl Pbft {
    /// As primary: proposes what waits, as far as the pipeline, the
    /// watermarks and the disk let it.
    pub(super) fn propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.primary != self.me || !self.may_vote() {
            return;
        }
        while self.proposed.0 < self.committed.0 + self.settings.pipeline
            && self.log.holds(self.proposed.next())
            && self.may_prepare(self.proposed.next())
            && self.requests.has_waiting(self.view)
        {
            let batches = self.requests.take(self.settings.max_batches, self.view);
            self.created = self.created.max(env.now());
            self.proposed = self.proposed.next();
            let block = Arc::new(Block {
                height: self.proposed,
                view: self.view,
                proposer: self.me,
                created: self.created,
                batches,
            });
            let digest = block.id();
            env.work(Work::Hash(block_size(&block)));
            let proposal = PrePrepare {
                view: self.view,
                digest,
                block: Arc::clone(&block),
            };
            self.tell_all(Content::PrePrepare(proposal), env);
            self.accept(block, digest, env);
        }
    }

    /// A pre-prepare of the installed view arrived.
    pub(super) fn on_pre_prepare<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        proposal: &PrePrepare,
        content: &Content,
        env: &mut E,
    ) {
        let block = &proposal.block;
        if from != self.primary {
            return env.reject("pre-prepare from a replica that is not the primary");
        }
        let Some(slot) = self.log.get(block.height) else {
            return env.reject("outside the watermarks");
        };
        if block.view < proposal.view && !self.active {
            // Proposed again in a view that this replica waits for: its new
            // view will bring the block, with the reason.
            return;
        }
        if slot.block.is_some() {
            if slot.digest != proposal.digest {
                self.check(content, env);
                env.reject("conflicting pre-prepare");
            }
            return;
        }
        if block.height <= self.floor {
            return env.reject("below the view's first height");
        }
        self.check(content, env);
        env.work(Work::Hash(block_size(block)));
        if block.view != proposal.view
            || block.proposer != from
            || block.id() != proposal.digest
            || block.batches.len() > self.settings.max_batches
        {
            return env.reject("malformed pre-prepare");
        }
        self.accept(Arc::clone(block), proposal.digest, env);
    }

    /// Takes the primary's proposal for its height in the installed view.
    pub(super) fn accept<E: Env<Self> + ?Sized>(
        &mut self,
        block: Arc<Block>,
        digest: BlockId,
        env: &mut E,
    ) {
        let height = block.height;
        let primary = self.primary;
        self.accepted = self.accepted.max(height);
        self.seen = self.seen.max(height);
        self.created = self.created.max(block.created);
        let slot = self.log.slot_mut(height);
        slot.digest = digest;
        slot.block = Some(block);
        slot.prepares.add(primary, digest);
        self.step(height, env);
        self.start_view_timer(env);
    }

    /// Does for a height whatever has become possible.
    pub(super) fn step<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        let slot = self.log.slot(height);
        if slot.block.is_none() {
            return;
        }
        if !slot.prepare_sent && self.may_prepare(height) {
            self.send_prepare(height, env);
        }
        self.check_prepared(height, env);
        self.check_commit(height, env);
        self.check_decided(height, env);
    }

    /// Repeats [`Pbft::step`] for all heights: a vote that had to wait may go.
    pub(super) fn revisit<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let last = self.seen.min(self.log.high());
        for height in self.log.low().0 + 1..=last.0 {
            self.step(Height(height), env);
        }
        self.propose(env);
    }

    fn send_prepare<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        let (me, view, is_primary) = (self.me, self.view, self.me == self.primary);
        let slot = self.log.slot_mut(height);
        let digest = slot.digest;
        slot.prepare_sent = true;
        slot.prepares.add(me, digest);
        if !is_primary {
            let vote = Vote {
                view,
                height,
                digest,
            };
            self.tell_all(Content::Prepare(vote), env);
        }
    }

    /// A vote of the installed view arrived.
    pub(super) fn on_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        phase: Phase,
        vote: Vote,
        content: &Content,
        env: &mut E,
    ) {
        if !self.log.holds(vote.height) {
            return self.on_vote_outside(vote, env);
        }
        self.check(content, env);
        self.seen = self.seen.max(vote.height);
        let slot = self.log.slot_mut(vote.height);
        match phase {
            Phase::Prepare if from == self.primary => {
                env.reject("prepare from the primary");
            }
            Phase::Prepare => {
                if slot.prepares.add(from, vote.digest) && !slot.prepared {
                    self.check_prepared(vote.height, env);
                }
            }
            Phase::Commit => {
                let aware = &mut self.peers[from.index()].aware;
                *aware = (*aware).max(vote.height);
                if slot.commits.add(from, vote.digest) && slot.decided.is_none() {
                    self.check_decided(vote.height, env);
                }
            }
        }
    }

    /// A vote above the high watermark: this replica has missed checkpoints.
    fn on_vote_outside<E: Env<Self> + ?Sized>(&mut self, vote: Vote, env: &mut E) {
        if vote.height > self.log.high() {
            self.retry.nudged = true;
            env.reject("outside the watermarks");
        }
    }

    fn check_prepared<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        let slot = self.log.slot(height);
        let Some(block) = &slot.block else {
            return;
        };
        if slot.prepared || slot.prepares.count(slot.digest) < self.quorum {
            return;
        }
        let certificate = Certificate {
            view: self.installed,
            digest: slot.digest,
            block: Arc::clone(block),
            signers: slot.prepares.signers(slot.digest),
        };
        let slot = self.log.slot_mut(height);
        slot.prepared = true;
        slot.certificate = Some(certificate);
        self.check_commit(height, env);
    }

    /// The prepared certificate of a height is on the disk.
    pub(super) fn prepared_is_durable<E: Env<Self> + ?Sized>(
        &mut self,
        view: u64,
        height: Height,
        env: &mut E,
    ) {
        if self.installed == view && height > self.log.low() {
            self.log.slot_mut(height).saved = Saved::Yes;
            self.check_commit(height, env);
        }
    }

    /// Writes the prepared certificate, then sends the commit.
    fn check_commit<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        let slot = self.log.slot(height);
        let open = slot.prepared && !slot.commit_sent && slot.saved != Saved::Queued;
        if !open || !self.is_between_watermarks(height) || !self.may_vote() {
            return;
        }
        if slot.saved == Saved::No {
            let certificate = slot.certificate.clone().expect("prepared heights have one");
            let wait = self.settings.durable;
            let saved = if wait { Saved::Queued } else { Saved::Yes };
            self.log.slot_mut(height).saved = saved;
            self.persist_prepared(certificate, env);
            if wait {
                return;
            }
        }
        let (me, view) = (self.me, self.view);
        let slot = self.log.slot_mut(height);
        let digest = slot.digest;
        slot.commit_sent = true;
        slot.commits.add(me, digest);
        let vote = Vote {
            view,
            height,
            digest,
        };
        self.tell_all(Content::Commit(vote), env);
        self.check_decided(height, env);
    }

    /// A quorum of commits and the block are enough: the commits prove that a
    /// quorum holds the prepared certificate, whether this replica does or not.
    fn check_decided<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        let slot = self.log.slot(height);
        let Some(block) = &slot.block else {
            return;
        };
        if slot.decided.is_some() || slot.commits.count(slot.digest) < self.quorum {
            return;
        }
        let certificate = Certificate {
            view: self.installed,
            digest: slot.digest,
            block: Arc::clone(block),
            signers: slot.commits.signers(slot.digest),
        };
        self.log.slot_mut(height).decided = Some(certificate);
        self.views.left_alive |= !self.active;
        self.deliver(env);
    }

    /// Hands decided blocks to the ledger in order.
    pub(super) fn deliver<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let before = self.committed;
        while self.transfer.is_none()
            && let Some(slot) = self.log.get(self.committed.next())
            && let Some(decided) = &slot.decided
        {
            let block = Arc::clone(&decided.block);
            env.prove(Proof {
                kind: "commit",
                view: decided.view,
                signers: decided.signers.clone(),
            });
            self.committed = self.committed.next();
            self.created = self.created.max(block.created);
            self.requests.settle(&block);
            env.commit((*block).clone());
        }
        if self.committed > before {
            self.seen = self.seen.max(self.committed);
            self.progressed(env);
            self.propose(env);
        }
    }
}
