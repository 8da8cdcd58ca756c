//! The world as a protocol sees it: the sink behind `Env`, over the
//! simulation's context.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use groma_consensus_models::{
    Batch, Block, BlockId, Body, Env, Height, Message, Proof, Protocol, ReplicaId, TimerId, Token,
    Work,
};
use groma_sim::{NodeId, Span, Time};
use smallvec::SmallVec;

use super::{Ctx, Host};
use crate::disk::Write;
use crate::observe::Observation;
use crate::plan::Dissemination;
use crate::wire::{TX_NAME_BYTES, Wire};

/// Consensus traffic of a replica: each recipient counts.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Messages sent, in order of first use of their kind.
    kinds: Vec<(&'static str, u64)>,
    /// Bytes sent, framing and carried bodies included.
    pub bytes: u64,
}

impl Traffic {
    fn count(&mut self, kind: &'static str, copies: u64, bytes: u64) {
        self.bytes += copies * bytes;
        // Kinds are few and static: comparing addresses is enough to hit.
        if let Some(entry) = self
            .kinds
            .iter_mut()
            .find(|(known, _)| std::ptr::eq(*known, kind) || *known == kind)
        {
            entry.1 += copies;
        } else {
            self.kinds.push((kind, copies));
        }
    }

    /// Messages by kind.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<&'static str, u64> {
        self.kinds.iter().copied().collect()
    }

    /// Messages of all kinds.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.kinds.iter().map(|(_, count)| count).sum()
    }
}

/// The sink that a protocol acts through.
pub(super) struct HostEnv<'a, 'c, P: Protocol> {
    host: &'a mut Host<P>,
    ctx: &'a mut Ctx<'c, P>,
}

impl<'a, 'c, P: Protocol> HostEnv<'a, 'c, P> {
    pub(super) fn new(host: &'a mut Host<P>, ctx: &'a mut Ctx<'c, P>) -> Self {
        Self { host, ctx }
    }

    fn transmit(&mut self, to: &[NodeId], message: P::Message) {
        let size = self.host.wire_size(&message);
        let copies = to.len() as u64;
        self.host.traffic.count(message.kind(), copies, size);
        let price = self.host.world.prices.message(size);
        self.ctx
            .spend_on("message", Span::from_nanos(price.as_nanos() * copies));
        self.ctx.multicast(to, Wire::Consensus(message), size);
    }
}

impl<P: Protocol> Host<P> {
    /// Bytes of a consensus message on the wire, with framing and with the
    /// bodies that ride on it.
    pub(super) fn wire_size(&self, message: &P::Message) -> u64 {
        let mut bytes = u64::from(message.size());
        let how = self.world.dissemination;
        message.bodies(&mut |batch, body| {
            if body == Body::Carried {
                bytes += carried_bytes(batch, how);
            }
        });
        self.world.framing.wire(bytes)
    }
}

/// Bytes that carry a batch's body along with its handle.
pub(super) fn carried_bytes(batch: &Batch, how: Dissemination) -> u64 {
    match how {
        Dissemination::InProposal => u64::from(batch.bytes),
        Dissemination::ClientsToAll => u64::from(batch.txs) * TX_NAME_BYTES,
        Dissemination::Workers | Dissemination::Broadcast => 0,
    }
}

impl<P: Protocol> Env<P> for HostEnv<'_, '_, P> {
    fn now(&self) -> Duration {
        self.ctx.now().since_start()
    }

    fn rand(&mut self) -> u64 {
        self.ctx.random()
    }

    fn send(&mut self, to: ReplicaId, message: P::Message) {
        assert_ne!(to, self.host.setup.me, "a protocol sends nothing to itself");
        self.transmit(&[NodeId(to.0)], message);
    }

    fn broadcast(&mut self, message: P::Message) {
        let to: SmallVec<[NodeId; 128]> = self.host.others().map(|peer| NodeId(peer.0)).collect();
        self.transmit(&to, message);
    }

    fn multicast(&mut self, to: &[ReplicaId], message: P::Message) {
        let to: SmallVec<[NodeId; 128]> = to.iter().map(|peer| NodeId(peer.0)).collect();
        self.transmit(&to, message);
    }

    fn forward(&mut self, to: ReplicaId, batch: Batch) {
        self.host.forward(to, batch, self.ctx);
    }

    fn set_timer(&mut self, timer: TimerId, after: Duration) {
        self.ctx.set_timer(u64::from(timer.0), Span::from(after));
    }

    fn cancel_timer(&mut self, timer: TimerId) {
        self.ctx.cancel_timer(u64::from(timer.0));
    }

    fn work(&mut self, work: Work) {
        self.host.world.prices.charge(work, self.ctx);
    }

    fn persist(&mut self, record: P::Record, bytes: u32, done: Token) {
        self.host
            .write(Write::Record(record, done), u64::from(bytes), self.ctx);
    }

    fn rewrite(&mut self, records: Vec<P::Record>, bytes: u32, done: Token) {
        self.host
            .write(Write::Rewrite(records, done), u64::from(bytes), self.ctx);
    }

    fn prove(&mut self, proof: Proof) {
        self.host.proof = Some(Rc::new(proof));
    }

    fn commit(&mut self, block: Block) {
        self.host.commit(block, self.ctx);
    }

    fn transfer(&mut self, from: ReplicaId, height: Height) {
        self.host.want(from, height, self.ctx);
    }

    fn reject(&mut self, why: &'static str) {
        self.ctx.emit(Observation::Refused { why });
    }

    fn count(&mut self, what: &'static str, by: u64) {
        // Counting makes no event: a run that counts is the run that does not.
        self.ctx.emit_at_start(Observation::Counted { what, by });
    }

    fn hold(&mut self, id: BlockId, created: Duration) {
        let created = Time::from_duration(created);
        self.ctx.emit_at_start(Observation::Held { id, created });
    }
}
