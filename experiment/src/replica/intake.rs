//! From client transactions to batches that want to be ordered.

use std::rc::Rc;
use std::sync::Arc;

use groma_consensus_models::{Batch, BatchId, Protocol, ReplicaId, ReplicaSet, mix};
use groma_sim::{NodeId, Span, Time};
use smallvec::SmallVec;

use super::env::carried_bytes;
use super::{BATCH_TIMER, Ctx, Host, OFFER_TIMER};
use crate::disk::Write;
use crate::plan::Dissemination;
use crate::wire::{BatchBody, FRAME_BYTES, Ticket, Ticketed, Wire};

/// Bytes of a refusal, an acknowledgement or a request for a body: a digest
/// and a signature (estimate).
pub(super) const SMALL_BYTES: u64 = FRAME_BYTES + 96;

/// How long an offer waits for acknowledgements before it is sent again.
const OFFER_PATIENCE: Span = Span::from_nanos(1_000_000_000);

/// How long copies of client transactions are kept for batches to come.
const COPY_AGE: Span = Span::from_nanos(30_000_000_000);

impl<P: Protocol> Host<P> {
    /// Transactions arrive from a gateway.
    pub(super) fn intake(
        &mut self,
        owner: ReplicaId,
        txs: &[Ticketed],
        from: NodeId,
        ctx: &mut Ctx<'_, P>,
    ) {
        ctx.spend_on(
            "admit",
            Span::from_nanos(self.world.prices.admit().as_nanos() * txs.len() as u64),
        );
        if self.world.dissemination == Dissemination::ClientsToAll {
            self.keep_copies(txs, ctx.now());
        }
        if owner != self.setup.me {
            return;
        }
        let was_empty = self.pool.oldest().is_none();
        let mut refused: SmallVec<[Ticket; 1]> = SmallVec::new();
        for tx in txs {
            let arrived = Ticketed {
                arrived: ctx.now(),
                ..tx.clone()
            };
            if !self.pool.admit(arrived) {
                refused.push(tx.ticket);
            }
        }
        if !refused.is_empty() {
            ctx.send(from, Wire::Refuse(refused), SMALL_BYTES);
        }
        if self.pool.is_ripe() {
            self.close_batches(false, ctx);
        } else if was_empty && self.pool.oldest().is_some() {
            ctx.set_timer(BATCH_TIMER, self.setup.batch_wait);
        }
    }

    fn keep_copies(&mut self, txs: &[Ticketed], now: Time) {
        for tx in txs {
            let name = (tx.gateway.0, tx.ticket.0);
            if self.copies.insert(name, ()).is_none() {
                self.copied.push_back((now, name));
            }
        }
        while let Some(&(at, name)) = self.copied.front() {
            if at + COPY_AGE > now {
                break;
            }
            self.copies.remove(&name);
            self.copied.pop_front();
        }
    }

    /// Closes every full batch, and a partial one when its wait is `over`.
    pub(super) fn close_batches(&mut self, over: bool, ctx: &mut Ctx<'_, P>) {
        let mut over = over;
        while self.pool.is_ripe() || over {
            over = false;
            let Some((txs, bytes)) = self.pool.close() else {
                break;
            };
            self.form(txs, bytes, ctx);
        }
        match self.pool.oldest() {
            // A transaction that waited behind others keeps its own deadline.
            Some(oldest) => {
                ctx.set_timer_at(BATCH_TIMER, (oldest + self.setup.batch_wait).max(ctx.now()))
            }
            None => ctx.cancel_timer(BATCH_TIMER),
        }
    }

    fn form(&mut self, txs: Vec<Ticketed>, bytes: u32, ctx: &mut Ctx<'_, P>) {
        let count = u32::try_from(txs.len()).expect("a batch is closed at a u32 count");
        ctx.spend_on("hash", self.world.prices.hash(u64::from(bytes)));
        self.charge_signatures(count, ctx);
        let signed: Vec<Arc<_>> = txs.iter().map(|tx| tx.tx.clone()).collect();
        // The verdicts stay in the shared transactions, so that this is done once.
        self.state.keyring().verify_batch(&signed);
        self.batches_formed += 1;
        let batch = Batch {
            id: self.name(&txs),
            txs: count,
            bytes,
        };
        let body = Rc::new(BatchBody {
            batch,
            origin: self.setup.me,
            closed: ctx.now(),
            txs,
        });
        self.world.publish(body.clone());
        self.held.insert(batch.id, ());
        self.write(Write::Body(batch.id), u64::from(bytes), ctx);
        self.own.insert(batch.id, count);
        let alone = self.setup.committee.n() == 1;
        match self.world.dissemination {
            Dissemination::Workers if !alone => self.offer(&body, ctx),
            Dissemination::Broadcast => {
                self.send_to_all(&body, ctx);
                ctx.post(Wire::Request(batch));
            }
            _ => ctx.post(Wire::Request(batch)),
        }
    }

