//! What QBFT's replicas say, with the size of each, and what they write with it.

use std::fmt;
use std::sync::Arc;

use crate::block::{Batch, Block, BlockId, Height, mix};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::heights::{Say, VOTE_BYTES, block_bytes};
use crate::protocol::Body;
use crate::wire::{INDEX_BYTES, NUMBER_BYTES, SIGNATURE_BYTES};

/// A block for which a quorum prepared: the paper's prepared certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The round.
    pub round: u32,
    /// The block.
    pub block: Arc<Block>,
    /// Who prepared.
    pub signers: ReplicaSet,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "#{:04x} prepared r{}",
            self.block.id().0 & 0xffff,
            self.round
        )
    }
}

impl Prepared {
    /// Bytes: the block and the prepares.
    fn bytes(&self) -> u32 {
        INDEX_BYTES + block_bytes(self.block.batches.len()) + VOTE_BYTES * self.signers.len()
    }
}

/// A replica asks for a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundChange {
    /// The height.
    pub height: Height,
    /// The round asked for.
    pub round: u32,
    /// The highest prepared certificate of its sender.
    pub prepared: Option<Prepared>,
}

/// Why a proposal of a round above zero may be accepted: a quorum of round
/// changes for it. The prepares of the highest certificate among them travel
/// once.
pub type Justification = Arc<[(ReplicaId, Arc<RoundChange>)]>;

/// A message of QBFT.
#[derive(Clone)]
pub enum Word {
    /// The round's proposer proposes a block.
    Proposal {
        /// The round.
        round: u32,
        /// The block.
        block: Arc<Block>,
        /// Round changes for the round; empty in round zero.
        justification: Justification,
    },
    /// The sender accepted the proposal.
    Prepare {
        /// The height.
        height: Height,
        /// The round.
        round: u32,
        /// The block.
        id: BlockId,
    },
    /// The sender saw a quorum of prepares.
    Commit {
        /// The height.
        height: Height,
        /// The round.
        round: u32,
        /// The block.
        id: BlockId,
    },
    /// The sender asks for a round.
    RoundChange(Arc<RoundChange>),
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |id: &BlockId| id.0 & 0xffff;
        match self {
            Self::Proposal {
                round,
                block,
                justification,
            } => {
                write!(
                    f,
                    "proposal h{} r{round} #{:04x}",
                    block.height.0,
                    short(&block.id())
                )?;
                for batch in &block.batches {
                    write!(f, " b{}", batch.id.0)?;
                }
                if justification.is_empty() {
                    return Ok(());
                }
                write!(f, " by {} round changes", justification.len())
            }
            Self::Prepare { height, round, id } => {
                write!(f, "prepare h{} r{round} #{:04x}", height.0, short(id))
            }
            Self::Commit { height, round, id } => {
                write!(f, "commit h{} r{round} #{:04x}", height.0, short(id))
            }
            Self::RoundChange(change) => {
                write!(f, "round-change h{} r{}", change.height.0, change.round)?;
                match &change.prepared {
                    Some(prepared) => write!(f, " {prepared:?}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Say for Word {
    fn height(&self) -> Height {
        match self {
            Self::Proposal { block, .. } => block.height,
            Self::Prepare { height, .. } | Self::Commit { height, .. } => *height,
            Self::RoundChange(change) => change.height,
        }
    }

    fn round(&self) -> u32 {
        match self {
            Self::Proposal { round, .. }
            | Self::Prepare { round, .. }
            | Self::Commit { round, .. } => *round,
            Self::RoundChange(change) => change.round,
        }
    }

    /// A proposal is the block, its round, a signature, the signed round
    /// changes (height, round, prepared round and digest) and the prepares of
    /// the highest certificate. A round change carries its certificate whole.
    fn size(&self) -> u32 {
        match self {
            Self::Proposal {
                block,
                justification,
                ..
            } => {
                let prepared = justification
                    .iter()
                    .filter_map(|(_, c)| c.prepared.as_ref());
                let prepares = prepared.map(|p| VOTE_BYTES * p.signers.len()).max();
                block_bytes(block.batches.len())
                    + INDEX_BYTES
                    + SIGNATURE_BYTES
                    + (VOTE_BYTES + INDEX_BYTES) * justification.len() as u32
                    + prepares.unwrap_or(0)
            }
            Self::Prepare { .. } | Self::Commit { .. } => VOTE_BYTES,
            Self::RoundChange(change) => {
                let prepared = change.prepared.as_ref().map_or(0, Prepared::bytes);
                NUMBER_BYTES + 2 * INDEX_BYTES + SIGNATURE_BYTES + prepared
            }
        }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match self {
            Self::Proposal {
                block,
                justification,
                ..
            } => {
                // A block that was prepared before is held by those who did.
                let again = justification.iter().any(|(_, c)| c.prepared.is_some());
                let how = if again {
                    Body::Referenced
                } else {
                    Body::Carried
                };
                for batch in &block.batches {
                    visit(batch, how);
                }
            }
            Self::RoundChange(change) => {
                let prepared = change.prepared.as_ref();
                for batch in prepared.iter().flat_map(|prepared| &prepared.block.batches) {
                    visit(batch, Body::Referenced);
                }
            }
            Self::Prepare { .. } | Self::Commit { .. } => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Proposal { .. } => "proposal",
            Self::Prepare { .. } => "prepare",
            Self::Commit { .. } => "commit",
            Self::RoundChange(_) => "round-change",
        }
    }

    fn digest(&self) -> u64 {
        let (kind, id) = match self {
            Self::Proposal { block, .. } => (0, block.id().0),
            Self::Prepare { id, .. } => (1, id.0),
            Self::Commit { id, .. } => (2, id.0),
            Self::RoundChange(_) => (3, 0),
        };
        let hash = mix(self.height().0, u64::from(self.round()));
        mix(mix(hash, kind), id)
    }
}

/// What a replica promised in a height.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The round that it was in.
    pub round: u32,
    /// Its prepared certificate.
    pub prepared: Option<Prepared>,
    /// Whether it sent its prepare, its commit, in that round.
    pub sent: (bool, bool),
}

impl Saved {
    /// Bytes on the disk: round, flags, certificate.
    pub(super) fn bytes(&self) -> u32 {
        2 * INDEX_BYTES + self.prepared.as_ref().map_or(0, Prepared::bytes)
    }
}
