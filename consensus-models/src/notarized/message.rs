//! What replicas say to each other, with the size of every message, and what
//! they write to their logs.

use std::fmt;
use std::sync::Arc;

use crate::block::{Batch, BatchId, Block, BlockId, Height, mix};
use crate::chain::{self, BlockRef, Linked, REF_BYTES};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::protocol::{Body, Message as WireMessage};
use crate::wire::{
    Certificates, ENVELOPE_BYTES, INDEX_BYTES, NUMBER_BYTES, RECORD_BYTES, SIGNATURE_BYTES,
};

/// What a vote says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// For this block.
    Block(BlockRef),
    /// For the dummy block of this view: nothing shall be ordered in it.
    Dummy(u64),
    /// That its sender voted for no dummy block of this view, and never will.
    Final(u64),
}

impl Choice {
    /// The view that it is about.
    #[must_use]
    pub fn view(&self) -> u64 {
        match self {
            Self::Block(at) => at.view,
            Self::Dummy(view) | Self::Final(view) => *view,
        }
    }

    fn bytes(&self) -> u32 {
        match self {
            Self::Block(_) => REF_BYTES,
            Self::Dummy(_) | Self::Final(_) => NUMBER_BYTES,
        }
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(at) => write!(f, "{at:?}"),
            Self::Dummy(view) => write!(f, "dummy v{view}"),
            Self::Final(view) => write!(f, "final v{view}"),
        }
    }
}

/// A notarization: a quorum voted for the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Cert {
    /// What for.
    pub choice: Choice,
    /// Who voted.
    pub signers: ReplicaSet,
    bytes: u32,
}

impl Cert {
    /// That of the genesis block, which needs no votes.
    pub(super) fn genesis() -> Self {
        Self {
            choice: Choice::Block(BlockRef::default()),
            signers: ReplicaSet::new(),
            bytes: REF_BYTES,
        }
    }

    pub(super) fn new(choice: Choice, signers: ReplicaSet, n: u32, form: Certificates) -> Self {
        let bytes = choice.bytes() + form.bytes(n, &signers);
        Self {
            choice,
            signers,
            bytes,
        }
    }

    /// The notarized block; that of a dummy is nothing that can be built on.
    #[must_use]
    pub fn block(&self) -> Option<BlockRef> {
        match self.choice {
            Choice::Block(at) => Some(at),
            Choice::Dummy(_) | Choice::Final(_) => None,
        }
    }

    /// Bytes on the wire: what it is about and the proof of the quorum.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        self.bytes
    }
}

impl fmt::Debug for Cert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cert({:?})", self.choice)
    }
}

/// Proof of a notarized chain: its last block that orders something, and the
/// dummy blocks of all views after it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    /// Notarization of that block.
    pub tip: Arc<Cert>,
    /// Notarizations of the dummy blocks of contiguous views above it.
    pub dummies: Vec<Arc<Cert>>,
}

impl Proof {
    /// The notarized block at its tip.
    #[must_use]
    pub fn at(&self) -> BlockRef {
        self.tip.block().unwrap_or_default()
    }

    /// The view that the chain leads to; `None` when its views have a gap.
    #[must_use]
    pub fn leads_to(&self) -> Option<u64> {
        let mut next = self.tip.block()?.view + 1;
        for dummy in &self.dummies {
            if dummy.choice != Choice::Dummy(next) {
                return None;
            }
            next += 1;
        }
        Some(next)
    }

    /// All its notarizations.
    pub fn certs(&self) -> impl Iterator<Item = &Arc<Cert>> {
        std::iter::once(&self.tip).chain(&self.dummies)
    }

    /// Bytes on the wire: its notarizations and their count.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        INDEX_BYTES + self.certs().map(|cert| cert.bytes()).sum::<u32>()
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.tip)?;
        match (self.dummies.first(), self.dummies.last()) {
            (Some(first), Some(last)) if first != last => write!(
                f,
                "+dummies v{}-v{}",
                first.choice.view(),
                last.choice.view()
            ),
            (Some(only), _) => write!(f, "+{:?}", only.choice),
            _ => Ok(()),
        }
    }
}

/// A block with the proof of the notarized chain that it extends.
#[derive(Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What is ordered. `height` is the parent's plus one.
    pub block: Block,
    /// Proves the chain.
    pub parent: Proof,
    id: BlockId,
}

impl Proposal {
    /// A proposal and its name.
    #[must_use]
    pub fn new(block: Block, parent: Proof) -> Self {
        let at = parent.at();
        let id = BlockId(mix(mix(block.id().0, at.id.0), at.view));
        Self { block, parent, id }
    }

