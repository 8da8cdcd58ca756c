//! What protocols over a tree of blocks share: the name of a block, the tree
//! of those that a replica knows, and how
//! it gets those that it missed.

mod sync;
mod tree;

use std::fmt;
use std::sync::Arc;

use crate::block::{Block, BlockId, Height};
use crate::wire::{DIGEST_BYTES, NUMBER_BYTES};

pub(crate) use sync::{Answer, Patience, Step, Sync};
pub(crate) use tree::{Link, Served, Tree};

/// Bytes of a [`BlockRef`]: view, height and a digest.
pub(crate) const REF_BYTES: u32 = 2 * NUMBER_BYTES + DIGEST_BYTES;

/// Names a block by its place: what a vote signs.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockRef {
    /// View (epoch, slot, iteration) in which it was proposed.
    pub view: u64,
    /// Its position in the chain.
    pub height: Height,
    /// Digest over its content and its parent.
    pub id: BlockId,
}

impl fmt::Debug for BlockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "v{}h{}#{:04x}",
            self.view,
            self.height.0,
            self.id.0 & 0xffff
        )
    }
}

/// A block that names its parent. Views grow along a branch.
pub trait Linked {
    /// Its own name.
    fn at(&self) -> BlockRef;
    /// Its parent's.
    fn parent(&self) -> BlockRef;
    /// What it orders.
    fn block(&self) -> &Block;
}

/// Blocks for a replica that lacks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks<B> {
    /// The requested block, its parent, and so on. Empty when the sender no
    /// longer keeps what was asked for.
    pub blocks: Vec<Arc<B>>,
    /// Height that the sender has executed, for a state transfer.
    pub executed: Height,
}
