//! What PBFT replicas say to each other, and how many bytes each message is.
//!
//! Small messages are plain values; everything that grows (blocks, proofs)
//! sits behind an `Arc`, so a message is cheap to clone and to queue.
//!
//! A certificate names its signers instead of holding signatures. Its size and
//! the work to check it count every signature; that nobody forges one is an
//! assumption of the simulation, as it is of the paper.

use std::sync::Arc;

use crate::block::{Batch, BatchId, Block, BlockId, Digest, Height};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::protocol::{self, Body};

/// Kind, length, sender and protocol version of every message.
const HEADER: u32 = 16;
/// A view, a height or a time.
const WORD: u32 = 8;
/// A replica's index, a counter or a flag.
const SHORT: u32 = 4;
/// A collision-resistant digest.
const DIGEST: u32 = 32;
/// An ed25519-sized signature.
pub(super) const SIGNATURE: u32 = 64;
/// One entry of an authenticator (the paper's UMAC tag with its nonce).
pub(super) const MAC: u32 = 8;

/// A message with the size of what authenticates it.
#[derive(Clone)]
pub struct Message {
    /// What it says.
    pub content: Content,
    /// Bytes of the signature, or of the authenticator's entries.
    pub auth: u32,
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Content {
    /// The primary assigns the block's height in `view`.
    PrePrepare(PrePrepare),
    /// A backup accepted the pre-prepare.
    Prepare(Vote),
    /// A replica holds a prepared certificate.
    Commit(Vote),
    /// A replica's durable state at a checkpoint.
    Checkpoint(Checkpoint),
    /// A replica left the views below.
    ViewChange(Arc<ViewChange>),
    /// The primary of a view opens it.
    NewView(Arc<NewView>),
    /// Where a replica stands that makes no progress; asks for what it lacks.
    Status(Arc<Status>),
    /// Proof of a stable checkpoint, for a replica that lacks it.
    Stable(Arc<StableProof>),
    /// A committed block with its certificate, for a replica that lacks it.
    Committed(Arc<Certificate>),
    /// Asks which of these batches have committed.
    Recall(Arc<[BatchId]>),
    /// These of the recalled batches have committed.
    Recalled(Arc<[BatchId]>),
}

/// The primary's proposal. In a later view the block stays what it was: only
/// the pre-prepare's view is new, so a block keeps its identity for life.
#[derive(Clone, Debug)]
pub struct PrePrepare {
    /// View in which the block is proposed, or proposed again.
    pub view: u64,
    /// The block's name.
    pub digest: BlockId,
    /// The block; its height is the paper's sequence number.
    pub block: Arc<Block>,
}

/// A prepare or commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// View of the pre-prepare.
    pub view: u64,
    /// The paper's sequence number.
    pub height: Height,
    /// The block's name.
    pub digest: BlockId,
}

/// A replica's claim about its state after a height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Last executed height.
    pub height: Height,
    /// The state's digest.
    pub digest: Digest,
}

/// A quorum's equal checkpoints: the state is stable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StableProof {
    /// What they claim.
    pub checkpoint: Checkpoint,
    /// Who claimed it; empty for genesis, which needs no proof.
    pub signers: ReplicaSet,
}

/// A quorum's equal votes on a block in one view: a prepared certificate
/// (pre-prepare and prepares) or a committed one (commits).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// View of the votes.
    pub view: u64,
    /// The block's name.
    pub digest: BlockId,
    /// The block.
    pub block: Arc<Block>,
    /// Who voted.
    pub signers: ReplicaSet,
}

/// The paper's VIEW-CHANGE message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewChange {
    /// The view that its sender wants to enter.
    pub view: u64,
    /// The sender.
    pub replica: ReplicaId,
    /// Its stable checkpoint (the paper's n and C).
    pub stable: StableProof,
    /// One prepared certificate per height above it, of the highest view in
    /// which the height prepared, in height order (the paper's P).
    pub prepared: Vec<Certificate>,
}

/// The paper's NEW-VIEW message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewView {
    /// The view that it opens.
    pub view: u64,
    /// The quorum of view changes that justify it (V), by replica.
    pub changes: Vec<Arc<ViewChange>>,
    /// The blocks proposed again (O), contiguous above the highest stable
    /// checkpoint in `changes`; gaps hold empty blocks, the null requests.
    pub blocks: Vec<Arc<Block>>,
}

/// Where a replica stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its view.
    pub view: u64,
    /// Whether it takes part in that view, or still waits for it to open.
    pub active: bool,
    /// Its stable checkpoint.
    pub stable: Height,
    /// Last height that it committed in order.
    pub committed: Height,
    /// Bit `i`: it holds the proposal of height `committed + 1 + i`.
    pub accepted: u64,
    /// Bit `i`: height `committed + 1 + i` is prepared there.
    pub prepared: u64,
    /// Counts its attempts, so that other helpers answer each time.
    pub attempt: u32,
    /// Whether it wants a status in return in any case; else a replica that
    /// has committed more sends one.
    pub probe: bool,
}

impl StableProof {
    fn size(&self) -> u32 {
        WORD + DIGEST + self.signers.len() * (SHORT + SIGNATURE)
    }
}

