//! The blocks that a replica knows: a tree of uncommitted ones above the last
//! committed block (the root), and the most recent committed ones, kept for
//! replicas that lag.
//!
//! Knows nothing of votes, views in progress or messages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::{BlockRef, Linked};
use crate::block::{Block, BlockId, Height};

/// The last committed block. After a crash or a state transfer only a part of
/// its name is known, until a block above it commits.
#[derive(Clone, Copy, Debug)]
struct Root {
    height: Height,
    view: Option<u64>,
    id: Option<BlockId>,
    created: Duration,
}

impl Root {
    fn is(&self, at: &BlockRef) -> bool {
        at.height == self.height
            && self.view.is_none_or(|view| view == at.view)
            && self.id.is_none_or(|id| id == at.id)
    }
}

/// How a block hangs together with the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// All blocks between are here (or it is the root itself).
    Whole,
    /// This ancestor, or the block itself, is not here.
    Missing(BlockRef),
    /// It does not extend the root and never will.
    Dead,
}

/// What can be said about a request for blocks.
#[derive(Debug)]
pub(crate) enum Served<B> {
    /// Here they are, the requested one first.
    Blocks(Vec<Arc<B>>),
    /// They are committed and no longer kept.
    Pruned,
    /// Never seen.
    Unknown,
}

#[derive(Debug)]
pub(crate) struct Tree<B> {
    root: Root,
    /// Uncommitted blocks by view, then by name.
    above: BTreeMap<(u64, BlockId), Arc<B>>,
    /// Committed blocks of contiguous heights, the root last.
    kept: VecDeque<Arc<B>>,
    retain: usize,
}

impl<B: Linked> Tree<B> {
    /// A tree whose root is the block at `applied`: genesis, or a block of
    /// which only the height is known.
    pub(crate) fn new(applied: Height, retain: u64) -> Self {
        let genesis = BlockRef::default();
        let known = applied == genesis.height;
        Self {
            root: Root {
                height: applied,
                view: known.then_some(genesis.view),
                id: known.then_some(genesis.id),
                created: Duration::ZERO,
            },
            above: BTreeMap::new(),
            kept: VecDeque::new(),
            retain: retain as usize,
        }
    }

    /// Height of the last committed block.
    pub(crate) fn committed(&self) -> Height {
        self.root.height
    }

    /// Whether `at` may be the last committed block.
    pub(crate) fn is_root(&self, at: &BlockRef) -> bool {
        self.root.is(at)
    }

    /// An uncommitted block.
    pub(crate) fn get(&self, at: &BlockRef) -> Option<&Arc<B>> {
        self.above.get(&(at.view, at.id))
    }

    /// When the block was made, as far as it is known here.
    pub(crate) fn created(&self, at: &BlockRef) -> Duration {
        self.get(at)
            .map_or(self.root.created, |proposal| proposal.block().created)
    }

    /// Whether another block of the same view is here.
    pub(crate) fn has_rival(&self, at: &BlockRef) -> bool {
        let view = (at.view, BlockId(0))..=(at.view, BlockId(u64::MAX));
        self.above.range(view).any(|((_, id), _)| *id != at.id)
    }

    /// Takes a block in; `false` when it is here already or too old.
    pub(crate) fn insert(&mut self, proposal: Arc<B>) -> bool {
        let at = proposal.at();
        let old = self.root.view.is_some_and(|view| at.view <= view);
        if old || at.height <= self.root.height {
            return false;
        }
        self.above.insert((at.view, at.id), proposal).is_none()
    }

    /// The uncommitted block `tip` and its uncommitted ancestors, downwards,
    /// as far as they are here.
    pub(crate) fn branch(&self, tip: BlockRef) -> impl Iterator<Item = &Arc<B>> {
        let mut next = Some(tip);
        std::iter::from_fn(move || {
            let found = self.get(&next?);
            next = found.map(|proposal| proposal.parent());
            found
        })
    }

    /// How `tip` hangs together with the root.
    pub(crate) fn link(&self, tip: BlockRef) -> Link {
        let lowest = self.branch(tip).last();
        let open = lowest.map_or(tip, |proposal| proposal.parent());
        if self.root.is(&open) {
            Link::Whole
        } else if open.height > self.root.height {
            Link::Missing(open)
        } else {
            Link::Dead
        }
    }

    /// Whether an uncommitted block holds batches.
    pub(crate) fn has_payload(&self) -> bool {
        self.above
            .values()
            .any(|proposal| !proposal.block().batches.is_empty())
    }

    /// Makes `block`, whose parent is the root, the new root.
    pub(crate) fn commit(&mut self, block: &Arc<B>) {
        let at = block.at();
        self.root = Root {
            height: at.height,
            view: Some(at.view),
            id: Some(at.id),
            created: block.block().created,
        };
        // Blocks of views up to the root's can no longer be certified on top
        // of it.
        while let Some(lowest) = self.above.first_entry() {
            if lowest.key().0 > at.view {
                break;
            }
            lowest.remove();
        }
        self.kept.push_back(Arc::clone(block));
        if self.kept.len() > self.retain {
            self.kept.pop_front();
        }
    }

    /// Makes a transferred block the root.
    pub(crate) fn transfer(&mut self, block: &Block) {
        self.root = Root {
            height: block.height,
            view: Some(block.view),
            id: None,
            created: block.created,
        };
        self.kept.clear();
        self.above.retain(|(view, _), proposal| {
            *view > block.view && proposal.block().height > block.height
        });
    }

    /// Uncommitted blocks by view.
    pub(crate) fn uncommitted(&self) -> impl Iterator<Item = &Arc<B>> {
        self.above.values()
    }

    /// Committed blocks above `height` that are still kept.
    pub(crate) fn committed_above(&self, height: Height) -> impl Iterator<Item = &Arc<B>> {
        self.kept
            .iter()
            .filter(move |proposal| proposal.block().height > height)
    }

    /// The block `at` and its ancestors above `above`, at most `most`.
    pub(crate) fn serve(&self, at: BlockRef, above: Height, most: u32) -> Served<B> {
        let pruned = self
            .kept
            .front()
            .map_or(self.root.height.next(), |oldest| oldest.block().height);
        if above.next() < pruned {
            return Served::Pruned;
        }
        let wanted = |proposal: &&Arc<B>| proposal.block().height > above;
        let uncommitted = self.branch(at);
        let mut blocks: Vec<_> = uncommitted.take_while(wanted).map(Arc::clone).collect();
        let next = blocks.last().map_or(at, |lowest| lowest.parent());
        let skip = self.root.height.0.saturating_sub(next.height.0);
        let committed = self.kept.iter().rev().skip(skip as usize);
        if next.height > above && committed.clone().next().is_some_and(|top| top.at() == next) {
            blocks.extend(committed.take_while(wanted).map(Arc::clone));
        }
        blocks.truncate(most as usize);
        if blocks.is_empty() {
            return Served::Unknown;
        }
        Served::Blocks(blocks)
    }
}
