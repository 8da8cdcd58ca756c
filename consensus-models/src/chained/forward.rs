//! How batches reach a leader.
//!
//! A batch goes to the leader of the next view whose proposal it can still
//! catch: when the chain carries payload, views follow each other without
//! pause and the next proposal is all but sent, so the one after it is meant;
//! an idle leader waits, so it is the next one. With a stable leader both are
//! the same replica. Leaders whose last term was given up are passed over.
//! Who receives a batch too late sends it on in the same way. With `own_turn`
//! at n and a rotating leader nothing is forwarded: every replica proposes its
//! own batches, which saves their bodies a hop and costs them n / 2 views.
//!
//! Every holder keeps a batch until it commits and forwards it again when its
//! leader is given up or [`request_timeout`](super::config::Config) has passed, each
//! time to a leader one further on.

use super::{Chained, RETRY_TIMER, Rules};
use crate::block::Batch;
use crate::committee::ReplicaId;
use crate::protocol::Env;

impl<R: Rules> Chained<R> {
    /// A batch wants to be ordered.
    pub(super) fn on_request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.pool.add(batch, env.now()) {
            return;
        }
        self.arm_retry(env);
        if let Some(to) = self.forward_target(0) {
            self.pool.forwarded(batch.id, to);
            env.forward(to, batch);
        }
    }

    /// To whom a batch goes now; `None` when this replica proposes soon. `after` so many
    /// proposals that it could still catch.
    fn forward_target(&self, after: u64) -> Option<ReplicaId> {
        let views = &self.config.views;
        let next = self.pacemaker.next_proposal(views);
        let ahead = u64::from(self.tree.has_payload());
        let own_turn = views.until_turn(self.me, next);
        let soon = ahead.max(self.config.own_turn);
        if after == 0 && own_turn.is_some_and(|turn| turn <= soon) {
            return None;
        }
        let first = next + ahead + after;
        let term = views.term(first);
        let leaders = (term..).take(self.committee.n() as usize);
        let mut leaders = leaders.map(|term| views.leader(views.first_of(term)));
        let trusted = leaders.find(|&leader| !self.pacemaker.is_suspect(leader));
        let target = trusted.unwrap_or(views.leader(first));
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

    /// Forwards what is due, a block's worth at a time.
    pub(super) fn forward_due<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let on_branch = self.batches_on(self.pacemaker.high().at);
        let most = self.config.max_batches;
        let busy = self.tree.has_payload();
        for batch in self.pool.take_due(env.now(), busy, most) {
            if on_branch.contains(&batch.id) {
                continue;
            }
            // Each time to a later leader: blocks of the same few may be undone again and
            // again, as where a leader forks at its every turn.
            let tries = self.pool.tries(batch.id);
            let after = u64::from(tries.saturating_sub(1) % self.committee.n());
            if let Some(to) = self.forward_target(after) {
                self.pool.forwarded(batch.id, to);
                env.forward(to, batch);
            }
        }
    }
}