impl Certificate {
    fn size(&self) -> u32 {
        WORD + DIGEST + block_size(&self.block) + self.signers.len() * (SHORT + SIGNATURE)
    }

    /// Bytes of a log record that holds the certificate.
    pub(super) fn record_size(&self) -> u32 {
        HEADER + self.size()
    }

    /// Position of the block.
    #[must_use]
    pub fn height(&self) -> Height {
        self.block.height
    }
}

impl StableProof {
    /// Bytes of a log record that holds the proof.
    pub(super) fn record_size(&self) -> u32 {
        HEADER + self.size()
    }
}

impl ViewChange {
    fn size(&self) -> u32 {
        let prepared: u32 = self.prepared.iter().map(Certificate::size).sum();
        WORD + SHORT + self.stable.size() + SHORT + prepared
    }
}

impl NewView {
    fn size(&self) -> u32 {
        let changes: u32 = self
            .changes
            .iter()
            .map(|change| HEADER + change.size() + SIGNATURE)
            .sum();
        // A pre-prepare in O holds view, height and digest: the block itself
        // stands in one of the changes, or is empty.
        let blocks = self.blocks.len() as u32 * (2 * WORD + DIGEST);
        WORD + SHORT + changes + SHORT + blocks
    }
}

/// Bytes of a block on the wire: height, view, proposer, time, the number of
/// batches and their handles.
pub(super) fn block_size(block: &Block) -> u32 {
    3 * WORD + 2 * SHORT + block.batches.len() as u32 * Batch::HANDLE_BYTES
}

fn visit_block(block: &Block, relation: Body, visit: &mut dyn FnMut(&Batch, Body)) {
    for batch in &block.batches {
        visit(batch, relation);
    }
}

/// Bytes of content, without authentication.
pub(super) fn content_size(content: &Content) -> u32 {
    HEADER
        + match content {
            Content::PrePrepare(proposal) => WORD + DIGEST + block_size(&proposal.block),
            Content::Prepare(_) | Content::Commit(_) => 2 * WORD + DIGEST,
            Content::Checkpoint(_) => WORD + DIGEST,
            Content::ViewChange(change) => change.size(),
            Content::NewView(opening) => opening.size(),
            Content::Status(_) => 5 * WORD + 2 * SHORT,
            Content::Stable(proof) => proof.size(),
            Content::Committed(certificate) => certificate.size(),
            Content::Recall(ids) | Content::Recalled(ids) => SHORT + ids.len() as u32 * DIGEST,
        }
}

impl protocol::Message for Message {
    /// A header of 16 B and the authentication (a signature of 64 B, or 8 B
    /// per receiver), plus: pre-prepare 72 B and 40 B per batch; prepare and
    /// commit 48 B; checkpoint 40 B; status 48 B; a certificate 72 B, 40 B per
    /// batch and 68 B per signer; a stable proof 40 B and 68 B per signer; a
    /// view change 16 B with its proofs; a new view 16 B with its view changes
    /// (each with header and signature) and 48 B per block; 4 B and 32 B per
    /// batch that is recalled.
    fn size(&self) -> u32 {
        content_size(&self.content) + self.auth
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match &self.content {
            Content::PrePrepare(proposal) => visit_block(&proposal.block, Body::Carried, visit),
            Content::Committed(certificate) => {
                visit_block(&certificate.block, Body::Referenced, visit);
            }
            Content::ViewChange(change) => {
                for certificate in &change.prepared {
                    visit_block(&certificate.block, Body::Referenced, visit);
                }
            }
            Content::NewView(opening) => {
                for block in &opening.blocks {
                    visit_block(block, Body::Referenced, visit);
                }
            }
            Content::Prepare(_)
            | Content::Commit(_)
            | Content::Checkpoint(_)
            | Content::Status(_)
            | Content::Stable(_)
            | Content::Recall(_)
            | Content::Recalled(_) => {}
        }
    }

    fn kind(&self) -> &'static str {
        match &self.content {
            Content::PrePrepare(_) => "pre-prepare",
            Content::Prepare(_) => "prepare",
            Content::Commit(_) => "commit",
            Content::Checkpoint(_) => "checkpoint",
            Content::ViewChange(_) => "view-change",
            Content::NewView(_) => "new-view",
            Content::Status(_) => "status",
            Content::Stable(_) => "stable",
            Content::Committed(_) => "committed",
            Content::Recall(_) => "recall",
            Content::Recalled(_) => "recalled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Message as _;

    #[test]
    fn a_message_is_small_to_queue_and_its_size_is_the_documented_sum() {
        assert!(size_of::<Message>() <= 48, "{}", size_of::<Message>());
        let block = Arc::new(Block {
            batches: [Batch::default(); 3].as_slice().into(),
            ..Block::default()
        });
        let proposal = Message {
            content: Content::PrePrepare(PrePrepare {
                view: 1,
                digest: block.id(),
                block,
            }),
            auth: SIGNATURE,
        };
        assert_eq!(proposal.size(), 16 + 72 + 3 * 40 + 64);
        let vote = Vote {
            view: 0,
            height: Height(1),
            digest: BlockId(1),
        };
        let prepare = Message {
            content: Content::Prepare(vote),
            auth: 3 * MAC,
        };
        assert_eq!(prepare.size(), 16 + 48 + 24);
    }
}
