//! What is read off the tree of blocks: branches, what they lack, what a peer
//! lacks, what a log must hold.

use std::sync::Arc;

use super::{Forks, key};
use crate::block::{BatchId, Height};
use crate::chain::BlockRef;
use crate::longest::header::{Header, Sealed};

impl Forks {
    /// The header `from` and its ancestors, downwards, as far as they are
    /// known.
    pub(in crate::longest) fn ancestors(
        &self,
        from: Option<Header>,
    ) -> impl Iterator<Item = Header> + '_ {
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
    pub(in crate::longest) fn active_batches(&self) -> impl Iterator<Item = BatchId> + '_ {
        let heights = self.root.height.0 + 1..;
        let blocks = heights
            .zip(&self.active)
            .filter_map(|(height, &id)| self.above.get(&(Height(height), id))?.block.as_ref());
        blocks.flat_map(|block| block.block.batches.iter().map(|batch| batch.id))
    }

    /// The best header that is better than the followed branch, in the eyes of
    /// `better`, which compares a new header with an old one.
    pub(in crate::longest) fn best(
        &self,
        better: impl Fn(&Header, &Header) -> bool,
    ) -> Option<Header> {
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
    pub(in crate::longest) fn missing_under(&self, tip: &Header) -> Vec<BlockRef> {
        let branch = self.ancestors(Some(*tip));
        let branch = branch.take_while(|header| header.height() > self.root.height);
        let mut missing: Vec<_> = branch
            .map(|header| header.at())
            .filter(|at| !self.has_block(at))
            .collect();
        missing.reverse();
        missing
    }

    /// Points of the chain under `from`, or under the tip, ever further apart.
    pub(in crate::longest) fn locator(&self, from: Option<Header>) -> Vec<BlockRef> {
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
    pub(in crate::longest) fn headers_after(
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
    pub(in crate::longest) fn to_log(&self, height: Height) -> Vec<Arc<Sealed>> {
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
