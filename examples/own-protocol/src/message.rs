//! What neighbours in the chain say to each other, and what it weighs.

use groma_consensus_models::{Batch, Block, Body, Height, Message};

/// Kind, sender and length of every message.
const HEADER: u32 = 8;
/// Height, clock and number of handles of a block.
const BLOCK: u32 = 20;

/// A message of the protocol.
#[derive(Clone, Debug)]
pub enum Say {
    /// Towards the tail: hold this block and pass it on.
    Pass(Block),
    /// Towards the head: the tail has committed everything up to here.
    Done(Height),
}

impl Message for Say {
    fn size(&self) -> u32 {
        HEADER
            + match self {
                Self::Pass(block) => block_bytes(block),
                Self::Done(_) => 8,
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        if let Self::Pass(block) = self {
            for batch in &block.batches {
                visit(batch, Body::Carried);
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::Done(_) => "done",
        }
    }
}

/// Bytes of a block without bodies, on the wire as on the disk.
pub fn block_bytes(block: &Block) -> u32 {
    BLOCK + Batch::HANDLE_BYTES * block.batches.len() as u32
}
