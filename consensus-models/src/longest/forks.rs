//! The blocks that a node knows: a tree of headers and blocks above the last
//! committed one (the root), the branch of it that the node follows, and the
//! most recent committed blocks.
//!
//! Unlike the tree of the voting protocols it weighs branches, and it holds
//! headers whose blocks are still to come. Which of two branches is better,
//! others decide.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::header::{Header, Sealed};
use crate::block::{BatchId, Block, BlockId, Height};
use crate::chain::BlockRef;

type Key = (Height, BlockId);

fn key(at: &BlockRef) -> Key {
    (at.height, at.id)
}

#[derive(Debug)]
struct Entry {
    header: Header,
    block: Option<Arc<Sealed>>,
    /// When it and all of its ancestors were here, in order of arrival.
    whole: Option<u64>,
    durable: bool,
}

/// The last committed block. After a state transfer only its height is known.
#[derive(Debug)]
struct Root {
    height: Height,
    id: Option<BlockId>,
    header: Option<Header>,
}

/// Where a header belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On this one.
    On(Header),
    /// On the root, of which nothing but the height is known.
    OnUnknown,
    /// It is here already.
    Known,
    /// Its parent is not here.
    Orphan,
    /// It stands beside a committed block or leaves the committed chain.
    Dead,
    /// Too far above the root, or too many of its height are here.
    Excess,
}

/// The limits of the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Committed blocks kept.
    pub(super) retain: usize,
    /// Heights above the root.
    pub(super) ahead: u64,
    /// Blocks of one height.
    pub(super) rivals: usize,
}

#[derive(Debug)]
pub(super) struct Forks {
    root: Root,
    above: BTreeMap<Key, Entry>,
    /// The branch that the node follows: one name for each height from the
    /// root's next.
    active: VecDeque<BlockId>,
    /// Committed blocks of contiguous heights, the newest last.
    kept: VecDeque<Arc<Sealed>>,
    arrivals: u64,
    limits: Limits,
}

impl Forks {
    /// A tree whose root is genesis, or a block of which only the height is
    /// known.
    pub(super) fn new(genesis: Header, applied: Height, limits: Limits) -> Self {
        let known = applied == genesis.height();
        Self {
            root: Root {
                height: applied,
                id: known.then_some(genesis.id()),
                header: known.then_some(genesis),
            },
            above: BTreeMap::new(),
            active: VecDeque::new(),
            kept: VecDeque::new(),
            arrivals: 0,
            limits,
        }
    }

    /// Makes the last of these committed blocks of contiguous heights the
    /// root; a log gave them back.
    pub(super) fn restore(&mut self, committed: Vec<Arc<Sealed>>) {
        if let Some(root) = committed.last() {
            self.root.id = Some(root.header.id());
            self.root.header = Some(root.header);
        }
        self.kept = committed.into();
    }

    /// Height of the last committed block.
    pub(super) fn committed(&self) -> Height {
        self.root.height
    }

    /// The block that the node builds on; `None` while only its height is
    /// known.
    pub(super) fn tip(&self) -> Option<&Header> {
        match self.active.back() {
            Some(&id) => {
                let at = (self.tip_height(), id);
                self.above.get(&at).map(|entry| &entry.header)
            }
            None => self.root.header.as_ref(),
        }
    }

    /// Height of that block.
    pub(super) fn tip_height(&self) -> Height {
        Height(self.root.height.0 + self.active.len() as u64)
    }

    /// Where `header` belongs.
    pub(super) fn place(&self, header: &Header) -> Place {
        let height = header.height();
        if height <= self.root.height {
            return Place::Dead;
        }
        if self.above.contains_key(&(height, header.id())) {
            return Place::Known;
        }
        let parent = if header.parent.height == self.root.height {
            match self.root.id {
                Some(id) if id != header.parent.id => return Place::Dead,
                _ => self.root.header,
            }
        } else {
            match self.above.get(&key(&header.parent)) {
                Some(entry) => Some(entry.header),
                None => return Place::Orphan,
            }
        };
        let rivals = self
            .above
            .range((height, BlockId(0))..)
            .take_while(|((at, _), _)| *at == height);
        if height.0 > self.root.height.0 + self.limits.ahead || rivals.count() >= self.limits.rivals
        {
            return Place::Excess;
        }
        parent.map_or(Place::OnUnknown, Place::On)
    }

    /// Takes in a header whose place was found.
    pub(super) fn add_header(&mut self, header: Header) {
        self.above
            .entry((header.height(), header.id()))
            .or_insert(Entry {
                header,
                block: None,
                whole: None,
                durable: false,
            });
    }

    /// Whether the header is here, uncommitted.
    pub(super) fn has_header(&self, at: &BlockRef) -> bool {
        self.above.contains_key(&key(at))
    }

    /// Whether the block is here, uncommitted, or is too old to matter.
    pub(super) fn has_block(&self, at: &BlockRef) -> bool {
        at.height <= self.root.height
            || self
                .above
                .get(&key(at))
                .is_some_and(|entry| entry.block.is_some())
    }

