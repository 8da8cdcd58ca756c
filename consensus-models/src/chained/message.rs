//! What replicas say to each other, with the size of every message, and what
//! they write to their logs.
//!
//! Certificates and proposals are shared by reference count: a replica keeps
//! what it received instead of copying it.

use std::fmt;
use std::sync::Arc;

use crate::block::{Batch, BatchId, Block, BlockId, Height, mix};
use crate::chain::{self, BlockRef, Linked, REF_BYTES};
use crate::committee::ReplicaSet;
use crate::protocol::{Body, Message as WireMessage};
use crate::wire::{Certificates, ENVELOPE_BYTES, NUMBER_BYTES, RECORD_BYTES, SIGNATURE_BYTES};

/// Quorum certificate: a quorum voted for one block.
#[derive(Clone, PartialEq, Eq)]
pub struct Qc {
    /// The certified block.
    pub at: BlockRef,
    /// Who voted.
    pub signers: ReplicaSet,
    bytes: u32,
}

impl Qc {
    /// The certificate of the genesis block, which needs no votes.
    pub(super) fn genesis() -> Self {
        Self {
            at: BlockRef::default(),
            signers: ReplicaSet::new(),
            bytes: REF_BYTES,
        }
    }

    pub(super) fn new(at: BlockRef, signers: ReplicaSet, n: u32, form: Certificates) -> Self {
        let bytes = REF_BYTES + form.bytes(n, &signers);
        Self { at, signers, bytes }
    }

    /// Bytes on the wire: the [`BlockRef`] and the proof of the quorum.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        self.bytes
    }
}

impl fmt::Debug for Qc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QC({:?})", self.at)
    }
}

/// Timeout certificate: a quorum gave up on one term.
#[derive(Clone, PartialEq, Eq)]
pub struct Tc {
    /// The term given up: with a rotating leader, the view.
    pub term: u64,
    /// View of the highest certificate that any signer had seen; `None` where
    /// the protocol does not have it shown.
    pub high: Option<u64>,
    /// Who gave up.
    pub signers: ReplicaSet,
    bytes: u32,
}

impl Tc {
    pub(super) fn new(
        term: u64,
        high: Option<u64>,
        signers: ReplicaSet,
        n: u32,
        form: Certificates,
    ) -> Self {
        // Where each signer signs the view of its own highest certificate,
        // those views travel too.
        let views = high.map_or(0, |_| NUMBER_BYTES * signers.len());
        let bytes = NUMBER_BYTES + views + form.bytes(n, &signers);
        Self {
            term,
            high,
            signers,
            bytes,
        }
    }

    /// Bytes on the wire: the term, each signer's highest view where it is
    /// shown, the proof.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        self.bytes
    }
}

/// Bytes of a timeout certificate where there is one.
fn tc_bytes(tc: &Option<Arc<Tc>>) -> u32 {
    tc.as_ref().map_or(0, |tc| tc.bytes)
}

impl fmt::Debug for Tc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.high {
            Some(high) => write!(f, "TC(t{} high v{high})", self.term),
            None => write!(f, "TC(t{})", self.term),
        }
    }
}

/// A block with the certificate of its parent.
#[derive(Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What is ordered. `height` is the parent's plus one.
    pub block: Block,
    /// Certifies the parent.
    pub justify: Arc<Qc>,
    /// Why the view was entered, unless `justify` is of the view before.
    pub tc: Option<Arc<Tc>>,
    id: BlockId,
}

impl Proposal {
    /// A proposal and its name.
    #[must_use]
    pub fn new(block: Block, justify: Arc<Qc>, tc: Option<Arc<Tc>>) -> Self {
        let id = BlockId(mix(mix(block.id().0, justify.at.id.0), justify.at.view));
        Self {
            block,
            justify,
            tc,
            id,
        }
    }

    /// Bytes without bodies: height, view, proposer, time and count of
    /// batches; the handles; the proposer's signature; the certificates.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        let handles = self.block.batches.len() as u32 * Batch::HANDLE_BYTES;
        3 * NUMBER_BYTES
            + 2 * 4
            + handles
            + SIGNATURE_BYTES
            + self.justify.bytes()
            + tc_bytes(&self.tc)
    }
}

impl Linked for Proposal {
    fn at(&self) -> BlockRef {
        BlockRef {
            view: self.block.view,
            height: self.block.height,
            id: self.id,
        }
    }

