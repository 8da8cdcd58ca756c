//! From client transactions to batches that want to be ordered.

use std::rc::Rc;
use std::sync::Arc;

use groma_consensus_models::{Batch, BatchId, Protocol, ReplicaId, ReplicaSet, mix};
use groma_sim::{NodeId, Span};
use smallvec::SmallVec;

use super::env::carried_bytes;
use super::{BATCH_TIMER, Ctx, Host};
use crate::plan::Dissemination;
use crate::wire::{BatchBody, FRAME_BYTES, Ticket, Ticketed, Wire};

/// Bytes of a refusal, an acknowledgement or a request for a body: a digest
/// and a signature (estimate).
const SMALL_BYTES: u64 = FRAME_BYTES + 96;

impl<P: Protocol> Host<P> {
    /// Transactions arrive from a gateway.
    pub(super) fn intake(
        &mut self,
        owner: ReplicaId,
        txs: &[Ticketed],
        from: NodeId,
        ctx: &mut Ctx<'_, P>,
    ) {
        let bytes = FRAME_BYTES
            + txs
                .iter()
                .map(|tx| u64::from(tx.tx.wire_bytes))
                .sum::<u64>();
        ctx.spend(self.world.prices.message(bytes));
        ctx.spend(Span::from_nanos(
            self.world.prices.admit().as_nanos() * txs.len() as u64,
        ));
        if self.world.dissemination == Dissemination::ClientsToAll {
            self.copies
                .extend(txs.iter().map(|tx| ((tx.gateway.0, tx.ticket.0), ())));
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
        ctx.spend(self.world.prices.hash(u64::from(bytes)));
        ctx.spend_parallel(count, self.world.prices.verify_in_batch());
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
        self.own.insert(batch.id, count);
        if self.world.dissemination == Dissemination::Workers && self.setup.committee.n() > 1 {
            self.offer(&body, ctx);
        } else {
            ctx.post(Wire::Request(batch));
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
        let bytes = FRAME_BYTES
            + u64::from(Batch::HANDLE_BYTES)
            + carried_bytes(&batch, self.world.dissemination);
        ctx.spend(self.world.prices.message(bytes));
        ctx.send(NodeId(to.0), Wire::Forward(body), bytes);
    }

    fn offer(&mut self, body: &Rc<BatchBody>, ctx: &mut Ctx<'_, P>) {
        let mut holders = ReplicaSet::new();
        holders.insert(self.setup.me);
        self.offers.insert(body.batch.id, (body.batch, holders));
        let to: SmallVec<[NodeId; 128]> = self.others().map(|peer| NodeId(peer.0)).collect();
        let bytes = FRAME_BYTES + u64::from(body.batch.bytes);
        ctx.spend(Span::from_nanos(
            self.world.prices.message(bytes).as_nanos() * to.len() as u64,
        ));
        ctx.multicast(&to, Wire::Offer(body.clone()), bytes);
    }

    /// A batch arrived ahead of its ordering.
    pub(super) fn take_offer(
        &mut self,
        from: ReplicaId,
        body: &Rc<BatchBody>,
        ctx: &mut Ctx<'_, P>,
    ) {
        self.take_body(body, ctx);
        ctx.send(NodeId(from.0), Wire::Ack(body.batch.id), SMALL_BYTES);
        self.recheck_waiting(ctx);
    }

    /// Another replica holds an offered batch: at a quorum it is available for
    /// good, and may be ordered.
    pub(super) fn take_ack(&mut self, from: ReplicaId, id: BatchId, ctx: &mut Ctx<'_, P>) {
        ctx.spend(self.world.prices.message(SMALL_BYTES));
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
