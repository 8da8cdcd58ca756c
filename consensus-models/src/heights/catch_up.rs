//! Replicas that lag: messages of heights to come, decisions from peers, and a
//! state transfer where peers no longer keep them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::core::{Core, Decision};
use super::{FETCH_TIMER, Heights, Message, REPEAT_TIMER};
use crate::block::{Block, Height};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

/// Heights to come whose messages are kept.
const AHEAD: u64 = 2;
/// Messages kept per sender and height.
const PER_SENDER: usize = 8;

/// Messages of one height by sender.
type Early<M> = Vec<(ReplicaId, Arc<M>)>;

#[derive(Debug)]
pub(super) struct CatchUp<M> {
    early: BTreeMap<Height, Early<M>>,
    /// Decided heights, contiguous, the latest last.
    kept: VecDeque<Arc<Decision>>,
    /// The highest height that someone is at, and who.
    ahead: Option<(Height, ReplicaId)>,
    /// Whether FETCH is armed.
    waiting: bool,
    /// Peers that no longer keep what is wanted, and how far they say they are.
    pruned: BTreeMap<ReplicaId, Height>,
    transferring: bool,
}

impl<M> CatchUp<M> {
    pub(super) fn new(kept: VecDeque<Arc<Decision>>) -> Self {
        Self {
            early: BTreeMap::new(),
            kept,
            ahead: None,
            waiting: false,
            pruned: BTreeMap::new(),
            transferring: false,
        }
    }

    pub(super) fn is_transferring(&self) -> bool {
        self.transferring
    }

    /// Decisions above a height.
    pub(super) fn above(&self, height: Height) -> impl Iterator<Item = &Arc<Decision>> {
        let kept = self.kept.iter();
        kept.filter(move |decision| decision.block.height > height)
    }

    /// Keeps a decision for those who lag.
    pub(super) fn keep(&mut self, decision: Arc<Decision>, retain: u64) {
        self.kept.push_back(decision);
        if self.kept.len() as u64 > retain {
            self.kept.pop_front();
        }
    }

    /// Keeps a message of a height to come.
    pub(super) fn early(&mut self, current: Height, from: ReplicaId, say: &Arc<M>)
    where
        M: super::Say,
    {
        let height = say.height();
        if height.0 > current.0 + AHEAD {
            return;
        }
        let waiting = self.early.entry(height).or_default();
        let mut mine = waiting.iter().filter(|(sender, _)| *sender == from);
        let known = mine
            .clone()
            .any(|(_, known)| known.digest() == say.digest());
        if !known && mine.nth(PER_SENDER - 1).is_none() {
            waiting.push((from, Arc::clone(say)));
        }
    }

    /// Someone is at this height.
    pub(super) fn shown(&mut self, height: Height, who: ReplicaId) {
        if self.ahead.is_none_or(|ahead| ahead.0 < height) {
            self.ahead = Some((height, who));
        }
    }
}

