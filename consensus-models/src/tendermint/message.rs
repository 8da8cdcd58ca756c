//! What Tendermint's replicas say, with the size of each, and what they write
//! with it.

use std::fmt;
use std::sync::Arc;

use super::Step;
use crate::block::{Batch, Block, BlockId, Height, mix};
use crate::committee::ReplicaSet;
use crate::heights::{Say, VOTE_BYTES, block_bytes};
use crate::protocol::Body;
use crate::wire::{INDEX_BYTES, SIGNATURE_BYTES};

/// The two votes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// The first.
    Prevote,
    /// The second.
    Precommit,
}

/// That a quorum prevoted a value in a round: it travels with a proposal of the
/// value in a later round.
///
/// The paper's gossip brings all prevotes to everyone in the end. A mesh does
/// not: what a replica said to some before it stopped for ever, or said
/// differently to others, nobody else passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The round.
    pub round: u32,
    /// Who prevoted.
    pub signers: ReplicaSet,
}

impl Proof {
    /// Bytes: the round and the prevotes.
    pub(super) fn bytes(&self) -> u32 {
        INDEX_BYTES + VOTE_BYTES * self.signers.len()
    }
}

/// A message of Tendermint.
#[derive(Clone)]
pub enum Word {
    /// The round's proposer proposes a value.
    Proposal {
        /// The round.
        round: u32,
        /// The value.
        block: Arc<Block>,
        /// Proof that a quorum prevoted it before, in the valid round.
        valid: Option<Proof>,
    },
    /// A vote for a value, or for none.
    Vote {
        /// Which of the two.
        vote: Vote,
        /// The height.
        height: Height,
        /// The round.
        round: u32,
        /// The value; none is the paper's nil.
        id: Option<BlockId>,
    },
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proposal {
                round,
                block,
                valid,
            } => {
                write!(
                    f,
                    "proposal h{} r{round} #{:04x}",
                    block.height.0,
                    block.id().0 & 0xffff
                )?;
                for batch in &block.batches {
                    write!(f, " b{}", batch.id.0)?;
                }
                match valid {
                    Some(valid) => write!(f, " valid r{}", valid.round),
                    None => Ok(()),
                }
            }
            Self::Vote {
                vote,
                height,
                round,
                id,
            } => {
                let vote = match vote {
                    Vote::Prevote => "prevote",
                    Vote::Precommit => "precommit",
                };
                write!(f, "{vote} h{} r{round}", height.0)?;
                match id {
                    Some(id) => write!(f, " #{:04x}", id.0 & 0xffff),
                    None => write!(f, " nil"),
                }
            }
        }
    }
}

impl Say for Word {
    fn height(&self) -> Height {
        match self {
            Self::Proposal { block, .. } => block.height,
            Self::Vote { height, .. } => *height,
        }
    }

    fn round(&self) -> u32 {
        match self {
            Self::Proposal { round, .. } | Self::Vote { round, .. } => *round,
        }
    }

    /// A proposal is the block, its round, the valid round, a signature, and
    /// the prevotes of the valid round.
    fn size(&self) -> u32 {
        match self {
            Self::Proposal { block, valid, .. } => {
                let valid = valid.as_ref().map_or(INDEX_BYTES, Proof::bytes);
                block_bytes(block.batches.len()) + INDEX_BYTES + SIGNATURE_BYTES + valid
            }
            Self::Vote { .. } => VOTE_BYTES,
        }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        if let Self::Proposal { block, valid, .. } = self {
            // Those who prevoted it before hold it.
            let how = match valid {
                None => Body::Carried,
                Some(_) => Body::Referenced,
            };
            for batch in &block.batches {
                visit(batch, how);
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Proposal { .. } => "proposal",
            Self::Vote {
                vote: Vote::Prevote,
                ..
            } => "prevote",
            Self::Vote {
                vote: Vote::Precommit,
                ..
            } => "precommit",
        }
    }

    fn digest(&self) -> u64 {
        let (kind, id) = match self {
            Self::Proposal { block, .. } => (0, block.id().0),
            Self::Vote { vote, id, .. } => (1 + *vote as u64, id.map_or(0, |id| id.0)),
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
    /// How far it was.
    pub step: Step,
    /// Round and value locked on.
    pub locked: Option<(u32, Arc<Block>)>,
    /// The latest value with a quorum of prevotes, and the proof: should all
    /// who are left stop at once, nobody could show it otherwise.
    pub valid: Option<(Proof, Arc<Block>)>,
}

impl Saved {
    /// Bytes on the disk: round, step, both values and the proof.
    pub(super) fn bytes(&self) -> u32 {
        let value = |block: &Block| block_bytes(block.batches.len());
        let locked = self.locked.as_ref();
        let valid = self.valid.as_ref();
        2 * INDEX_BYTES
            + locked.map_or(0, |(_, block)| INDEX_BYTES + value(block))
            + valid.map_or(0, |(proof, block)| proof.bytes() + value(block))
    }
}
