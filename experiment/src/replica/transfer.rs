//! State transfer: a replica that fell behind takes over a ledger.

use std::rc::Rc;

use groma_consensus_models::{Height, Protocol, ReplicaId};
use groma_sim::{NodeId, Span};

use super::{Ctx, Host, TRANSFER_TIMER};
use crate::disk::{Ledger, Write};
use crate::observe::Observation;
use crate::wire::{FRAME_BYTES, Snapshot, Wire};

/// How long a request for a snapshot waits before another replica is asked.
const PATIENCE: Span = Span::from_nanos(1_000_000_000);

/// Bytes of a snapshot's header (estimate): block, certificate, root.
const HEADER_BYTES: u64 = 4_096;

/// A snapshot that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    asked: ReplicaId,
    height: Height,
}

impl<P: Protocol> Host<P> {
    /// Asks `from` for a ledger at `height` or later.
    pub(super) fn want(&mut self, from: ReplicaId, height: Height, ctx: &mut Ctx<'_, P>) {
        let from = if from == self.setup.me {
            self.next_peer(from)
        } else {
            from
        };
        self.transfer = Some(Transfer {
            asked: from,
            height,
        });
        ctx.send(
            NodeId(from.0),
            Wire::Want(height, self.body_bytes),
            FRAME_BYTES + 96,
        );
        ctx.set_timer(TRANSFER_TIMER, PATIENCE);
    }

    /// Asks the next replica.
    pub(super) fn want_again(&mut self, ctx: &mut Ctx<'_, P>) {
        if let Some(transfer) = self.transfer {
            self.want(self.next_peer(transfer.asked), transfer.height, ctx);
        }
    }

    /// Another replica asks for a ledger. It is charged as the bodies that it
    /// spares: what travels is the difference since the asker's own height.
    pub(super) fn serve_snapshot(
        &mut self,
        from: ReplicaId,
        height: Height,
        body_bytes: u64,
        ctx: &mut Ctx<'_, P>,
    ) {
        let ledger = self.disk.ledger();
        if ledger.block.height < height {
            return;
        }
        let missing = ledger.body_bytes.saturating_sub(body_bytes);
        let bytes = self.world.framing.wire(HEADER_BYTES + missing);
        let snapshot = Wire::Snapshot(Rc::new(ledger.snapshot()));
        ctx.spend_on("message", self.world.prices.message(bytes));
        ctx.send(NodeId(from.0), snapshot, bytes);
    }

    /// A snapshot arrived. `true` when it was taken over.
    pub(super) fn install(&mut self, snapshot: &Snapshot, ctx: &mut Ctx<'_, P>) -> bool {
        let Some(transfer) = self.transfer else {
            return false;
        };
        let height = snapshot.block.height;
        if height < transfer.height {
            return false;
        }
        self.transfer = None;
        ctx.cancel_timer(TRANSFER_TIMER);
        if height <= self.executed {
            // It caught up by itself meanwhile; the protocol hears of the
            // height that it asked for all the same.
            return true;
        }
        self.commits.retain(|block| block.height > height);
        self.committed = self.committed.max(height);
        let ledger = Ledger {
            block: snapshot.block.clone(),
            state: snapshot.state.clone(),
            root: snapshot.root,
            body_bytes: snapshot.body_bytes,
        };
        self.executed = height;
        self.state = ledger.state.clone();
        self.root = ledger.root;
        let bytes = HEADER_BYTES + snapshot.body_bytes.saturating_sub(self.body_bytes);
        self.body_bytes = ledger.body_bytes;
        self.write(Write::Snapshot(Box::new(ledger)), bytes, ctx);
        self.give_up_old_batches();
        // What was executed below the snapshot will be asked for by nobody here.
        let world = &self.world;
        self.held.retain(|id, ()| !world.was_executed(*id));
        self.disk.retain_bodies(|id| !world.was_executed(id));
        ctx.emit(Observation::Transferred {
            replica: self.setup.me,
            height,
            root: snapshot.root,
        });
        self.execute_next(ctx);
        true
    }

    /// Own batches may have committed within the snapshot; the mempool must not
    /// count them for ever. A batch that did not is resent by its clients.
    fn give_up_old_batches(&mut self) {
        for (_, txs) in self.own.drain() {
            self.pool.committed(txs);
        }
    }
}
