//! What a replica says, asks and repeats when messages were lost.
//!
//! One timer, armed only while something is outstanding. A replica that made
//! no progress since it was armed says where it stands; the others answer with
//! what it lacks: votes each from its sender, proofs and committed blocks from
//! f + 1 helpers, others each time. A replica that is done makes sure that the
//! others have at least heard of its last height.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::durable::Amnesia;
use super::message::{Certificate, Checkpoint, Content, PrePrepare, Status, Vote};
use super::{Pbft, RETRY_TIMER};
use crate::block::{BatchId, Height};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::protocol::{Env, Work};

/// Committed blocks in one answer.
const FETCH_LIMIT: u64 = 128;
/// Heights that a status describes bit by bit.
const STATUS_BITS: u64 = 64;
/// Batches handed on again at one tick.
const AGAIN_LIMIT: usize = 16;
/// Ticks without progress after which the state is fetched rather than blocks.
const PATIENT_TICKS: u32 = 4;
/// Most doublings of the period without progress, lest answers add to what
/// holds the committee up.
const MAX_STALL_DOUBLINGS: u32 = 2;
/// Most doublings of the period while only unheard members are outstanding.
const MAX_DOUBLINGS: u32 = 5;

/// What is known of another member.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// It knows that this height exists, so it will ask if it lacks it.
    pub(super) aware: Height,
    /// It says that it has committed this height.
    pub(super) claimed: Height,
    /// Its checkpoints above the stable one, oldest first.
    pub(super) checkpoints: Vec<Checkpoint>,
}

/// Why the timer runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Armed {
    #[default]
    No,
    /// Something is outstanding here.
    Work,
    /// Only some members may not know the last height.
    Probe,
}

/// State of the retransmission timer.
#[derive(Debug, Default)]
pub(super) struct Retry {
    armed: Armed,
    /// Expiries so far.
    pub(super) tick: u32,
    /// Expiries without progress.
    stalls: u32,
    /// Expiries with nothing outstanding but members unheard.
    probes: u32,
    /// Numbers the statuses sent.
    pub(super) attempt: u32,
    /// Another replica showed that it is ahead.
    pub(super) nudged: bool,
    /// Height, stable height, view and activity when the timer was armed.
    mark: (Height, Height, u64, bool),
    /// Who says that these pending batches have committed.
    settled: BTreeMap<BatchId, ReplicaSet>,
}

impl Pbft {
    fn mark(&self) -> (Height, Height, u64, bool) {
        let stable = self.stable.checkpoint.height;
        (self.committed, stable, self.view, self.active)
    }

    fn is_outstanding(&self) -> bool {
        !self.active
            || self.retry.nudged
            || self.transfer.is_some()
            || self.seen > self.committed
            || !self.requests.is_empty()
            || self.peers[self.me.index()].claimed > self.stable.checkpoint.height
    }

