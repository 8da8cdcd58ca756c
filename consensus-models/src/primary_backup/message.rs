//! What primary and backups say to each other, and what it weighs.

use std::sync::Arc;

use crate::block::{Batch, BatchId, Block, Height};
use crate::protocol::{Body, Message};
use crate::wire::{DIGEST_BYTES, ENVELOPE_BYTES, INDEX_BYTES, NUMBER_BYTES};

/// A message of primary-backup replication.
#[derive(Clone, Debug)]
pub enum Say {
    /// Primary: hold this block. All up to `committed` is committed.
    Append {
        /// The block.
        block: Arc<Block>,
        /// The primary's committed height.
        committed: Height,
    },
    /// Backup: the block at this height is on my disk.
    Ack(Height),
    /// Primary: all up to here is committed.
    Notice(Height),
    /// Backup: I miss the block at this height, and perhaps later ones.
    Fetch(Height),
    /// Primary: what you miss is no longer in my log; this is the height of my
    /// ledger.
    Gone(Height),
    /// Backup: these batches were forwarded and have not committed since.
    Remind(Vec<Batch>),
    /// Primary: these of them committed long ago.
    Known(Vec<BatchId>),
}

impl Message for Say {
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Append { block, .. } => block_bytes(block) + NUMBER_BYTES,
                Self::Ack(_) | Self::Notice(_) | Self::Fetch(_) | Self::Gone(_) => NUMBER_BYTES,
                Self::Remind(batches) => INDEX_BYTES + Batch::HANDLE_BYTES * batches.len() as u32,
                Self::Known(ids) => INDEX_BYTES + DIGEST_BYTES * ids.len() as u32,
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match self {
            Self::Append { block, .. } => {
                for batch in &block.batches {
                    visit(batch, Body::Carried);
                }
            }
            Self::Remind(batches) => {
                for batch in batches {
                    visit(batch, Body::Referenced);
                }
            }
            _ => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Append { .. } => "append",
            Self::Ack(_) => "ack",
            Self::Notice(_) => "notice",
            Self::Fetch(_) => "fetch",
            Self::Gone(_) => "gone",
            Self::Remind(_) => "remind",
            Self::Known(_) => "known",
        }
    }
}

/// Bytes of a block without bodies, on the wire as on the disk: height, clock,
/// number of handles, handles.
pub(super) fn block_bytes(block: &Block) -> u32 {
    2 * NUMBER_BYTES + INDEX_BYTES + Batch::HANDLE_BYTES * block.batches.len() as u32
}
