//! How batches reach a proposer: each goes to the proposer of the next block
//! that it can still catch, and stays here until it commits.

use super::core::Core;
use super::{Heights, RETRY_TIMER};
use crate::block::{Batch, Height};
use crate::committee::ReplicaId;
use crate::protocol::Env;

impl<C: Core> Heights<C> {
    pub(super) fn on_request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.pool.add(batch, env.now()) {
            return;
        }
        self.arm_retry(env);
        self.forward(batch, env);
    }

    /// Who makes the next block that a batch can still be in.
    fn target(&self) -> ReplicaId {
        let made = Some((self.place.height, self.core.round()));
        if self.core.has_proposal() || self.proposed == made {
            let Height(height) = self.place.height.next();
            self.committee.round_robin(height)
        } else {
            self.place.proposer(self.core.round())
        }
    }

    fn forward<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        let to = self.target();
        if to != self.me {
            self.pool.forwarded(batch.id, to);
            env.forward(to, batch);
        }
    }

    /// Forwards what is due, a block's worth at a time.
    pub(super) fn forward_due<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let most = self.config.max_batches;
        for batch in self.pool.take_due(env.now(), true, most) {
            self.forward(batch, env);
        }
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
}
