//! What primary and backups say to each other, and what it weighs.

use groma_consensus_models::{Batch, BatchId, Block, Body, Height, Message};

/// Kind, sender and length of every message.
const HEADER: u32 = 16;
/// Height, proposer, clock and number of handles of a block.
const BLOCK: u32 = 24;

/// A message of the protocol.
#[derive(Clone, Debug)]
pub enum Say {
    /// Primary: hold this block. All up to `committed` is committed.
    Append {
        /// The block.
        block: Block,
        /// The primary's committed height.
        committed: Height,
    },
    /// Backup: the block at this height is on my disk.
    Ack(Height),
    /// Primary: all up to here is committed.
    Notice(Height),
    /// Primary: this batch, which was forwarded again, is committed already.
    Known(BatchId),
}

impl Message for Say {
    fn size(&self) -> u32 {
        HEADER
            + match self {
                Self::Append { block, .. } => block_bytes(block) + 8,
                Self::Ack(_) | Self::Notice(_) => 8,
                Self::Known(_) => 32,
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        if let Self::Append { block, .. } = self {
            for batch in &block.batches {
                visit(batch, Body::Carried);
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Append { .. } => "append",
            Self::Ack(_) => "ack",
            Self::Notice(_) => "notice",
            Self::Known(_) => "known",
        }
    }
}

/// Bytes of a block without bodies, on the wire as on the disk.
pub fn block_bytes(block: &Block) -> u32 {
    BLOCK + Batch::HANDLE_BYTES * block.batches.len() as u32
}
