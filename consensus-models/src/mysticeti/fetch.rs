//! How a replica gets what it missed: blocks that others refer to, whole rounds
//! when it is far behind, the ledger when its peers have forgotten those.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::message::{DagBlock, Message, Point, Ref, Request, Response};
use super::{Block, Env, FETCH_TIMER, Height, Mysticeti, ReplicaId};
use crate::committee::ReplicaSet;
use crate::protocol::Work;

/// Most blocks named in one request.
const WANTED: usize = 64;

/// Rounds by which a replica may be behind before it asks for whole rounds and
/// makes no blocks of its own.
const BEHIND: u64 = 3;

#[derive(Debug, Default)]
pub(super) struct Sync {
    /// The host brings the ledger to a later height: until then nothing may
    /// commit.
    pub(super) transferring: bool,
    /// What the ledger has executed.
    pub(super) executed: Height,
    /// Whether the fetch timer is armed.
    armed: bool,
    /// Who was asked and has not answered.
    asked: BTreeSet<ReplicaId>,
    /// Who spoke of what is missing, and was not asked yet.
    hint: Option<ReplicaId>,
    /// Who has forgotten what is wanted, as it says.
    forgotten: ReplicaSet,
}

impl Sync {
    pub(super) fn new(executed: Height) -> Self {
        Self {
            executed,
            ..Self::default()
        }
    }
}

impl Mysticeti {
    /// Whether at least one correct member is rounds ahead: f + 1 say so.
    pub(super) fn lags(&self) -> bool {
        let known = self.dag.quorum_round() + BEHIND;
        let ahead = self.claimed.iter().filter(|&&round| round > known);
        ahead.count() as u32 >= self.config.slots.committee.weak_quorum()
    }

    fn lacks(&self) -> bool {
        self.dag.missing().next().is_some() || self.lags()
    }

