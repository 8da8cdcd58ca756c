//! What crosses the simulated network, and what a replica posts to its own
//! lanes. Bytes are charged by the sender; shared pointers stand for content.

use std::rc::Rc;
use std::sync::Arc;

use groma_consensus_models::adversary;
use groma_consensus_models::{Batch, BatchId, Digest, Height, Message, ReplicaId};
use groma_ledger::{Hash, Outcome, SignedTransaction, State};
use groma_sim::Time;
use smallvec::SmallVec;

/// Framing of one message: Ethernet, IPv4 and TCP headers with timestamps
/// (14 + 4 + 20 + 32 B, RFC 894, 791, 9293) and an 8-byte length prefix.
pub const FRAME_BYTES: u64 = 78;

/// IPv4 and TCP headers with timestamps: what of a packet is no payload.
const PACKET_HEADERS: u64 = 20 + 32;

/// How bytes become bytes on the wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct Framing {
    /// Payload of the largest packet; 0: a message is framed once.
    packet: u64,
}

impl Framing {
    /// Packets of at most so many bytes; 0: a message is framed once.
    #[must_use]
    pub fn new(mtu_bytes: u32) -> Self {
        Self {
            packet: u64::from(mtu_bytes).saturating_sub(PACKET_HEADERS),
        }
    }

    /// Bytes on the wire of a message with so many bytes of content.
    #[must_use]
    pub fn wire(self, content: u64) -> u64 {
        let packets = match self.packet {
            0 => 1,
            packet => content.div_ceil(packet).max(1),
        };
        content + FRAME_BYTES * packets
    }
}

/// Bytes that name one transaction in a proposal whose bodies travelled apart.
pub const TX_NAME_BYTES: u64 = 32;

/// Index of a gateway, dense from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayId(pub u32);

/// A gateway's own number for a transaction, dense from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A transaction under way. All but the transaction is bookkeeping of the
/// simulation and costs no bytes.
#[derive(Clone, Debug)]
pub struct Ticketed {
    /// The transaction.
    pub tx: Arc<SignedTransaction>,
    /// Who submitted it.
    pub gateway: GatewayId,
    /// The submitter's number for it.
    pub ticket: Ticket,
    /// When it was meant to be sent.
    pub intended: Time,
    /// When the replica that batches it received it.
    pub arrived: Time,
}

/// A batch with its transactions.
#[derive(Debug)]
pub struct BatchBody {
    /// The handle that consensus orders.
    pub batch: Batch,
    /// The replica that formed it.
    pub origin: ReplicaId,
    /// When it was closed.
    pub closed: Time,
    /// The transactions in order.
    pub txs: Vec<Ticketed>,
}

/// What became of one transaction, with the times of its path so far.
#[derive(Clone, Copy, Debug)]
pub struct TxResult {
    /// The submitter's number.
    pub ticket: Ticket,
    /// Applied or refused.
    pub outcome: Outcome,
    /// When the batching replica received it.
    pub arrived: Time,
    /// When its batch was closed.
    pub closed: Time,
}

/// What the execution of a block says to the world; equal at every correct
/// replica and therefore shared.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    /// Height of the block.
    pub height: Height,
    /// State root after it.
    pub root: Hash,
    /// Digest over root and outcomes: what a client compares.
    pub reply: u64,
    /// The proposer's timestamp.
    pub created: Time,
    /// Results by gateway index.
    pub results: Vec<Vec<TxResult>>,
    /// Applied transactions as the ledger said it, for the checker.
    pub applied: Vec<(GatewayId, Ticket)>,
    /// Transactions executed.
    pub txs: u64,
    /// Executions of a payment that they are worth.
    pub work: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Records written into the state.
    pub touched: u64,
}

impl BlockOutcome {
    /// The state digest that consensus sees.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(self.root.short())
    }

    /// The answer of a replica that lies: equal among liars, and equal to no
    /// correct one.
    #[must_use]
    pub fn lie(&self) -> Self {
        Self {
            reply: adversary::lie(Digest(self.reply)).0,
            ..self.clone()
        }
    }
}

/// A ledger at a height, handed to a replica that fell behind.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The last block that it includes.
    pub block: groma_consensus_models::Block,
    /// The state after that block.
    pub state: State,
    /// Its root.
    pub root: Hash,
    /// Bytes of all bodies executed up to it.
    pub body_bytes: u64,
}

/// A message or a post.
#[derive(Clone, Debug)]
pub enum Wire<M> {
    /// Gateway to replicas: transactions, to be batched by `owner`.
    Submit {
        /// The replica that is to batch them.
        owner: ReplicaId,
        /// The transactions.
        txs: SmallVec<[Ticketed; 1]>,
    },
    /// Replica to gateway: refused by a full queue.
    Refuse(SmallVec<[Ticket; 1]>),
    /// Replica to gateway: the results of a block, and when they left.
    Reply(Rc<BlockOutcome>, Time),
    /// Protocol to protocol.
    Consensus(M),
    /// A batch handed to another replica to be ordered there.
    Forward(Rc<BatchBody>),
    /// A batch sent ahead of its ordering.
    Offer(Rc<BatchBody>),
    /// The receiver of an offer holds it.
    Ack(BatchId),
    /// Please send this body.
    Fetch(BatchId),
    /// The body asked for.
    Body(Rc<BatchBody>),
    /// Please send a snapshot of at least this height; the sender has executed
    /// this many body bytes.
    Want(Height, u64),
    /// The snapshot asked for.
    Snapshot(Rc<Snapshot>),
    /// To itself: the bodies that came with this message are verified.
    Verified(ReplicaId, M),
    /// To itself: a batch is ready to be ordered.
    Request(Batch),
    /// To itself: execute the next committed block.
    Execute,
    /// To itself: flush what waits for the disk.
    Flush,
    /// To itself, storage: the flush is over.
    Flushed,
    /// To itself, consensus: the oldest flushed group is durable.
    Durable,
    /// To itself: answer the clients of this block.
    Answer(Rc<BlockOutcome>),
}

impl<M: Message> Wire<M> {
    /// What it is, in a word, for journals.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "submit",
            Self::Refuse(_) => "refuse",
            Self::Reply(..) => "reply",
            Self::Consensus(inner) | Self::Verified(_, inner) => inner.kind(),
            Self::Forward(_) => "forward batch",
            Self::Offer(_) => "offer batch",
            Self::Ack(_) => "acknowledge batch",
            Self::Fetch(_) => "fetch body",
            Self::Body(_) => "body",
            Self::Want(..) => "want snapshot",
            Self::Snapshot(_) => "snapshot",
            Self::Request(_) => "order batch",
            Self::Execute => "execute block",
            Self::Flush => "flush",
            Self::Flushed => "flushed",
            Self::Durable => "durable",
            Self::Answer(_) => "answer clients",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_framed_once_or_once_a_packet() {
        assert_eq!(Framing::default().wire(10_000), 10_078);
        let ethernet = Framing::new(1_500);
        assert_eq!(ethernet.wire(0), 78);
        assert_eq!(ethernet.wire(1_448), 1_448 + 78);
        assert_eq!(ethernet.wire(1_449), 1_449 + 2 * 78);
    }
}
