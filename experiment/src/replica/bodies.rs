//! Bodies of batches: none is voted for before it is held and verified.

use std::rc::Rc;

use groma_consensus_models::adversary::Behaviour;
use groma_consensus_models::{Batch, BatchId, Body, Message, Protocol, ReplicaId};
use groma_sim::{NodeId, Span};
use smallvec::SmallVec;

use super::intake::SMALL_BYTES;
use super::{Ctx, FETCH_TIMER, Host};
use crate::disk::Write;
use crate::plan::{Dissemination, TransactionCrypto};
use crate::wire::{BatchBody, FRAME_BYTES, Wire};

/// How long a request for a body waits before another replica is asked.
const FETCH_PATIENCE: Span = Span::from_nanos(500_000_000);

/// Messages that may wait for bodies; the oldest is dropped beyond that, which
/// the protocol survives as it survives a lost message.
const MAX_WAITING: usize = 4_096;

/// A message that waits for bodies.
#[derive(Debug)]
pub(super) struct Waiting<M> {
    from: ReplicaId,
    message: M,
    missing: SmallVec<[BatchId; 4]>,
}

/// A body that was asked for.
#[derive(Debug)]
pub(super) struct Fetch {
    id: BatchId,
    asked: ReplicaId,
}

impl<P: Protocol> Host<P> {
    /// A message with bodies arrived. `true` when it may be delivered now;
    /// otherwise it waits for the bodies that it needs.
    pub(super) fn receive_bodies(
        &mut self,
        from: ReplicaId,
        message: &P::Message,
        ctx: &mut Ctx<'_, P>,
    ) -> bool {
        let mut named: SmallVec<[(Batch, Body); 8]> = SmallVec::new();
        message.bodies(&mut |batch, body| named.push((*batch, body)));
        let mut missing: SmallVec<[BatchId; 4]> = SmallVec::new();
        for (batch, body) in named {
            if self.held.contains_key(&batch.id) {
                continue;
            }
            match self.world.body(batch.id) {
                Some(found) if body == Body::Carried && self.can_assemble(&found) => {
                    self.take_body(&found, ctx);
                }
                Some(_) => missing.push(batch.id),
                // Every batch that was formed is published, so this one was
                // executed and forgotten everywhere: an old certificate names
                // it, and nobody could serve it. A replica that would have to
                // execute it takes over a ledger instead.
                None => {}
            }
        }
        if missing.is_empty() {
            return true;
        }
        for &id in &missing {
            self.fetch(id, from, ctx);
        }
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting {
            from,
            message: message.clone(),
            missing,
        });
        false
    }

    /// Bytes of a message that came over the network; `None` for a post.
    pub(super) fn received_bytes(&self, message: &Wire<P::Message>) -> Option<u64> {
        match message {
            Wire::Consensus(inner) => Some(self.wire_size(inner)),
            Wire::Submit { txs, .. } => {
                let bodies: u64 = txs.iter().map(|tx| u64::from(tx.tx.wire_bytes)).sum();
                Some(self.world.framing.wire(bodies))
            }
            Wire::Offer(body) | Wire::Body(body) => {
                Some(self.world.framing.wire(u64::from(body.batch.bytes)))
            }
            Wire::Forward(body) => Some(self.forward_bytes(&body.batch)),
            Wire::Ack(_) | Wire::Fetch(_) | Wire::Want(..) => Some(SMALL_BYTES),
            Wire::Snapshot(snapshot) => {
                let missing = snapshot.body_bytes.saturating_sub(self.body_bytes);
                Some(self.world.framing.wire(missing))
            }
            _ => None,
        }
    }

    /// Whether a carried batch is complete with what this replica has.
    pub(super) fn can_assemble(&self, body: &BatchBody) -> bool {
        match self.world.dissemination {
            Dissemination::InProposal => true,
            Dissemination::ClientsToAll => body
                .txs
                .iter()
                .all(|tx| self.copies.contains_key(&(tx.gateway.0, tx.ticket.0))),
            Dissemination::Workers | Dissemination::Broadcast => false,
        }
    }

    /// Holds a body: its hash and its signatures are checked, once.
    pub(super) fn take_body(&mut self, body: &Rc<BatchBody>, ctx: &mut Ctx<'_, P>) {
        if self.held.insert(body.batch.id, ()).is_none() {
            // On disk before the vote that follows: the log is one queue.
            self.write(Write::Body(body.batch.id), u64::from(body.batch.bytes), ctx);
            if self.deviates(&Behaviour::Lazy, ctx.now()) {
                return;
            }
            ctx.spend_on("hash", self.world.prices.hash(u64::from(body.batch.bytes)));
            self.charge_signatures(body.batch.txs, ctx);
        }
    }

    /// Charges the verification of so many transactions' signatures, if any does.
    pub(super) fn charge_signatures(&self, txs: u32, ctx: &mut Ctx<'_, P>) {
        if self.world.signatures == TransactionCrypto::Signed {
            let each = self.world.prices.verify_in_batch();
            ctx.spend_parallel_on("verify transactions", txs, each);
        }
    }

    /// Asks for a body, unless that is under way.
    pub(super) fn fetch(&mut self, id: BatchId, from: ReplicaId, ctx: &mut Ctx<'_, P>) {
        if self.fetches.iter().any(|fetch| fetch.id == id) {
            return;
        }
        let from = if from == self.setup.me {
            self.next_peer(from)
        } else {
            from
        };
        if self.fetches.is_empty() {
            ctx.set_timer(FETCH_TIMER, FETCH_PATIENCE);
        }
        self.fetches.push(Fetch { id, asked: from });
        self.ask(id, from, ctx);
    }

    fn ask(&self, id: BatchId, from: ReplicaId, ctx: &mut Ctx<'_, P>) {
        ctx.send(NodeId(from.0), Wire::Fetch(id), FRAME_BYTES + 96);
    }

    /// Asks the next replica for every body that is still missing. What has
    /// been forgotten everywhere meanwhile is not asked for again.
    pub(super) fn fetch_again(&mut self, ctx: &mut Ctx<'_, P>) {
        let mut fetches = std::mem::take(&mut self.fetches);
        fetches.retain(|fetch| !self.held.contains_key(&fetch.id) && self.is_kept(fetch.id));
        for fetch in &mut fetches {
            fetch.asked = self.next_peer(fetch.asked);
            self.ask(fetch.id, fetch.asked, ctx);
        }
        self.fetches = fetches;
        if !self.fetches.is_empty() {
            ctx.set_timer(FETCH_TIMER, FETCH_PATIENCE);
        }
        self.recheck_waiting(ctx);
        self.execute_next(ctx);
    }

    /// Whether anyone may still have a body.
    pub(super) fn is_kept(&self, id: BatchId) -> bool {
        self.world.body(id).is_some()
    }

    /// Another replica asks for a body.
    pub(super) fn serve_body(&mut self, from: ReplicaId, id: BatchId, ctx: &mut Ctx<'_, P>) {
        if !self.held.contains_key(&id) {
            return;
        }
        let Some(body) = self.world.body(id) else {
            return;
        };
        let bytes = self.world.framing.wire(u64::from(body.batch.bytes));
        ctx.spend_on("message", self.world.prices.message(bytes));
        ctx.send(NodeId(from.0), Wire::Body(body), bytes);
    }

    /// A body that was asked for arrived.
    pub(super) fn take_fetched(&mut self, body: &Rc<BatchBody>, ctx: &mut Ctx<'_, P>) {
        self.take_body(body, ctx);
        self.fetches.retain(|fetch| fetch.id != body.batch.id);
        if self.fetches.is_empty() {
            ctx.cancel_timer(FETCH_TIMER);
        }
        self.recheck_waiting(ctx);
        self.execute_next(ctx);
    }

    /// Delivers the messages whose bodies are now all held, oldest first.
    pub(super) fn recheck_waiting(&mut self, ctx: &mut Ctx<'_, P>) {
        let held = &self.held;
        self.forwarded.retain(|batch| {
            let here = held.contains_key(&batch.id);
            if here {
                ctx.post(Wire::Request(*batch));
            }
            !here
        });
        if self.waiting.is_empty() {
            return;
        }
        let (held, world) = (&self.held, &self.world);
        self.waiting.retain_mut(|waiting| {
            waiting
                .missing
                .retain(|id| !held.contains_key(id) && world.body(*id).is_some());
            if waiting.missing.is_empty() {
                ctx.post(Wire::Verified(waiting.from, waiting.message.clone()));
            }
            !waiting.missing.is_empty()
        });
    }
}