    /// The batch's name, from its content. Two replicas may batch one resent
    /// transaction alone, so the origin and its counters are content too.
    fn name(&self, txs: &[Ticketed]) -> BatchId {
        let seed = mix(
            u64::from(self.setup.me.0),
            mix(self.restarts, self.batches_formed),
        );
        BatchId(
            txs.iter()
                .fold(seed, |hash, tx| mix(hash, tx.tx.id.short())),
        )
    }

    /// Hands a batch to the protocol of another replica.
    pub(super) fn forward(&mut self, to: ReplicaId, batch: Batch, ctx: &mut Ctx<'_, P>) {
        // A body older than the retention has long been executed.
        let Some(body) = self.world.body(batch.id) else {
            return;
        };
        let bytes = self.forward_bytes(&batch);
        ctx.spend_on("message", self.world.prices.message(bytes));
        ctx.send(NodeId(to.0), Wire::Forward(body), bytes);
    }

    /// Bytes that hand over a batch: its handle and what carries its body.
    pub(super) fn forward_bytes(&self, batch: &Batch) -> u64 {
        let carried = carried_bytes(batch, self.world.dissemination);
        self.world
            .framing
            .wire(u64::from(Batch::HANDLE_BYTES) + carried)
    }

    fn offer(&mut self, body: &Rc<BatchBody>, ctx: &mut Ctx<'_, P>) {
        let mut holders = ReplicaSet::new();
        holders.insert(self.setup.me);
        if self.offers.is_empty() {
            ctx.set_timer(OFFER_TIMER, OFFER_PATIENCE);
        }
        self.offers.insert(body.batch.id, (body.batch, holders));
        self.send_to_all(body, ctx);
    }

    fn send_to_all(&self, body: &Rc<BatchBody>, ctx: &mut Ctx<'_, P>) {
        let to: SmallVec<[NodeId; 128]> = self.others().map(|peer| NodeId(peer.0)).collect();
        let bytes = self.world.framing.wire(u64::from(body.batch.bytes));
        ctx.spend_on(
            "message",
            Span::from_nanos(self.world.prices.message(bytes).as_nanos() * to.len() as u64),
        );
        ctx.multicast(&to, Wire::Offer(body.clone()), bytes);
    }

    /// Sends the offers that wait for acknowledgements again, to those who have
    /// not given theirs.
    pub(super) fn offer_again(&mut self, ctx: &mut Ctx<'_, P>) {
        for (id, (_, holders)) in &self.offers {
            let Some(body) = self.world.body(*id) else {
                continue;
            };
            let to: SmallVec<[NodeId; 128]> = self
                .others()
                .filter(|peer| !holders.contains(*peer))
                .map(|peer| NodeId(peer.0))
                .collect();
            let bytes = self.world.framing.wire(u64::from(body.batch.bytes));
            ctx.multicast(&to, Wire::Offer(body), bytes);
        }
        if !self.offers.is_empty() {
            ctx.set_timer(OFFER_TIMER, OFFER_PATIENCE);
        }
    }

    /// Another replica hands over a batch to be ordered here. Where bodies travel
    /// apart, its own may have been lost on the way and is fetched first.
    pub(super) fn take_forward(
        &mut self,
        from: ReplicaId,
        body: &Rc<BatchBody>,
        ctx: &mut Ctx<'_, P>,
    ) {
        let batch = body.batch;
        if !self.held.contains_key(&batch.id) {
            if !self.can_assemble(body) {
                self.fetch(batch.id, from, ctx);
                self.forwarded.push(batch);
                return;
            }
            self.take_body(body, ctx);
        }
        ctx.post(Wire::Request(batch));
    }

    /// A batch arrived ahead of its ordering.
    pub(super) fn take_offer(
        &mut self,
        from: ReplicaId,
        body: &Rc<BatchBody>,
        ctx: &mut Ctx<'_, P>,
    ) {
        self.take_body(body, ctx);
        if self.world.dissemination == Dissemination::Broadcast {
            ctx.post(Wire::Request(body.batch));
        } else {
            ctx.send(NodeId(from.0), Wire::Ack(body.batch.id), SMALL_BYTES);
        }
        self.recheck_waiting(ctx);
    }

    /// Another replica holds an offered batch: at a quorum it is available for
    /// good, and may be ordered.
    pub(super) fn take_ack(&mut self, from: ReplicaId, id: BatchId, ctx: &mut Ctx<'_, P>) {
        let Some((batch, holders)) = self.offers.get_mut(&id) else {
            return;
        };
        holders.insert(from);
        if holders.len() >= self.setup.committee.quorum() {
            let batch = *batch;
            self.offers.remove(&id);
            ctx.post(Wire::Request(batch));
        }
    }
}
