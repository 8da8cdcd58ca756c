//! From committed blocks to replies.

use std::rc::Rc;

use groma_consensus_models::adversary::Behaviour;
use groma_consensus_models::{Block, Protocol};
use groma_sim::{NodeId, Time};

use super::{Ctx, Host};
use crate::disk::Write;
use crate::observe::Observation;
use crate::plan::RepliesPer;
use crate::wire::{BlockOutcome, Wire};

/// Bytes of a block's header on disk (estimate): handles, certificate, root.
const BLOCK_HEADER_BYTES: u64 = 512;

impl<P: Protocol> Host<P> {
    /// The protocol commits a block. One that is known already, because a state
    /// transfer included it, is shown to the checker and needs nothing more.
    pub(super) fn commit(&mut self, block: Block, ctx: &mut Ctx<'_, P>) {
        ctx.emit(Observation::Committed {
            replica: self.setup.me,
            height: block.height,
            id: block.id(),
            created: Time::from_duration(block.created),
            proposer: block.proposer,
            proof: self.proof.clone(),
            batches: block.batches.iter().map(|batch| batch.id).collect(),
        });
        if block.height <= self.committed {
            return;
        }
        for batch in &block.batches {
            if let Some(txs) = self.own.remove(&batch.id) {
                self.pool.committed(txs);
            }
        }
        self.committed = block.height;
        self.commits.push_back(block);
        self.execute_next(ctx);
    }

    /// Starts the execution of the next committed block, unless one runs.
    pub(super) fn execute_next(&mut self, ctx: &mut Ctx<'_, P>) {
        if !self.executing && !self.commits.is_empty() {
            self.executing = true;
            ctx.post(Wire::Execute);
        }
    }

    /// Executes the next committed block, on the execution lane.
    pub(super) fn execute(&mut self, ctx: &mut Ctx<'_, P>) {
        self.executing = false;
        let Some(block) = self.commits.front() else {
            return;
        };
        let missing: Vec<_> = self
            .world
            .fresh(block)
            .filter(|batch| !self.held.contains_key(&batch.id) || !self.is_kept(batch.id))
            .copied()
            .collect();
        if !missing.is_empty() {
            let (proposer, last) = (
                block.proposer,
                self.commits.back().map(|block| block.height),
            );
            if missing.iter().all(|batch| self.is_kept(batch.id)) {
                for batch in missing {
                    self.fetch(batch.id, proposer, ctx);
                }
            } else if let (Some(height), None) = (last, self.transfer) {
                // The block is older than what the others keep.
                self.want(proposer, height, ctx);
            }
            return;
        }
        let block = self.commits.pop_front().expect("its front was there");
        let executed = self.world.execute(&self.state, self.root, &block);
        let outcome = executed.outcome;
        ctx.spend_on("execute", self.world.prices.execute(outcome.work));
        ctx.spend_parallel_on(
            "state root",
            u32::try_from(outcome.touched).unwrap_or(u32::MAX),
            self.world.prices.root(),
        );
        self.state = executed.state;
        self.root = outcome.root;
        self.executed = block.height;
        self.body_bytes += outcome.bytes;
        self.forget_old(&block);
        ctx.emit(Observation::Executed {
            replica: self.setup.me,
            outcome: outcome.clone(),
            state: self.state.clone(),
        });
        let ledger = Box::new(self.current_ledger(block));
        // Its bodies are on disk since they arrived.
        self.write(Write::Block(ledger, outcome), BLOCK_HEADER_BYTES, ctx);
        self.execute_next(ctx);
    }

    /// Forgets bodies that no other replica will ask for.
    fn forget_old(&mut self, block: &Block) {
        for batch in &block.batches {
            self.aged.push_back((block.height, batch.id));
            if !self.copies.is_empty()
                && let Some(body) = self.world.body(batch.id)
            {
                for tx in &body.txs {
                    self.copies.remove(&(tx.gateway.0, tx.ticket.0));
                }
            }
        }
        while let Some(&(height, id)) = self.aged.front() {
            if height.0 + self.setup.retain >= block.height.0 {
                break;
            }
            self.held.remove(&id);
            self.disk.drop_body(id);
            self.aged.pop_front();
        }
    }

    /// Answers the clients of a durable block: a message a gateway, or one a
    /// transaction. The latter leave together and so arrive together, after the
    /// bytes and the handling of all of them.
    pub(super) fn answer(&mut self, outcome: &Rc<BlockOutcome>, ctx: &mut Ctx<'_, P>) {
        let lie;
        let outcome = if self.deviates(&Behaviour::WrongRoot, ctx.now()) {
            lie = Rc::new(outcome.lie());
            &lie
        } else {
            outcome
        };
        for (gateway, results) in outcome.results.iter().enumerate() {
            if results.is_empty() {
                continue;
            }
            let (count, reply) = (results.len() as u64, self.world.reply_bytes);
            let (messages, bytes) = match self.world.replies {
                RepliesPer::Block => (1, self.world.framing.wire(count * reply)),
                RepliesPer::Transaction => (count, count * self.world.framing.wire(reply)),
            };
            ctx.spend_on("message", self.world.prices.messages(messages, bytes));
            let node =
                NodeId(self.world.replicas + u32::try_from(gateway).expect("gateways are few"));
            let left = ctx.now();
            ctx.send(node, Wire::Reply(outcome.clone(), left), bytes);
        }
    }
}