impl<C: Core> Heights<C> {
    /// Hears what came too early for the heights before.
    pub(super) fn hear_early<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let height = self.place.height;
        self.catch_up.early = self.catch_up.early.split_off(&height);
        let Some(waiting) = self.catch_up.early.remove(&height) else {
            return;
        };
        for (from, say) in waiting {
            if self.place.height != height {
                return;
            }
            self.hear(from, &say, env);
        }
    }

    /// Others are further: their decisions may only be late.
    pub(super) fn want_later<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if !self.catch_up.waiting && !self.catch_up.transferring {
            self.catch_up.waiting = true;
            env.set_timer(FETCH_TIMER, self.config.fetch_delay);
        }
    }

    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.catch_up.waiting = false;
        let behind = |ahead: &(Height, ReplicaId)| ahead.0 > self.place.height;
        let Some((_, who)) = self.catch_up.ahead.filter(behind) else {
            return;
        };
        if self.catch_up.transferring {
            return;
        }
        env.send(who, Message::Want(self.place.height));
        // Should it not answer, anyone else may.
        let others: Vec<ReplicaId> = self.committee.others(self.me).collect();
        let other = others[(env.rand() % others.len() as u64) as usize];
        self.catch_up.ahead = self.catch_up.ahead.map(|(height, _)| (height, other));
        self.catch_up.waiting = true;
        env.set_timer(FETCH_TIMER, self.config.retransmit);
    }

    /// A peer asks for decisions from a height on.
    pub(super) fn on_want<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        height: Height,
        env: &mut E,
    ) {
        if height >= self.place.height {
            if height > self.place.height {
                self.catch_up.shown(height, from);
                self.want_later(env);
            }
            return;
        }
        let oldest = self.catch_up.kept.front();
        let whole = oldest.is_some_and(|oldest| oldest.block.height <= height);
        let decisions: Arc<[Arc<Decision>]> = if whole {
            let wanted = self.catch_up.above(Height(height.0.saturating_sub(1)));
            wanted.take(self.config.fetch_blocks).cloned().collect()
        } else {
            Arc::new([])
        };
        if decisions.is_empty() && self.executed < height {
            return;
        }
        env.send(
            from,
            Message::Decisions {
                decisions,
                executed: self.executed,
            },
        );
    }

    /// A peer answers.
    pub(super) fn on_decisions<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        decisions: &[Arc<Decision>],
        executed: Height,
        env: &mut E,
    ) {
        if self.catch_up.transferring {
            return;
        }
        if decisions.is_empty() {
            return self.on_pruned(from, executed, env);
        }
        for decision in decisions {
            let block = &decision.block;
            if block.height < self.place.height {
                continue;
            }
            if block.height > self.place.height {
                return env.reject("decisions with a gap");
            }
            env.work(Work::Hash(super::block_bytes(block.batches.len())));
            env.work(Work::VerifyBatch(decision.signers.len()));
            if decision.signers.len() < self.committee.quorum() {
                return env.reject("decision without a quorum");
            }
            self.decided(Arc::clone(decision), env);
        }
        let more = self
            .catch_up
            .ahead
            .is_some_and(|(height, _)| height > self.place.height);
        if more {
            env.send(from, Message::Want(self.place.height));
        }
    }

    /// A peer no longer keeps what is wanted. A transfer needs f + 1 of them, one
    /// of which is correct: a liar's height would be waited for in vain.
    fn on_pruned<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, executed: Height, env: &mut E) {
        let current = self.place.height;
        let pruned = &mut self.catch_up.pruned;
        pruned.retain(|_, executed| *executed >= current);
        if executed < current || pruned.insert(from, executed).is_some() {
            return;
        }
        let mut furthest: Vec<(Height, ReplicaId)> =
            pruned.iter().map(|(who, height)| (*height, *who)).collect();
        furthest.sort_unstable_by(|left, right| right.cmp(left));
        let needed = self.committee.weak_quorum() as usize;
        if let Some(&(height, who)) = furthest.get(needed - 1) {
            self.catch_up.pruned.clear();
            self.catch_up.transferring = true;
            return env.transfer(who, height);
        }
        let n = self.committee.n();
        let mut others = (1..n).map(|step| ReplicaId((from.0 + step) % n));
        let unasked = |peer: &ReplicaId| *peer != self.me && !pruned.contains_key(peer);
        if let Some(peer) = others.find(unasked) {
            env.send(peer, Message::Want(current));
        }
    }

    /// Nothing moved for long: repeats what was said, and asks.
    pub(super) fn on_repeat_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(REPEAT_TIMER, self.config.retransmit);
        let at = (self.place.height, self.core.round());
        let stuck = self.seen_at == at && self.started && !self.catch_up.transferring;
        self.seen_at = at;
        if stuck {
            self.say_again(env);
            env.broadcast(Message::Want(self.place.height));
        }
    }

    /// The ledger stands at a later height.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        block: &Block,
        env: &mut E,
    ) {
        self.catch_up.transferring = false;
        self.executed = self.executed.max(height);
        if height >= self.place.height {
            self.pool.committed(block);
            self.catch_up.kept.clear();
            self.next_height(height, block.created, env);
        }
        self.want_later(env);
    }
}