    /// Bytes without bodies: height, view, proposer, time and count of
    /// batches; the handles; the proposer's signature; the parent's proof.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        let handles = self.block.batches.len() as u32 * Batch::HANDLE_BYTES;
        3 * NUMBER_BYTES + 2 * INDEX_BYTES + handles + SIGNATURE_BYTES + self.parent.bytes()
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
        self.parent.at()
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
        write!(f, "] on {:?}", self.parent)
    }
}

/// Blocks for a replica that lacks them.
pub type Blocks = chain::Blocks<Proposal>;

/// A message of a protocol of notarized blocks.
#[derive(Clone)]
pub enum Message {
    /// The leader proposes a block.
    Proposal(Arc<Proposal>),
    /// A vote, to everyone.
    Vote(Choice),
    /// A notarization, to everyone.
    Notarized(Arc<Cert>),
    /// A whole notarized chain, for who may lack a part of it.
    Chain(Arc<Proof>),
    /// What another replica signed, passed on.
    Echo(ReplicaId, Arc<Message>),
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
            Self::Vote(choice) => write!(f, "vote {choice:?}"),
            Self::Notarized(cert) => write!(f, "notarized {:?}", cert.choice),
            Self::Chain(proof) => write!(f, "chain {proof:?}"),
            Self::Echo(from, message) => write!(f, "echo of r{}: {message:?}", from.0),
            Self::BlockRequest { at, above } => write!(f, "want {at:?} above h{}", above.0),
            Self::BlockResponse(answer) => write!(
                f,
                "blocks {:?} executed h{}",
                answer.blocks, answer.executed.0
            ),
        }
    }
}

impl WireMessage for Message {
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Proposal(proposal) => proposal.bytes(),
                Self::Vote(choice) => choice.bytes() + SIGNATURE_BYTES,
                Self::Notarized(cert) => cert.bytes(),
                Self::Chain(proof) => proof.bytes(),
                Self::Echo(_, message) => INDEX_BYTES + message.size(),
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
            // Whoever lacks the body of an echoed proposal fetches it.
            Self::Echo(_, message) => message.bodies(&mut |batch, _| {
                visit(batch, Body::Referenced);
            }),
            Self::Vote(_) | Self::Notarized(_) | Self::Chain(_) | Self::BlockRequest { .. } => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Proposal(_) => "proposal",
            Self::Vote(Choice::Block(_)) => "vote",
            Self::Vote(Choice::Dummy(_)) => "dummy-vote",
            Self::Vote(Choice::Final(_)) => "finalize",
            Self::Notarized(_) => "notarized",
            Self::Chain(_) => "chain",
            Self::Echo(..) => "echo",
            Self::BlockRequest { .. } => "block-request",
            Self::BlockResponse(_) => "block-response",
        }
    }
}

/// A record of the write-ahead log.
#[derive(Clone)]
pub enum Record {
    /// A vote for a block, which is here with the proof of its parent. Durable
    /// before the vote is sent.
    Vote(Arc<Proposal>),
    /// A vote for the dummy block of the view that this chain leads to.
    /// Durable before the vote is sent.
    Dummy(Arc<Proof>),
    /// The view of this notarized block was left without a vote for its dummy
    /// block. Durable before that is said.
    Final(Arc<Cert>),
    /// After a compaction: the last votes and the notarized chain.
    State {
        /// The last vote for a block.
        vote: Option<BlockRef>,
        /// The last view whose dummy block was voted for.
        given_up: u64,
        /// The best notarized chain known.
        chain: Arc<Proof>,
    },
    /// A recent block.
    Block(Arc<Proposal>),
    /// Batches committed lately.
    Recent(Arc<[(Height, BatchId)]>),
}

impl Record {
    /// Bytes on the disk.
    pub(super) fn bytes(&self) -> u32 {
        RECORD_BYTES
            + match self {
                Self::Vote(proposal) | Self::Block(proposal) => proposal.bytes(),
                Self::Dummy(proof) => proof.bytes(),
                Self::Final(cert) => cert.bytes(),
                Self::State { chain, .. } => REF_BYTES + NUMBER_BYTES + chain.bytes(),
                Self::Recent(batches) => batches.len() as u32 * 2 * NUMBER_BYTES,
            }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vote(proposal) => write!(f, "vote {proposal:?}"),
            Self::Dummy(proof) => write!(f, "dummy vote after {proof:?}"),
            Self::Final(cert) => write!(f, "final {:?}", cert.choice),
            Self::State {
                vote,
                given_up,
                chain,
            } => write!(f, "state vote {vote:?} given up v{given_up} {chain:?}"),
            Self::Block(proposal) => write!(f, "block {:?}", proposal.at()),
            Self::Recent(batches) => write!(f, "recent {}", batches.len()),
        }
    }
}