    /// A block that others may ask for.
    pub(super) fn block(&self, at: &BlockRef) -> Option<&Arc<Sealed>> {
        if at.height > self.root.height {
            return self.above.get(&key(at))?.block.as_ref();
        }
        self.kept_at(at.height)
            .filter(|block| block.header.id() == at.id)
    }

    fn kept_at(&self, height: Height) -> Option<&Arc<Sealed>> {
        let newest = self.kept.back()?.header.height().0;
        let back = usize::try_from(newest.checked_sub(height.0)?).ok()?;
        self.kept.get(self.kept.len().checked_sub(back + 1)?)
    }

    /// Takes in the block of a header that is here; returns what became whole
    /// by it, parents before children.
    pub(super) fn add_block(&mut self, block: &Arc<Sealed>) -> Vec<Header> {
        let at = block.header.at();
        if let Some(entry) = self.above.get_mut(&key(&at)) {
            entry.block.get_or_insert_with(|| Arc::clone(block));
        }
        let mut open = vec![block.header];
        let mut whole = Vec::new();
        while let Some(header) = open.pop() {
            if !self.becomes_whole(&header) {
                continue;
            }
            self.arrivals += 1;
            let arrival = self.arrivals;
            let at = (header.height(), header.id());
            let entry = self.above.get_mut(&at).expect("it was just looked at");
            entry.whole = Some(arrival);
            whole.push(header);
            let next = header.height().next();
            let children = self.above.range((next, BlockId(0))..);
            let children = children.take_while(|((height, _), _)| *height == next);
            let children = children.map(|(_, entry)| entry.header);
            open.extend(children.filter(|child| child.parent.id == header.id()));
        }
        whole
    }

    fn becomes_whole(&self, header: &Header) -> bool {
        let parent = header.parent;
        let stands = parent.height == self.root.height
            || self
                .above
                .get(&key(&parent))
                .is_some_and(|entry| entry.whole.is_some());
        stands
            && self
                .above
                .get(&(header.height(), header.id()))
                .is_some_and(|entry| entry.block.is_some() && entry.whole.is_none())
    }

    /// Follows the branch of a whole block; returns how many blocks of the
    /// branch followed so far are left by it.
    pub(super) fn follow(&mut self, tip: &Header) -> u64 {
        let mut path = Vec::new();
        let mut next = tip.at();
        while next.height > self.root.height {
            if self.is_active(&next) {
                break;
            }
            path.push(next.id);
            next = self.above[&key(&next)].header.parent;
        }
        let common = (next.height.0 - self.root.height.0) as usize;
        let left = self.active.len() - common;
        self.active.truncate(common);
        self.active.extend(path.into_iter().rev());
        left as u64
    }

    /// Whether an uncommitted block is on the followed branch.
    pub(super) fn is_active(&self, at: &BlockRef) -> bool {
        let index = at.height.0.checked_sub(self.root.height.0 + 1);
        index.is_some_and(|index| self.active.get(index as usize) == Some(&at.id))
    }

    /// The header of the followed branch, or of a kept block, at `height`.
    pub(super) fn active_at(&self, height: Height) -> Option<&Header> {
        if height == self.root.height {
            return self.root.header.as_ref();
        }
        if height < self.root.height {
            return self.kept_at(height).map(|block| &block.header);
        }
        let index = (height.0 - self.root.height.0 - 1) as usize;
        let at = (height, *self.active.get(index)?);
        self.above.get(&at).map(|entry| &entry.header)
    }