    fn parent(&self) -> BlockRef {
        self.justify.at
    }

    fn block(&self) -> &Block {
        &self.block
    }
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} [", self.at())?;
        for (index, batch) in self.block.batches.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}b{}", batch.id.0)?;
        }
        write!(f, "] on {:?}", self.justify)?;
        match &self.tc {
            Some(tc) => write!(f, " after {tc:?}"),
            None => Ok(()),
        }
    }
}

/// One replica gives up on a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// The term given up.
    pub term: u64,
    /// The sender's highest certificate.
    pub high: Arc<Qc>,
    /// How the sender came into the term, unless `high` says so.
    pub tc: Option<Arc<Tc>>,
    /// The sender's vote in this term, so that a certificate is not lost with
    /// the leader that was to collect it.
    pub vote: Option<BlockRef>,
}

/// Blocks for a replica that lacks them.
pub type Blocks = chain::Blocks<Proposal>;

/// A replica entered a view by a timeout certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewView {
    /// Leads to the view.
    pub tc: Arc<Tc>,
    /// The sender's highest certificate.
    pub high: Arc<Qc>,
}

/// A message of a chained protocol.
#[derive(Clone)]
pub enum Message {
    /// The leader proposes a block.
    Proposal(Arc<Proposal>),
    /// A vote, to the leader of the next view.
    Vote(BlockRef),
    /// A replica gives up on the leader.
    Timeout(Arc<Timeout>),
    /// To the leader of a view that began with a timeout certificate.
    NewView(Arc<NewView>),
    /// Asks for a block and its ancestors above a height.
    BlockRequest {
        /// The highest block wanted.
        at: BlockRef,
        /// Heights up to this one are not wanted.
        above: Height,
    },
    /// Answers a request.
    BlockResponse(Arc<Blocks>),
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proposal(proposal) => write!(f, "proposal {proposal:?}"),
            Self::Vote(at) => write!(f, "vote {at:?}"),
            Self::Timeout(timeout) => {
                write!(f, "timeout t{} {:?}", timeout.term, timeout.high)?;
                if let Some(tc) = &timeout.tc {
                    write!(f, " after {tc:?}")?;
                }
                match timeout.vote {
                    Some(vote) => write!(f, " vote {vote:?}"),
                    None => Ok(()),
                }
            }
            Self::NewView(said) => write!(f, "new-view {:?} {:?}", said.tc, said.high),
            Self::BlockRequest { at, above } => write!(f, "want {at:?} above h{}", above.0),
            Self::BlockResponse(answer) => {
                write!(
                    f,
                    "blocks {:?} executed h{}",
                    answer.blocks, answer.executed.0
                )
            }
        }
    }
}

impl WireMessage for Message {
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Proposal(proposal) => proposal.bytes(),
                Self::Vote(_) => REF_BYTES + SIGNATURE_BYTES,
                Self::Timeout(timeout) => {
                    NUMBER_BYTES
                        + SIGNATURE_BYTES
                        + timeout.high.bytes()
                        + tc_bytes(&timeout.tc)
                        + timeout.vote.map_or(0, |_| REF_BYTES + SIGNATURE_BYTES)
                }
                // Both certificates prove themselves.
                Self::NewView(said) => said.tc.bytes() + said.high.bytes(),
                Self::BlockRequest { .. } => REF_BYTES + NUMBER_BYTES,
                Self::BlockResponse(answer) => {
                    let blocks = answer.blocks.iter().map(|block| block.bytes());
                    NUMBER_BYTES + blocks.sum::<u32>()
                }
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match self {
            Self::Proposal(proposal) => {
                for batch in &proposal.block.batches {
                    visit(batch, Body::Carried);
                }
            }
            Self::BlockResponse(answer) => {
                for batch in answer.blocks.iter().flat_map(|block| &block.block.batches) {
                    visit(batch, Body::Referenced);
                }
            }
            Self::Vote(_) | Self::Timeout(_) | Self::NewView(_) | Self::BlockRequest { .. } => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Proposal(_) => "proposal",
            Self::Vote(_) => "vote",
            Self::Timeout(_) => "timeout",
            Self::NewView(_) => "new-view",
            Self::BlockRequest { .. } => "block-request",
            Self::BlockResponse(_) => "block-response",
        }
    }
}

