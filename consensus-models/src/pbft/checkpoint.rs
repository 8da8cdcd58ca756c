//! Checkpoints, the watermarks that follow them, and state transfer.

use super::Pbft;
use super::message::{Checkpoint, Content, StableProof};
use crate::block::{Block, Digest, Height};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::protocol::{Env, Work};

/// Checkpoints of one replica that are kept beyond those between the
/// watermarks, so that a replica that lags sees where the others are.
const SPARE_CLAIMS: usize = 2;

/// Batches that a replica asks about after a state transfer.
const RECALL_LIMIT: usize = 256;

impl Pbft {
    /// The ledger has executed a height.
    pub(super) fn on_executed<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        digest: Digest,
        env: &mut E,
    ) {
        if height.0.is_multiple_of(self.settings.interval) {
            self.claim(Checkpoint { height, digest }, env);
        }
    }

    fn claim<E: Env<Self> + ?Sized>(&mut self, claim: Checkpoint, env: &mut E) {
        self.tell_all(Content::Checkpoint(claim), env);
        self.note_claim(self.me, claim, env);
    }

    /// Another replica's checkpoint arrived.
    pub(super) fn on_checkpoint<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        claim: Checkpoint,
        content: &Content,
        env: &mut E,
    ) {
        if !claim.height.0.is_multiple_of(self.settings.interval) {
            return env.reject("checkpoint between checkpoints");
        }
        self.check(content, env);
        self.note_claim(from, claim, env);
    }

    fn note_claim<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        claim: Checkpoint,
        env: &mut E,
    ) {
        let limit = (self.settings.log_size / self.settings.interval) as usize + SPARE_CLAIMS;
        let peer = &mut self.peers[from.index()];
        peer.aware = peer.aware.max(claim.height);
        peer.claimed = peer.claimed.max(claim.height);
        let known = peer
            .checkpoints
            .iter()
            .any(|other| other.height == claim.height);
        if known || claim.height <= self.stable.checkpoint.height {
            return;
        }
        if peer.checkpoints.len() == limit {
            peer.checkpoints.remove(0);
        }
        peer.checkpoints.push(claim);
        let mut signers = ReplicaSet::new();
        for member in self.committee.members() {
            if self.peers[member.index()].checkpoints.contains(&claim) {
                signers.insert(member);
            }
        }
        if signers.len() >= self.quorum {
            let checkpoint = claim;
            let proof = StableProof {
                checkpoint,
                signers,
            };
            self.learn_stable(&proof, env);
        }
    }

    /// A proof of a stable checkpoint arrived from a replica that helps.
    pub(super) fn on_stable_proof<E: Env<Self> + ?Sized>(
        &mut self,
        proof: &StableProof,
        env: &mut E,
    ) {
        if proof.checkpoint.height <= self.stable.checkpoint.height {
            return;
        }
        env.work(Work::VerifyBatch(proof.signers.len()));
        if !self.is_valid_stable(proof) {
            return env.reject("invalid stable proof");
        }
        self.learn_stable(proof, env);
    }

    /// Whether the proof carries a quorum; genesis needs none.
    pub(super) fn is_valid_stable(&self, proof: &StableProof) -> bool {
        let height = proof.checkpoint.height;
        height.0.is_multiple_of(self.settings.interval)
            && (height.0 == 0 || proof.signers.len() >= self.quorum)
    }

    /// Moves the watermarks to a stable checkpoint, truncates the log there,
    /// in memory and on the disk, and catches up with it.
    pub(super) fn learn_stable<E: Env<Self> + ?Sized>(&mut self, proof: &StableProof, env: &mut E) {
        let height = proof.checkpoint.height;
        if height <= self.stable.checkpoint.height {
            return;
        }
        self.stable = proof.clone();
        self.log.advance(height);
        self.seen = self.seen.max(height);
        for peer in &mut self.peers {
            peer.checkpoints.retain(|claim| claim.height > height);
        }
        self.persist_stable(env);
        self.catch_up(env);
    }

    /// Asks for the state when the blocks up to the stable checkpoint have
    /// left the others' logs; less than an interval is fetched block by block.
    pub(super) fn catch_up<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let stable = self.stable.checkpoint.height;
        if self.committed.0 + self.settings.interval < stable.0 {
            self.begin_transfer(stable, env);
        }
    }

    pub(super) fn begin_transfer<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        if self.transfer.is_some() {
            return;
        }
        let n = self.committee.n();
        let turn = self.retry.attempt;
        let from = (0..n)
            .map(|step| ReplicaId((self.me.0 + 1 + turn + step) % n))
            .find(|&peer| peer != self.me && self.peers[peer.index()].claimed >= height)
            .or_else(|| self.stable.signers.iter().find(|&peer| peer != self.me));
        if let Some(from) = from {
            self.transfer = Some(height);
            env.transfer(from, height);
        }
    }

    /// The ledger stands at `height`; whatever was committed above it before
    /// is to be committed again.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        digest: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.transfer = None;
        self.committed = height;
        self.proposed = self.proposed.max(height);
        self.seen = self.seen.max(height);
        self.created = self.created.max(block.created);
        self.requests.settle(block);
        let doubtful = self.requests.doubt(RECALL_LIMIT);
        if !doubtful.is_empty() {
            self.tell_all(Content::Recall(doubtful.into()), env);
        }
        if height > self.stable.checkpoint.height {
            self.on_executed(height, digest, env);
        }
        self.progressed(env);
        self.catch_up(env);
        self.deliver(env);
        self.propose(env);
    }
}
