//! What the shell's replicas say to each other around what their cores say,
//! and what they write.

use std::fmt;
use std::sync::Arc;

use super::core::{Core, Decision, Say};
use crate::block::{Batch, BatchId, Height};
use crate::committee::ReplicaId;
use crate::protocol::{Body, Message as WireMessage};
use crate::wire::{
    DIGEST_BYTES, ENVELOPE_BYTES, INDEX_BYTES, NUMBER_BYTES, RECORD_BYTES, SIGNATURE_BYTES,
};

/// Bytes of a block without bodies: height, round, time, proposer and count of
/// handles; the handles.
pub(crate) fn block_bytes(handles: usize) -> u32 {
    3 * NUMBER_BYTES + 2 * INDEX_BYTES + handles as u32 * Batch::HANDLE_BYTES
}

/// Bytes of a vote that is signed: height, round, digest, voter, signature.
pub(crate) const VOTE_BYTES: u32 =
    NUMBER_BYTES + INDEX_BYTES + DIGEST_BYTES + INDEX_BYTES + SIGNATURE_BYTES;

impl Decision {
    /// Bytes on the wire: the block and the votes that decided it.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        block_bytes(self.block.batches.len()) + VOTE_BYTES * self.signers.len()
    }
}

/// A message.
pub enum Message<C: Core> {
    /// What a core says, and whose it is: gossip passes it on.
    Core(ReplicaId, Arc<C::Say>),
    /// The sender has not decided this height, and asks for decisions from it.
    Want(Height),
    /// Decisions of consecutive heights. Empty when the sender no longer keeps
    /// what was asked for.
    Decisions {
        /// From the height asked for.
        decisions: Arc<[Arc<Decision>]>,
        /// Height that the sender has executed, for a state transfer.
        executed: Height,
    },
}

impl<C: Core> Clone for Message<C> {
    fn clone(&self) -> Self {
        match self {
            Self::Core(origin, say) => Self::Core(*origin, Arc::clone(say)),
            Self::Want(height) => Self::Want(*height),
            Self::Decisions {
                decisions,
                executed,
            } => Self::Decisions {
                decisions: Arc::clone(decisions),
                executed: *executed,
            },
        }
    }
}

impl<C: Core> fmt::Debug for Message<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(origin, say) => write!(f, "{say:?} of r{}", origin.0),
            Self::Want(height) => write!(f, "want h{}", height.0),
            Self::Decisions {
                decisions,
                executed,
            } => {
                write!(f, "decisions")?;
                for decision in decisions.iter() {
                    write!(f, " h{}", decision.block.height.0)?;
                }
                write!(f, " executed h{}", executed.0)
            }
        }
    }
}

impl<C: Core> WireMessage for Message<C> {
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Core(_, say) => say.size(),
                Self::Want(_) => NUMBER_BYTES,
                Self::Decisions { decisions, .. } => {
                    let decisions = decisions.iter().map(|decision| decision.bytes());
                    NUMBER_BYTES + decisions.sum::<u32>()
                }
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match self {
            Self::Core(_, say) => say.bodies(visit),
            Self::Want(_) => {}
            Self::Decisions { decisions, .. } => {
                let batches = decisions.iter().flat_map(|one| &one.block.batches);
                for batch in batches {
                    visit(batch, Body::Referenced);
                }
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Core(_, say) => say.kind(),
            Self::Want(_) => "want",
            Self::Decisions { .. } => "decisions",
        }
    }
}

/// A record of the write-ahead log.
pub enum Record<C: Core> {
    /// Something said. Durable before it is sent.
    Said {
        /// What.
        say: Arc<C::Say>,
        /// The core's promises with it.
        saved: C::Saved,
    },
    /// A decision.
    Decided(Arc<Decision>),
    /// After a compaction: batches of recently decided blocks.
    Recent(Arc<[(Height, BatchId)]>),
}

impl<C: Core> Record<C> {
    /// Bytes on the disk.
    pub(super) fn bytes(&self) -> u32 {
        RECORD_BYTES
            + match self {
                Self::Said { say, saved } => say.size() + C::saved_bytes(saved),
                Self::Decided(decision) => decision.bytes(),
                Self::Recent(batches) => (NUMBER_BYTES + DIGEST_BYTES) * batches.len() as u32,
            }
    }
}

impl<C: Core> Clone for Record<C> {
    fn clone(&self) -> Self {
        match self {
            Self::Said { say, saved } => Self::Said {
                say: Arc::clone(say),
                saved: saved.clone(),
            },
            Self::Decided(decision) => Self::Decided(Arc::clone(decision)),
            Self::Recent(batches) => Self::Recent(Arc::clone(batches)),
        }
    }
}

impl<C: Core> fmt::Debug for Record<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said { say, .. } => write!(f, "said {say:?}"),
            Self::Decided(decision) => write!(f, "decided h{}", decision.block.height.0),
            Self::Recent(batches) => write!(f, "{} recent batches", batches.len()),
        }
    }
}