/// A record of the write-ahead log.
#[derive(Clone)]
pub enum Record {
    /// A vote for a block. Durable before the vote is sent.
    Vote {
        /// The block, with the certificate of its parent.
        proposal: Arc<Proposal>,
        /// The view locked on with that vote.
        locked: u64,
    },
    /// A term given up. Durable before the timeout is sent.
    Timeout {
        /// The term.
        term: u64,
        /// The highest certificate at that time.
        high: Arc<Qc>,
        /// How the term was entered, unless `high` says so.
        tc: Option<Arc<Tc>>,
    },
    /// After a compaction: promises and the highest certificates.
    State {
        /// No vote is given in views up to this one.
        closed: u64,
        /// The view locked on.
        locked: u64,
        /// The last vote.
        vote: Option<BlockRef>,
        /// The highest certificate.
        high: Arc<Qc>,
        /// The last timeout certificate.
        tc: Option<Arc<Tc>>,
    },
    /// After a compaction: a block that may not be durably executed yet.
    Block(Arc<Proposal>),
    /// After a compaction: batches of recently committed blocks, so that a
    /// leader that comes back does not propose them again.
    Recent(Arc<[(Height, BatchId)]>),
}

impl Record {
    /// Bytes on the disk: a kind, a length and a checksum (`RECORD_BYTES`), then
    /// the fields as on the wire.
    pub(super) fn bytes(&self) -> u32 {
        RECORD_BYTES
            + match self {
                Self::Vote { proposal, .. } => NUMBER_BYTES + proposal.bytes(),
                Self::Timeout { high, tc, .. } => NUMBER_BYTES + high.bytes() + tc_bytes(tc),
                Self::State { high, tc, .. } => {
                    2 * NUMBER_BYTES + REF_BYTES + high.bytes() + tc_bytes(tc)
                }
                Self::Block(proposal) => proposal.bytes(),
                Self::Recent(batches) => (NUMBER_BYTES + 32) * batches.len() as u32,
            }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vote { proposal, locked } => write!(f, "vote {proposal:?} locked v{locked}"),
            Self::Timeout { term, high, .. } => write!(f, "timeout t{term} {high:?}"),
            Self::State {
                closed,
                locked,
                vote,
                high,
                ..
            } => write!(
                f,
                "closed v{closed} locked v{locked} vote {vote:?} {high:?}"
            ),
            Self::Block(proposal) => write!(f, "block {proposal:?}"),
            Self::Recent(batches) => write!(f, "{} recent batches", batches.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::ReplicaId;
    use crate::testing::batch;

    #[test]
    fn a_message_is_small_enough_to_move() {
        assert!(size_of::<Message>() <= 64, "{}", size_of::<Message>());
    }

    #[test]
    fn sizes_are_the_documented_sums() {
        let mut signers = ReplicaSet::new();
        for id in 0..3 {
            signers.insert(ReplicaId(id));
        }
        let at = BlockRef::default();
        let qc = |form| Qc::new(at, signers.clone(), 4, form);
        let (list, aggregate) = (qc(Certificates::Signatures), qc(Certificates::Aggregate));
        assert_eq!(list.bytes(), 48 + 1 + 3 * 64);
        assert_eq!(aggregate.bytes(), 48 + 1 + 96);
        let tc = Tc::new(7, Some(5), signers.clone(), 4, Certificates::Signatures);
        assert_eq!(tc.bytes(), 8 + 3 * 8 + 1 + 3 * 64);
        let bare = Tc::new(7, None, signers.clone(), 4, Certificates::Aggregate);
        assert_eq!(bare.bytes(), 8 + 1 + 96);
        assert_eq!(Message::Vote(at).size(), 8 + 48 + 64);
        let block = Block {
            batches: [batch(1), batch(2)].into_iter().collect(),
            ..Block::default()
        };
        let proposal = Proposal::new(block, Arc::new(list), Some(Arc::new(tc)));
        assert_eq!(proposal.bytes(), 32 + 2 * 40 + 64 + 241 + 225);
        let message = Message::Proposal(Arc::new(proposal));
        assert_eq!(message.size(), 8 + 642);
        let mut bodies = 0;
        message.bodies(&mut |_, body| {
            assert_eq!(body, Body::Carried);
            bodies += 1;
        });
        assert_eq!(bodies, 2);
    }
}
