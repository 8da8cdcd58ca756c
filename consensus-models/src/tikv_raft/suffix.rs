//! The batches in the uncommitted end of the log, so that none is proposed twice.

use std::collections::{BTreeSet, VecDeque};

use crate::block::BatchId;

/// Names by entry, and all of them.
#[derive(Debug, Default)]
pub(super) struct Suffix {
    entries: VecDeque<(u64, Vec<BatchId>)>,
    names: BTreeSet<BatchId>,
}

impl Suffix {
    pub(super) fn names(&self) -> &BTreeSet<BatchId> {
        &self.names
    }

    pub(super) fn push(&mut self, index: u64, ids: impl Iterator<Item = BatchId>) {
        let ids: Vec<BatchId> = ids.collect();
        self.names.extend(ids.iter().copied());
        self.entries.push_back((index, ids));
    }

    /// Entries from `index` on are overwritten.
    pub(super) fn truncate_from(&mut self, index: u64) {
        while self.entries.back().is_some_and(|(last, _)| *last >= index)
            && let Some((_, ids)) = self.entries.pop_back()
        {
            self.forget(&ids);
        }
    }

    /// Entries up to `index` are committed.
    pub(super) fn pop_to(&mut self, index: u64) {
        while self
            .entries
            .front()
            .is_some_and(|(first, _)| *first <= index)
            && let Some((_, ids)) = self.entries.pop_front()
        {
            self.forget(&ids);
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.names.clear();
    }

    fn forget(&mut self, ids: &[BatchId]) {
        for id in ids {
            self.names.remove(id);
        }
    }
}
