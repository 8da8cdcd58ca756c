//! How a replica gets blocks that it missed: from its peers while they keep
//! them, else by a state transfer of the ledger.
//!
//! One block is wanted at a time, the lowest gap under the highest
//! certificate; the answer brings its ancestors too. Blocks are checked by
//! their names, which the wanted one's certificate vouches for.

use std::sync::Arc;

use super::message::{Blocks, Message};
use super::{FETCH_TIMER, HotStuff};
use crate::block::{Block, Height};
use crate::chain::{BlockRef, Link, Linked, Served};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

/// A block that is missing.
#[derive(Clone, Copy, Debug)]
struct Want {
    at: BlockRef,
    from: ReplicaId,
    asked: bool,
}

#[derive(Debug, Default)]
pub(super) struct Sync {
    want: Option<Want>,
    transferring: bool,
    executed: Height,
}

impl Sync {
    pub(super) fn new(executed: Height) -> Self {
        Self {
            executed,
            ..Self::default()
        }
    }

    /// Whether the host brings the ledger to a later height: until then
    /// nothing may commit.
    pub(super) fn is_transferring(&self) -> bool {
        self.transferring
    }

    pub(super) fn executed(&mut self, height: Height) {
        self.executed = self.executed.max(height);
    }

    /// Whether this block was asked for.
    pub(super) fn wants(&self, at: &BlockRef) -> bool {
        self.want.is_some_and(|want| want.at == *at)
    }
}

impl HotStuff {
    /// Sees to it that the branch of the highest certificate gets whole;
    /// `from` knows it.
    pub(super) fn follow<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        let tip = self.pacemaker.high().at;
        let Link::Missing(at) = self.tree.link(tip) else {
            return self.want_nothing(env);
        };
        if self.sync.transferring || self.sync.want.is_some_and(|want| want.at == at) {
            return;
        }
        self.sync.want = Some(Want {
            at,
            from,
            asked: false,
        });
        // It may only have been overtaken.
        env.set_timer(FETCH_TIMER, self.config.fetch_delay);
    }

    fn want_nothing<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.sync.want.take().is_some() {
            env.cancel_timer(FETCH_TIMER);
        }
    }

    /// Asks for the wanted block: first who knows it, then anyone.
    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let Some(mut want) = self.sync.want else {
            return;
        };
        if want.asked || want.from == self.me {
            want.from = self.any_other(env);
        }
        want.asked = true;
        self.ask(want, env);
    }

    fn any_other<E: Env<Self> + ?Sized>(&self, env: &mut E) -> ReplicaId {
        let n = u64::from(self.committee.n());
        let step = 1 + env.rand() % (n - 1).max(1);
        ReplicaId(((u64::from(self.me.0) + step) % n) as u32)
    }

    fn ask<E: Env<Self> + ?Sized>(&mut self, want: Want, env: &mut E) {
        self.sync.want = Some(want);
        env.set_timer(FETCH_TIMER, self.config.view_timeout / 2);
        let above = self.tree.committed();
        env.send(want.from, Message::BlockRequest { at: want.at, above });
    }

    /// A peer lacks blocks.
    pub(super) fn on_block_request<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: BlockRef,
        above: Height,
        env: &mut E,
    ) {
        let executed = self.sync.executed;
        let blocks = match self.tree.serve(at, above, self.config.fetch_blocks) {
            Served::Blocks(blocks) => blocks,
            Served::Pruned if executed > above => Vec::new(),
            Served::Pruned | Served::Unknown => return,
        };
        let answer = Arc::new(Blocks { blocks, executed });
        env.send(from, Message::BlockResponse(answer));
    }

    /// A peer answers.
    pub(super) fn on_block_response<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        answer: &Blocks,
        env: &mut E,
    ) {
        let Some(want) = self.sync.want.filter(|want| want.asked) else {
            return;
        };
        if answer.blocks.is_empty() {
            return self.on_pruned(from, want, answer.executed, env);
        }
        let mut expected = want.at;
        for proposal in &answer.blocks {
            env.work(Work::Hash(proposal.bytes()));
            if proposal.at() != expected {
                return env.reject("blocks that were not asked for");
            }
            expected = proposal.parent();
            self.tree.insert(Arc::clone(proposal));
        }
        self.sync.want = None;
        match self.tree.link(self.pacemaker.high().at) {
            Link::Missing(at) => self.ask(
                Want {
                    at,
                    from,
                    asked: true,
                },
                env,
            ),
            _ => env.cancel_timer(FETCH_TIMER),
        }
        self.caught_up(env);
    }

    /// The peer no longer keeps what is wanted: a state transfer from it.
    fn on_pruned<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        want: Want,
        executed: Height,
        env: &mut E,
    ) {
        if from != want.from || self.sync.transferring || executed <= self.tree.committed() {
            return;
        }
        self.want_nothing(env);
        self.sync.transferring = true;
        env.transfer(from, executed);
    }

    /// The ledger stands at a later height.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(&mut self, block: &Block, env: &mut E) {
        self.sync.transferring = false;
        self.sync.executed(block.height);
        if block.height > self.tree.committed() {
            self.tree.transfer(block);
            self.pool.committed(block);
            self.shown = self.shown.max(block.height);
        }
        self.caught_up(env);
        let source = self.any_other(env);
        self.follow(source, env);
    }

    /// Blocks arrived out of order: what waited for them goes on.
    pub(super) fn caught_up<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if let Some(proposal) = self.deferred.take() {
            self.consider_vote(&proposal, env);
        }
        self.commit_late(env);
    }
}