    /// Sees to it that what is missing comes; `from` spoke of it.
    pub(super) fn look_for_missing<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        if !self.lacks() {
            self.sync.asked.clear();
            if std::mem::take(&mut self.sync.armed) {
                env.cancel_timer(FETCH_TIMER);
            }
        } else if !self.sync.armed {
            self.sync.armed = true;
            self.sync.hint = Some(from);
            // It may only have been overtaken.
            env.set_timer(FETCH_TIMER, self.config.fetch_delay);
        }
    }

    /// Asks for what is missing: first who spoke of it, then anyone.
    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.sync.armed = false;
        if !self.lacks() || self.config.slots.committee.n() < 2 {
            return;
        }
        let hint = self.sync.hint.take().filter(|&hint| hint != self.me);
        let from = hint.unwrap_or_else(|| self.any_other(env));
        self.ask(from, env);
    }

    fn any_other<E: Env<Self> + ?Sized>(&self, env: &mut E) -> ReplicaId {
        let n = u64::from(self.config.slots.committee.n());
        let step = 1 + env.rand() % (n - 1);
        ReplicaId(((u64::from(self.me.0) + step) % n) as u32)
    }

    fn ask<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        self.sync.armed = true;
        self.sync.asked.insert(from);
        env.set_timer(FETCH_TIMER, self.config.retry_delay);
        let request = Request {
            wanted: self.wanted(env),
            from: self.lags().then(|| self.first_wanted_round()),
        };
        env.send(from, Message::Request(Arc::new(request)));
    }

    /// Some of what is missing: any part of it when it is much, lest names that
    /// a faulty author made up stand before all others.
    fn wanted<E: Env<Self> + ?Sized>(&self, env: &mut E) -> Vec<Ref> {
        let lags = self.lags();
        // Whole rounds bring the rest.
        let near = self.dag.quorum_round() + BEHIND;
        let missing = self.dag.missing();
        let near = missing.take_while(|at| !lags || at.round <= near);
        let mut wanted: Vec<Ref> = near.collect();
        if wanted.len() > WANTED {
            let first = env.rand() % wanted.len() as u64;
            wanted.rotate_left(first as usize);
            wanted.truncate(WANTED);
            wanted.sort_unstable();
        }
        wanted
    }

    fn first_wanted_round(&self) -> u64 {
        self.dag.quorum_round().max(self.dag.floor() + 1)
    }

    /// A peer lacks blocks.
    pub(super) fn on_request<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        request: &Request,
        env: &mut E,
    ) {
        let most = self.config.fetch_blocks;
        let mut forgotten = false;
        let mut blocks: Vec<Arc<DagBlock>> = Vec::new();
        for at in request.wanted.iter().take(most.min(WANTED)) {
            match self.dag.get(at) {
                Some(node) => blocks.push(Arc::clone(&node.block)),
                None => forgotten |= at.round <= self.dag.floor(),
            }
        }
        let mut more = false;
        match request.from {
            Some(first) if first >= self.dag.oldest() => {
                let rows = self.dag.rows_from(first);
                let mut nodes = rows.flat_map(|(_, row)| row.nodes());
                let room = most.saturating_sub(blocks.len());
                blocks.extend(
                    nodes
                        .by_ref()
                        .take(room)
                        .map(|node| Arc::clone(&node.block)),
                );
                more = nodes.next().is_some();
            }
            Some(_) => {
                blocks.clear();
                forgotten = true;
            }
            None => {}
        }
        if blocks.is_empty() && !forgotten {
            return;
        }
        let response = Response {
            blocks,
            more,
            floor: if forgotten { self.dag.floor() } else { 0 },
            executed: self.sync.executed,
        };
        env.send(from, Message::Response(Arc::new(response)));
    }

    /// A peer answers.
    pub(super) fn on_response<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        response: &Response,
        env: &mut E,
    ) {
        if !self.sync.asked.remove(&from) {
            return;
        }
        if response.blocks.is_empty() {
            return self.on_forgotten(from, response, env);
        }
        let mut fresh = false;
        for block in response
            .blocks
            .iter()
            .take(self.config.fetch_blocks + WANTED)
        {
            if self.dag.is_known(&block.at()) {
                continue;
            }
            env.work(Work::Hash(block.bytes()));
            if let Err(why) = self.check_form(block) {
                env.reject(why);
                continue;
            }
            env.work(Work::Verify);
            fresh |= self.take(block, env);
        }
        if fresh {
            self.sync.forgotten = ReplicaSet::new();
        }
        self.settled(env);
        if fresh && self.lacks() {
            self.ask(from, env);
        } else {
            self.look_for_missing(from, env);
        }
    }

    /// The peer no longer keeps what is wanted. It may lie, and while a state
    /// transfer is awaited nothing commits: f + 1 must say so.
    fn on_forgotten<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        response: &Response,
        env: &mut E,
    ) {
        let first: Option<Ref> = self.dag.missing().next();
        let first = first.map_or(self.first_wanted_round(), |at| at.round);
        let wanted = first.min(self.first_wanted_round());
        if self.sync.transferring
            || !self.lacks()
            || response.floor < wanted
            || response.executed <= self.committed.height
        {
            return;
        }
        self.sync.forgotten.insert(from);
        let committee = self.config.slots.committee;
        if self.sync.forgotten.len() < committee.weak_quorum() {
            let mut others = (1..committee.n()).map(|step| {
                let id = (from.0 + step) % committee.n();
                ReplicaId(id)
            });
            let next = others.find(|&id| id != self.me && !self.sync.forgotten.contains(id));
            return self.ask(next.unwrap_or(from), env);
        }
        self.sync.forgotten = ReplicaSet::new();
        self.sync.transferring = true;
        // No more than is needed: what it says it has executed may be a lie.
        env.transfer(from, self.committed.height.next());
    }

    /// The ledger stands at a later height.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(&mut self, block: &Block, env: &mut E) {
        self.sync.transferring = false;
        self.sync.executed = self.sync.executed.max(block.height);
        if block.height > self.committed.height {
            self.applied = self.applied.max(block.height);
            self.pool.committed(block);
            self.take_up(Point {
                height: block.height,
                round: block.view,
                author: block.proposer,
                created: block.created,
            });
            self.compact(block.height, env);
        }
        if self.config.slots.committee.n() > 1 {
            let peer = self.any_other(env);
            self.sync.armed = false;
            self.look_for_missing(peer, env);
        }
        self.settled(env);
    }
}
