//! The blocks that a node knows: a tree of headers and blocks above the last
//! committed one (the root), the branch of it that the node follows, and the
//! most recent committed blocks.
//!
//! Unlike the tree of the voting protocols it weighs branches, and it holds
//! headers whose blocks are still to come. Which of two branches is better,
//! others decide.

mod read;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::header::{Header, Sealed};
use crate::block::{Block, BlockId, Height};
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

    /// Notes that the block is on the disk.
    pub(super) fn mark_durable(&mut self, at: &BlockRef) {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::ReplicaId;
    use crate::longest::header::Draft;
    use std::time::Duration;

    const LIMITS: Limits = Limits {
        retain: 3,
        ahead: 5,
        rivals: 2,
    };

    fn child(parent: &Header, maker: u32) -> Header {
        let height = parent.height().0 + 1;
        let draft = Draft {
            view: height,
            created: Duration::from_secs(height),
            weight: 1,
            anchor: Duration::ZERO,
        };
        Header::new(parent, ReplicaId(maker), draft, &[], 0)
    }

    fn grow(forks: &mut Forks, header: Header) -> Vec<Header> {
        if !matches!(forks.place(&header), Place::On(_) | Place::OnUnknown) {
            return Vec::new();
        }
        forks.add_header(header);
        let whole = forks.add_block(&Arc::new(Sealed::new(header, [])));
        for header in &whole {
            forks.mark_durable(&header.at());
        }
        whole
    }

    /// Genesis, and a chain by node 0 of so many blocks that is followed.
    fn chain(blocks: u64) -> (Forks, Vec<Header>) {
        let genesis = Header::genesis(1);
        let mut forks = Forks::new(genesis, Height(0), LIMITS);
        let mut headers = vec![genesis];
        for _ in 0..blocks {
            let next = child(&headers[headers.len() - 1], 0);
            assert_eq!(grow(&mut forks, next), [next]);
            assert_eq!(forks.follow(&next), 0);
            headers.push(next);
        }
        (forks, headers)
    }

    #[test]
    fn a_block_under_a_missing_one_waits_for_it() {
        let (mut forks, headers) = chain(1);
        let second = child(&headers[1], 0);
        let third = child(&second, 0);
        assert_eq!(forks.place(&third), Place::Orphan);
        forks.add_header(second);
        assert_eq!(grow(&mut forks, third), []);
        assert_eq!(forks.missing_under(&third), [second.at()]);
        let came = forks.add_block(&Arc::new(Sealed::new(second, [])));
        assert_eq!(came, [second, third]);
    }

    #[test]
    fn a_reorganisation_says_how_many_blocks_are_left() {
        let (mut forks, headers) = chain(3);
        let rival = child(&headers[1], 1);
        let second = child(&rival, 1);
        let third = child(&second, 1);
        for header in [rival, second, third] {
            grow(&mut forks, header);
        }
        assert_eq!(forks.follow(&third), 2);
        assert!(forks.is_active(&headers[1].at()) && !forks.is_active(&headers[2].at()));
        assert_eq!(forks.tip(), Some(&third));
        assert_eq!(forks.follow(&headers[3]), 3);
    }

    #[test]
    fn what_is_deep_commits_and_its_rivals_go() {
        let (mut forks, headers) = chain(3);
        let rival = child(&headers[0], 1);
        let second = child(&rival, 1);
        grow(&mut forks, rival);
        grow(&mut forks, second);
        let (block, dropped) = forks.commit_next(3).expect("three are deep enough");
        assert_eq!(block.header, headers[1]);
        assert_eq!(dropped, [rival, second]);
        assert!(forks.commit_next(3).is_none());
        assert_eq!(forks.place(&child(&headers[0], 2)), Place::Dead);
        assert_eq!(forks.place(&child(&rival, 2)), Place::Dead);
    }

    #[test]
    fn what_is_not_durable_confirms_nothing() {
        let (mut forks, headers) = chain(2);
        let third = child(&headers[2], 0);
        forks.add_header(third);
        forks.add_block(&Arc::new(Sealed::new(third, [])));
        forks.follow(&third);
        assert!(forks.commit_next(3).is_none());
        forks.mark_durable(&third.at());
        assert!(forks.commit_next(3).is_some());
    }

    #[test]
    fn the_tree_has_limits() {
        let (mut forks, headers) = chain(5);
        assert_eq!(forks.place(&child(&headers[5], 0)), Place::Excess);
        grow(&mut forks, child(&headers[0], 1));
        assert_eq!(forks.place(&child(&headers[0], 2)), Place::Excess);
        while forks.commit_next(1).is_some() {}
        // Three are kept: who stands lower needs a state transfer.
        let after = |forks: &Forks, point: usize| {
            let points = [headers[point].at()];
            let found = forks.headers_after(&points, Height(0), 9);
            found.map(|found| found.len())
        };
        assert_eq!(after(&forks, 2), None);
        assert_eq!(after(&forks, 3), Some(2));
        assert_eq!(after(&forks, 5), Some(0));
    }
}