    /// The header `from` and its ancestors, downwards, as far as they are
    /// known.
    pub(super) fn ancestors(&self, from: Option<Header>) -> impl Iterator<Item = Header> + '_ {
        std::iter::successors(from, |header| {
            let parent = header.parent;
            if header.height() == Height(0) {
                None
            } else if parent.height > self.root.height {
                self.above.get(&key(&parent)).map(|entry| entry.header)
            } else {
                let known = self.active_at(parent.height).copied();
                known.filter(|known| known.id() == parent.id)
            }
        })
    }

    /// Batches of the uncommitted blocks of the followed branch.
    pub(super) fn active_batches(&self) -> impl Iterator<Item = BatchId> + '_ {
        let heights = self.root.height.0 + 1..;
        let blocks = heights
            .zip(&self.active)
            .filter_map(|(height, &id)| self.above.get(&(Height(height), id))?.block.as_ref());
        blocks.flat_map(|block| block.block.batches.iter().map(|batch| batch.id))
    }

    /// The best header that is better than the followed branch, in the eyes of
    /// `better`, which compares a new header with an old one.
    pub(super) fn best(&self, better: impl Fn(&Header, &Header) -> bool) -> Option<Header> {
        let mut best = None;
        for entry in self.above.values() {
            let old = best.as_ref().or(self.tip());
            if old.is_none_or(|old| better(&entry.header, old)) {
                best = Some(entry.header);
            }
        }
        best
    }

    /// The ancestors of `tip`, itself included, whose blocks are missing,
    /// lowest first.
    pub(super) fn missing_under(&self, tip: &Header) -> Vec<BlockRef> {
        let branch = self.ancestors(Some(*tip));
        let branch = branch.take_while(|header| header.height() > self.root.height);
        let mut missing: Vec<_> = branch
            .map(|header| header.at())
            .filter(|at| !self.has_block(at))
            .collect();
        missing.reverse();
        missing
    }

    /// The block is on the disk.
    pub(super) fn is_durable(&mut self, at: &BlockRef) {
        if let Some(entry) = self.above.get_mut(&key(at)) {
            entry.durable = true;
        }
    }

    /// Commits the next block of the followed branch, should `confirmations`
    /// durable blocks of it, itself counted, be above the root. Returns it and
    /// the whole blocks that can no longer get onto the chain.
    pub(super) fn commit_next(&mut self, confirmations: u64) -> Option<(Arc<Sealed>, Vec<Header>)> {
        // Blocks are written parents first, so the highest durable one counts.
        let height = self.root.height;
        let durable = self.active.iter().enumerate().rev().find(|(index, id)| {
            let at = (Height(height.0 + *index as u64 + 1), **id);
            self.above.get(&at).is_some_and(|entry| entry.durable)
        });
        let (highest, _) = durable?;
        if (highest as u64) + 1 < confirmations {
            return None;
        }
        let id = self.active.pop_front()?;
        let entry = self.above.remove(&(height.next(), id))?;
        let block = entry.block.expect("what is followed is whole");
        self.root = Root {
            height: height.next(),
            id: Some(id),
            header: Some(entry.header),
        };
        self.kept.push_back(Arc::clone(&block));
        if self.kept.len() > self.limits.retain {
            self.kept.pop_front();
        }
        Some((block, self.prune()))
    }

    /// Drops what does not stand on the root; returns what of it was whole.
    fn prune(&mut self) -> Vec<Header> {
        let mut dropped = Vec::new();
        // Lower heights come first, so a parent's fate is known.
        let keys: Vec<Key> = self.above.keys().copied().collect();
        for at in keys {
            let parent = self.above[&at].header.parent;
            let stands = if parent.height == self.root.height {
                self.root.id == Some(parent.id)
            } else {
                self.above.contains_key(&key(&parent))
            };
            if at.0 > self.root.height && stands {
                continue;
            }
            let entry = self.above.remove(&at).expect("its key was just listed");
            if entry.whole.is_some() {
                dropped.push(entry.header);
            }
        }
        dropped
    }

    /// Makes a transferred block the root. Nothing above it is certain to stand
    /// on it, so all of it is forgotten.
    pub(super) fn transfer(&mut self, block: &Block) {
        self.root = Root {
            height: block.height,
            id: None,
            header: None,
        };
        self.above.clear();
        self.active.clear();
        self.kept.clear();
    }

    /// Points of the chain under `from`, or under the tip, ever further apart.
    pub(super) fn locator(&self, from: Option<Header>) -> Vec<BlockRef> {
        let mut points = Vec::new();
        let mut step = 1;
        let mut next = u64::MAX;
        for header in self.ancestors(from.or(self.tip().copied())) {
            let height = header.height().0;
            if height > next {
                continue;
            }
            points.push(header.at());
            if height <= self.root.height.0 {
                break;
            }
            if points.len() > 8 {
                step *= 2;
            }
            next = height.saturating_sub(step);
        }
        points
    }

    /// The followed headers above the highest of `points` that is on this
    /// node's chain, or else above `above`; `None` when they are no longer
    /// kept.
    pub(super) fn headers_after(
        &self,
        points: &[BlockRef],
        above: Height,
        most: usize,
    ) -> Option<Vec<Header>> {
        let known = |at: &&BlockRef| {
            self.active_at(at.height)
                .is_some_and(|header| header.id() == at.id)
        };
        let from = points.iter().find(known).map_or(above, |at| at.height);
        if from >= self.tip_height() {
            return Some(Vec::new());
        }
        let oldest = self
            .kept
            .front()
            .map_or(self.root.height.next(), |block| block.header.height());
        if from.next() < oldest {
            return None;
        }
        let heights = from.0 + 1..=self.tip_height().0;
        let headers = heights.map_while(|height| self.active_at(Height(height)).copied());
        Some(headers.take(most).collect())
    }

    /// Committed blocks from `height` that are still kept, then the whole
    /// uncommitted ones in order of arrival.
    pub(super) fn to_log(&self, height: Height) -> Vec<Arc<Sealed>> {
        let kept = self.kept.iter();
        let kept = kept.filter(|block| block.header.height() >= height);
        let mut whole: Vec<_> = self
            .above
            .values()
            .filter_map(|entry| Some((entry.whole?, entry.block.as_ref()?)))
            .collect();
        whole.sort_unstable_by_key(|(arrival, _)| *arrival);
        let whole = whole.into_iter().map(|(_, block)| block);
        kept.chain(whole).map(Arc::clone).collect()
    }
}
