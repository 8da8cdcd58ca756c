//! How a replica gets blocks that it missed: [`Sync`]'s steps as timers and
//! messages. The tip is the block of the highest certificate, which vouches
//! for the names of all blocks below.

use std::sync::Arc;

use super::message::{Blocks, Message};
use super::{Chained, FETCH_TIMER, Rules};
use crate::block::{Block, Height};
use crate::chain::{Answer, BlockRef, Step};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

impl<R: Rules> Chained<R> {
    /// Sees to it that the branch of the highest certificate gets whole;
    /// `from` knows it.
    pub(super) fn follow<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        let step = self.sync.follow(&self.tree, self.pacemaker.high().at, from);
        self.take_step(step, env);
    }

    fn take_step<E: Env<Self> + ?Sized>(&mut self, step: Step, env: &mut E) {
        let above = self.tree.committed();
        let request = |at| Message::BlockRequest { at, above };
        step.take(FETCH_TIMER, request, env);
    }

    /// Asks for the wanted block.
    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let step = self.sync.due(|| env.rand());
        self.take_step(step, env);
    }

    /// A peer lacks blocks.
    pub(super) fn on_block_request<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: BlockRef,
        above: Height,
        env: &mut E,
    ) {
        let most = self.config.fetch_blocks;
        if let Some(answer) = self.sync.serve(&self.tree, at, above, most) {
            env.send(from, Message::BlockResponse(Arc::new(answer)));
        }
    }

    /// A peer answers.
    pub(super) fn on_block_response<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        answer: &Blocks,
        env: &mut E,
    ) {
        let (tip, tree) = (self.pacemaker.high().at, &mut self.tree);
        let charge = |block: &super::Proposal| env.work(Work::Hash(block.bytes()));
        match self.sync.answered(tree, tip, from, answer, charge) {
            Answer::Useless => {}
            Answer::Wrong => env.reject("blocks that were not asked for"),
            Answer::Pruned(height) => {
                env.cancel_timer(FETCH_TIMER);
                env.transfer(from, height);
            }
            Answer::Grew(step) => {
                self.take_step(step, env);
                self.caught_up(env);
            }
        }
    }

    /// The ledger stands at a later height.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(&mut self, block: &Block, env: &mut E) {
        self.sync.transferred(block.height);
        if block.height > self.tree.committed() {
            self.tree.transfer(block);
            self.pool.committed(block);
            self.shown = self.shown.max(block.height);
        }
        self.caught_up(env);
        let source = self.sync.any_other(env.rand());
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
