//! Batches on their way to a commit: which wait, which stand in the log.
//!
//! A batch is held from its request until it commits. It waits while it is
//! not in the log, and waits again when its entry is overwritten.

use std::collections::BTreeMap;

use crate::block::{Batch, BatchId, Block, Height};

/// The batches that this replica knows of.
#[derive(Debug, Default)]
pub(super) struct Requests {
    arrivals: u64,
    /// Requested here and not committed, with the order of arrival.
    held: BTreeMap<BatchId, u64>,
    /// Those of them that are not in the log, in order of arrival.
    waiting: BTreeMap<u64, Batch>,
    /// Batches in the log, committed tail included: the window in which a
    /// batch is recognised when it is requested once more.
    logged: BTreeMap<BatchId, Height>,
}

impl Requests {
    /// Takes a batch; says whether it waits from now on. It does not when it
    /// is known already, and is not even held when it stands in the log at or
    /// below `commit`.
    pub(super) fn take(&mut self, batch: Batch, commit: Height) -> bool {
        if self.is_committed(batch.id, commit) || self.held.contains_key(&batch.id) {
            return false;
        }
        self.arrivals += 1;
        self.held.insert(batch.id, self.arrivals);
        let waits = !self.logged.contains_key(&batch.id);
        if waits {
            self.waiting.insert(self.arrivals, batch);
        }
        waits
    }

    /// The waiting batches, oldest first.
    pub(super) fn waiting(&self) -> impl ExactSizeIterator<Item = Batch> + '_ {
        self.waiting.values().copied()
    }

    /// The number of batches taken so far: a mark in the order of arrival.
    pub(super) fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// The waiting batches that arrived up to a mark, oldest first.
    pub(super) fn waiting_since(&self, mark: u64) -> impl Iterator<Item = Batch> + '_ {
        self.waiting.range(..=mark).map(|(_, &batch)| batch)
    }

    /// Whether this batch waits.
    pub(super) fn waits(&self, batch: BatchId) -> bool {
        self.held
            .get(&batch)
            .is_some_and(|arrival| self.waiting.contains_key(arrival))
    }

    /// Whether no batch waits.
    pub(super) fn none_waiting(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The entry entered the log.
    pub(super) fn logged(&mut self, entry: &Block) {
        for batch in &entry.batches {
            self.logged.insert(batch.id, entry.height);
            if let Some(arrival) = self.held.get(&batch.id) {
                self.waiting.remove(arrival);
            }
        }
    }

    /// The entry was overwritten: what was requested here waits again.
    pub(super) fn overwritten(&mut self, entry: &Block) {
        for &batch in &entry.batches {
            self.forget(batch.id, entry.height);
            if let Some(&arrival) = self.held.get(&batch.id) {
                self.waiting.insert(arrival, batch);
            }
        }
    }

    /// The entry left the log because it is old.
    pub(super) fn compacted(&mut self, entry: &Block) {
        for batch in &entry.batches {
            self.forget(batch.id, entry.height);
        }
    }

    /// The batch is committed: it is held no longer.
    pub(super) fn committed(&mut self, batch: BatchId) {
        if let Some(arrival) = self.held.remove(&batch) {
            self.waiting.remove(&arrival);
        }
    }

    /// Whether the batch stands in the log at or below `commit`.
    pub(super) fn is_committed(&self, batch: BatchId, commit: Height) -> bool {
        self.logged
            .get(&batch)
            .is_some_and(|&height| height <= commit)
    }

    fn forget(&mut self, batch: BatchId, height: Height) {
        if self.logged.get(&batch) == Some(&height) {
            self.logged.remove(&batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;

    #[test]
    fn an_overwritten_batch_waits_in_its_old_order() {
        let batch = |id| Batch {
            id: BatchId(id),
            txs: 1,
            bytes: 1,
        };
        let mut requests = Requests::default();
        assert!(requests.take(batch(7), Height(0)));
        assert!(requests.take(batch(3), Height(0)));
        assert!(!requests.take(batch(7), Height(0)));
        let entry = Block {
            height: Height(1),
            batches: smallvec![batch(7), batch(9)],
            ..Block::default()
        };
        requests.logged(&entry);
        assert_eq!(requests.waiting().collect::<Vec<_>>(), [batch(3)]);
        requests.overwritten(&entry);
        assert_eq!(requests.waiting().collect::<Vec<_>>(), [batch(7), batch(3)]);
        requests.committed(BatchId(7));
        assert_eq!(requests.waiting().collect::<Vec<_>>(), [batch(3)]);
    }
}
