//! How a validator gets vertices that it missed, serves those that lag, and
//! resumes after a transfer of the ledger. The steps are those of
//! [`Fetch`](crate::dag).

use std::sync::Arc;

use super::message::{Message, Vertices};
use super::{FETCH_TIMER, Narwhal, Rule};
use crate::block::{Block, Height};
use crate::committee::ReplicaId;
use crate::dag::{CommitState, Commits, Next, VertexRef};
use crate::protocol::Env;

/// Most vertices named in one request.
const WANTS: usize = 64;

impl<R: Rule> Narwhal<R> {
    /// Something has missing parents; `from` showed it.
    pub(super) fn missing<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        if self.fetch.missing(from) {
            env.set_timer(FETCH_TIMER, self.config.fetch_delay);
        }
    }

    fn wants(&self) -> Vec<VertexRef> {
        let mut wants = self.room.wants(|at| self.is_present(at), WANTS);
        for pending in self.pending.values() {
            let parents = pending.header.parents.iter();
            let missing = parents.filter(|at| !self.is_present(at) && !self.room.holds(at));
            wants.extend(missing);
        }
        wants.sort_unstable();
        wants.dedup();
        wants.truncate(WANTS);
        wants
    }

    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let wants = self.wants();
        match self.fetch.expired(!wants.is_empty()) {
            Next::Nothing => return,
            Next::State(height) => env.broadcast(Message::StateRequest(height)),
            Next::Vertices(from) => self.ask(from, wants, env),
        }
        env.set_timer(FETCH_TIMER, self.config.sync_retry_delay);
    }

    fn ask<E: Env<Self> + ?Sized>(
        &mut self,
        from: Option<ReplicaId>,
        wants: Vec<VertexRef>,
        env: &mut E,
    ) {
        let other = from.filter(|&from| from != self.me);
        let n = u64::from(self.committee.n());
        let to = other.unwrap_or_else(|| {
            let step = 1 + env.rand() % (n - 1).max(1);
            ReplicaId(((u64::from(self.me.0) + step) % n) as u32)
        });
        if to != self.me {
            let above = self.commits.round().max(self.complete);
            let wants = wants.into();
            env.send(to, Message::VertexRequest { wants, above });
        }
    }

    /// A peer lacks vertices.
    pub(super) fn on_vertex_request<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        wants: &[VertexRef],
        above: u64,
        env: &mut E,
    ) {
        let served = self.dag.serve(wants, above, self.config.fetch_vertices);
        let pruned = served.is_none();
        let answer = Vertices {
            vertices: served.unwrap_or_default(),
            pruned: pruned.then_some(self.executed),
        };
        if pruned || !answer.vertices.is_empty() {
            env.send(from, Message::Vertices(Arc::new(answer)));
        }
    }

    /// A peer answers.
    pub(super) fn on_vertices<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        answer: &Vertices,
        env: &mut E,
    ) {
        if self.fetch.is_transferring() {
            return;
        }
        if let Some(executed) = answer.pruned {
            let lacking = !self.wants().is_empty();
            if lacking && executed > self.commits.height() && !self.fetch.is_resuming() {
                self.fetch.transfer();
                env.cancel_timer(FETCH_TIMER);
                // Not the height that it claims: a peer that lies must not make
                // this replica wait for a state that nobody has.
                env.transfer(from, self.commits.height().next());
            }
            return;
        }
        let mut fresh = false;
        for certificate in &answer.vertices {
            if self.check_certificate(certificate, env) {
                self.take_in(from, certificate, env);
                fresh = true;
            }
        }
        self.progress(env);
        let wants = self.wants();
        if fresh && !wants.is_empty() && !self.fetch.is_resuming() {
            self.ask(Some(from), wants, env);
            env.set_timer(FETCH_TIMER, self.config.sync_retry_delay);
        }
    }

    /// The ledger stands at a later height.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        block: &Block,
        env: &mut E,
    ) {
        self.executed = self.executed.max(height);
        self.applied = self.applied.max(height);
        self.pool.committed(block);
        let behind = height > self.commits.height();
        self.fetch.transferred(height, behind);
        if behind {
            self.on_fetch_timer(env);
        }
        self.look_again(env);
    }

    /// A peer wants to resume after a height.
    pub(super) fn on_state_request<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        height: Height,
        env: &mut E,
    ) {
        if let Some(state) = self.commits.state_at(height) {
            env.send(from, Message::State(state));
        }
    }

    /// A commit state; adopted when f + 1 peers say the same.
    pub(super) fn on_state<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        state: &Arc<CommitState>,
        env: &mut E,
    ) {
        let weak = self.committee.weak_quorum();
        let Some(state) = self.fetch.answer(from, state, weak) else {
            return;
        };
        env.cancel_timer(FETCH_TIMER);
        if state.height > self.commits.height() {
            self.commits = Commits::new(self.config.keep, &state);
            self.remember(&state);
            self.forget();
            self.payload.retain(|at| !self.commits.has_delivered(at));
            let commits = &self.commits;
            self.own
                .retain(|_, own| !commits.has_delivered(&own.header.at));
            self.compact(state.height, env);
        }
        self.look_again(env);
    }

    /// The batches of a commit state are committed.
    pub(super) fn remember(&mut self, state: &CommitState) {
        let blocks = state.batches.iter().map(|&(height, id)| Block {
            height,
            batches: [crate::block::Batch {
                id,
                ..Default::default()
            }]
            .into_iter()
            .collect(),
            ..Block::default()
        });
        for block in blocks {
            self.pool.committed(&block);
        }
    }
}
