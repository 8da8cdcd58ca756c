//! How batches reach a leader.
//!
//! A batch goes to the leader of the next view whose proposal it can still
//! catch; while the chain carries payload, that of the view after it. Leaders
//! whose last view failed are passed over. Who receives a batch too late sends
//! it on in the same way. Every holder keeps a batch until it commits and
//! forwards it again when its leader is given up or `request_timeout` passed.

use super::{Notarized, RETRY_TIMER, Rules};
use crate::block::Batch;
use crate::committee::ReplicaId;
use crate::protocol::Env;

impl<R: Rules> Notarized<R> {
    /// A batch wants to be ordered.
    pub(super) fn on_request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.pool.add(batch, env.now()) {
            return;
        }
        self.arm_retry(env);
        if let Some(to) = self.forward_target() {
            self.pool.forwarded(batch.id, to);
            env.forward(to, batch);
        }
    }

    /// To whom a batch goes now; `None` when this replica proposes soon.
    fn forward_target(&self) -> Option<ReplicaId> {
        let next = R::next_proposal(self);
        let first = next + R::ahead(self);
        if (next..=first).any(|view| self.leader_of(view) == self.me) {
            return None;
        }
        // A hashed order may name some leaders twice before all had a turn.
        let turns = u64::from(self.committee.n());
        let mut leaders = (first..first + turns).map(|view| self.leader_of(view));
        let trusted = leaders.find(|leader| !self.suspects[leader.index()]);
        let target = trusted.unwrap_or(self.leader_of(first));
        (target != self.me).then_some(target)
    }

    fn arm_retry<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if !self.retrying {
            self.retrying = true;
            env.set_timer(RETRY_TIMER, self.config.request_timeout / 4);
        }
    }

    pub(super) fn on_retry_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.retrying = false;
        self.forward_due(env);
        if !self.pool.is_empty() {
            self.arm_retry(env);
        }
    }

    /// The view of `leader` failed: what it was given goes to another.
    pub(super) fn leader_failed<E: Env<Self> + ?Sized>(&mut self, leader: ReplicaId, env: &mut E) {
        self.suspects[leader.index()] = true;
        if self.pool.leader_failed(leader) {
            self.forward_due(env);
        }
    }

    /// Forwards what is due, a block's worth at a time.
    fn forward_due<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let on_branch = self.batches_on(self.tip_at());
        let busy = self.tree.has_payload();
        for batch in self.pool.take_due(env.now(), busy, self.config.max_batches) {
            if on_branch.contains(&batch.id) {
                continue;
            }
            if let Some(to) = self.forward_target() {
                self.pool.forwarded(batch.id, to);
                env.forward(to, batch);
            }
        }
    }
}