    /// Arms the timer when something is outstanding. Called after everything.
    pub(super) fn watch<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.retry.armed != Armed::Work && self.is_outstanding() {
            self.retry.probes = 0;
            self.retry.stalls = 0;
            self.arm_retry(Armed::Work, 0, env);
        }
    }

    fn arm_retry<E: Env<Self> + ?Sized>(&mut self, why: Armed, doublings: u32, env: &mut E) {
        self.retry.armed = why;
        self.retry.mark = self.mark();
        env.set_timer(RETRY_TIMER, self.settings.retransmit * (1 << doublings));
    }

    pub(super) fn on_retry_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.retry.armed = Armed::No;
        self.retry.tick += 1;
        if self.is_outstanding() {
            let stuck = self.retry.mark == self.mark();
            self.retry.stalls = if stuck { self.retry.stalls + 1 } else { 0 };
            self.retry.nudged = false;
            self.hand_on_again(stuck, env);
            if stuck {
                self.repeat(env);
            }
            let doublings = (self.retry.stalls / 2).min(MAX_STALL_DOUBLINGS);
            return self.arm_retry(Armed::Work, doublings, env);
        }
        let unaware: Vec<ReplicaId> = self
            .committee
            .others(self.me)
            .filter(|peer| self.peers[peer.index()].aware < self.committed)
            .collect();
        if unaware.is_empty() {
            return;
        }
        for peer in unaware {
            let status = self.status(true);
            self.tell(peer, Content::Status(Arc::new(status)), env);
        }
        let doublings = self.retry.probes.min(MAX_DOUBLINGS);
        self.retry.probes += 1;
        self.arm_retry(Armed::Probe, doublings, env);
    }

    /// Forwards batches that seem lost; asks about those for which that did
    /// not help, because they may have committed while this replica was away.
    fn hand_on_again<E: Env<Self> + ?Sized>(&mut self, stuck: bool, env: &mut E) {
        let tick = self.retry.tick;
        // Proposals of a view that this replica left hold nothing any more.
        let view = self.view;
        let overdue = self.requests.overdue(view, tick, stuck, AGAIN_LIMIT);
        // Whoever knows no primary asks another replica each time.
        let n = self.committee.n();
        let to = if self.active || self.views.left_alive {
            self.primary
        } else {
            ReplicaId((self.me.0 + 1 + tick % n.saturating_sub(1).max(1)) % n)
        };
        if to != self.me {
            for batch in overdue.again {
                env.forward(to, batch);
            }
        }
        let ask = !stuck || self.retry.stalls % PATIENT_TICKS == 2;
        if ask && n > 1 && !overdue.doubtful.is_empty() {
            self.tell_all(Content::Recall(overdue.doubtful.into()), env);
        }
    }

    /// No progress: says where this replica stands and repeats what it said.
    fn repeat<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.say_status(env);
        if !self.active {
            self.seek_view(env);
        } else if self.primary == self.me {
            self.repeat_proposals(env);
        }
        if self.retry.stalls % PATIENT_TICKS == 2
            && let Some((_, batch)) = self.requests.oldest()
        {
            // As the paper's client does: now every replica waits for it.
            for peer in self.committee.others(self.me) {
                env.forward(peer, batch);
            }
        }
        if self.retry.stalls >= PATIENT_TICKS {
            self.fall_back_to_transfer(env);
        }
    }

    /// Says to all where this replica stands.
    pub(super) fn say_status<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.retry.attempt += 1;
        let status = self.status(false);
        self.tell_all(Content::Status(Arc::new(status)), env);
    }

    fn repeat_proposals<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        for height in self.committed.0 + 1..=self.proposed.0 {
            let Some(slot) = self.log.get(Height(height)) else {
                continue;
            };
            if !slot.prepared
                && let Some(proposal) = self.own_proposal(Height(height))
            {
                self.tell_all(Content::PrePrepare(proposal), env);
            }
        }
    }

    fn own_proposal(&self, height: Height) -> Option<PrePrepare> {
        let slot = self.log.slot(height);
        let block = slot.block.as_ref().filter(|_| slot.prepare_sent)?;
        Some(PrePrepare {
            view: self.view,
            digest: slot.digest,
            block: Arc::clone(block),
        })
    }

    /// Blocks that nobody can serve any more come with the state: up to the
    /// stable checkpoint, or to a height that f + 1 members say they have.
    fn fall_back_to_transfer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let mut claims: Vec<Height> = self.peers.iter().map(|peer| peer.claimed).collect();
        claims.sort_unstable();
        let vouched = claims[claims.len() - self.weak as usize];
        let target = vouched.max(self.stable.checkpoint.height);
        if target > self.committed {
            self.begin_transfer(target, env);
        }
    }

    fn status(&self, probe: bool) -> Status {
        let (mut accepted, mut prepared) = (0, 0);
        for bit in 0..STATUS_BITS {
            if let Some(slot) = self.log.get(Height(self.committed.0 + 1 + bit)) {
                accepted |= u64::from(slot.block.is_some()) << bit;
                prepared |= u64::from(slot.prepared) << bit;
            }
        }
        Status {
            view: self.view,
            active: self.active,
            stable: self.stable.checkpoint.height,
            committed: self.committed,
            accepted,
            prepared,
            attempt: self.retry.attempt,
            probe,
        }
    }

    /// Whether it is this replica's turn to answer with proofs: f + 1 of the
    /// others do, and the choice moves on with each attempt.
    fn helps(&self, asker: ReplicaId, attempt: u32) -> bool {
        let others = self.committee.n() - 1;
        let distance = (self.me.0 + self.committee.n() - asker.0 - 1) % self.committee.n();
        (distance + attempt) % others < self.weak
    }

    /// Another replica says where it stands.
    pub(super) fn on_status<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        status: &Status,
        content: &Content,
        env: &mut E,
    ) {
        self.check(content, env);
        let peer = &mut self.peers[from.index()];
        peer.claimed = peer.claimed.max(status.committed);
        peer.aware = peer.aware.max(status.committed);
        let ahead = (status.active && status.view > self.view)
            || status.committed > self.committed
            || status.stable > self.stable.checkpoint.height;
        self.retry.nudged |= ahead;
        if self.helps(from, status.attempt) {
            self.send_proofs(from, status, env);
        }
        let claims = self.peers[self.me.index()].checkpoints.clone();
        for claim in claims {
            if claim.height > status.stable {
                self.tell(from, Content::Checkpoint(claim), env);
            }
        }
        if self.active && status.active && status.view == self.view {
            self.send_votes(from, status, env);
        }
        if status.probe || self.committed > status.committed {
            let answer = self.status(false);
            self.tell(from, Content::Status(Arc::new(answer)), env);
        }
    }

    fn send_proofs<E: Env<Self> + ?Sized>(&self, to: ReplicaId, status: &Status, env: &mut E) {
        let waits = status.view < self.view || (status.view == self.view && !status.active);
        if self.active
            && waits
            && let Some(opening) = &self.views.opening
        {
            self.tell(to, Content::NewView(Arc::clone(opening)), env);
        }
        if status.stable < self.stable.checkpoint.height {
            self.tell(to, Content::Stable(Arc::new(self.stable.clone())), env);
        }
        let last = self.committed.0.min(status.committed.0 + FETCH_LIMIT);
        for height in status.committed.0 + 1..=last {
            if let Some(slot) = self.log.get(Height(height))
                && let Some(decided) = &slot.decided
            {
                self.tell(to, Content::Committed(Arc::new(decided.clone())), env);
            }
        }
    }

    /// Repeats this replica's own votes that the other lacks.
    fn send_votes<E: Env<Self> + ?Sized>(&self, to: ReplicaId, status: &Status, env: &mut E) {
        let last = self.seen.0.min(status.committed.0 + STATUS_BITS);
        for height in status.committed.0 + 1..=last {
            let bit = height - status.committed.0 - 1;
            let height = Height(height);
            let Some(slot) = self.log.get(height) else {
                continue;
            };
            if slot.decided.is_some() && height <= self.committed {
                continue;
            }
            let vote = Vote {
                view: self.view,
                height,
                digest: slot.digest,
            };
            let is_primary = self.primary == self.me;
            if is_primary
                && status.accepted >> bit & 1 == 0
                && let Some(proposal) = self.own_proposal(height)
            {
                self.tell(to, Content::PrePrepare(proposal), env);
            }
            if !is_primary && status.prepared >> bit & 1 == 0 && slot.prepare_sent {
                self.tell(to, Content::Prepare(vote), env);
            }
            if slot.commit_sent {
                self.tell(to, Content::Commit(vote), env);
            }
        }
    }

    /// A committed block with its proof, for which this replica asked.
    pub(super) fn on_committed<E: Env<Self> + ?Sized>(
        &mut self,
        certificate: &Certificate,
        env: &mut E,
    ) {
        let height = certificate.height();
        let wanted = self
            .log
            .get(height)
            .is_some_and(|slot| slot.decided.is_none());
        if !wanted || height <= self.committed {
            return;
        }
        env.work(Work::VerifyBatch(certificate.signers.len()));
        if !self.is_valid_certificate(certificate) {
            return env.reject("invalid committed certificate");
        }
        self.seen = self.seen.max(height);
        self.log.slot_mut(height).decided = Some(certificate.clone());
        self.deliver(env);
    }

    /// Another replica asks which of its batches have committed.
    pub(super) fn on_recall<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        ids: &[BatchId],
        content: &Content,
        env: &mut E,
    ) {
        self.check(content, env);
        let done: Arc<[BatchId]> = ids
            .iter()
            .copied()
            .filter(|&id| self.requests.is_done(id))
            .collect();
        if !done.is_empty() {
            self.tell(from, Content::Recalled(done), env);
        }
    }

    /// f + 1 members that say so settle a batch.
    pub(super) fn on_recalled<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        ids: &[BatchId],
        content: &Content,
        env: &mut E,
    ) {
        self.check(content, env);
        for &id in ids {
            if !self.requests.is_pending(id) {
                self.retry.settled.remove(&id);
                continue;
            }
            let who = self.retry.settled.entry(id).or_default();
            who.insert(from);
            if who.len() >= self.weak {
                self.retry.settled.remove(&id);
                self.requests.settle_one(id);
            }
        }
        self.refresh_view_timer(env);
    }

    /// Begins again after a restart.
    pub(super) fn come_back<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.say_status(env);
        if let Some(Amnesia { applied, .. }) = self.amnesia
            && applied.height > self.stable.checkpoint.height
        {
            self.on_executed(applied.height, applied.digest, env);
        }
        self.deliver(env);
        self.catch_up(env);
        if !self.active {
            self.seek_view(env);
        }
        self.revisit(env);
        self.start_view_timer(env);
        self.retry.nudged = true;
    }
}
