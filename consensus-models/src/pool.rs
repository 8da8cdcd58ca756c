//! Batches that wait to be ordered, and the names of those that were.
//!
//! A batch stays until it commits, whoever it was forwarded to. Knows nothing
//! of views; who the next leader is, others decide.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use smallvec::SmallVec;

use crate::block::{Batch, BatchId, Block, Height, mix};
use crate::committee::ReplicaId;

/// Hashes the name of a batch, which is a hash already.
#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0, word);
    }
}

type NameHash = BuildHasherDefault<NameHasher>;

#[derive(Debug)]
struct Waiting {
    batch: Batch,
    /// When it arrived or came due last.
    since: Duration,
    /// To whom it was forwarded last.
    sent_to: Option<ReplicaId>,
    /// Whether that replica was given up since.
    lost: bool,
    /// How often it came due.
    tries: u32,
}

/// While others are ordered, each time that a batch comes due doubles the time
/// to the next, up to this power of two: under overload batches wait long, and
/// forwarding them again and again would only add to it.
const MAX_ROUNDS: u32 = 3;

#[derive(Debug)]
pub(crate) struct Pool {
    /// By order of arrival.
    waiting: BTreeMap<u64, Waiting>,
    arrivals: u64,
    /// Only looked up, never walked: its order is no part of any result.
    index: HashMap<BatchId, u64, NameHash>,
    /// Batches of recently committed blocks, oldest first.
    recent: VecDeque<(Height, BatchId)>,
    /// The same names; only looked up.
    recent_ids: HashSet<BatchId, NameHash>,
    retain: u64,
    patience: Duration,
}

impl Pool {
    /// An empty pool that remembers the batches of `retain` committed heights
    /// and in which a batch comes due after `patience`.
    pub(crate) fn new(retain: u64, patience: Duration) -> Self {
        Self {
            patience,
            waiting: BTreeMap::new(),
            arrivals: 0,
            index: HashMap::default(),
            recent: VecDeque::new(),
            recent_ids: HashSet::default(),
            retain,
        }
    }

    /// Keeps a batch; `false` when it waits here or was committed lately.
    pub(crate) fn add(&mut self, batch: Batch, now: Duration) -> bool {
        if self.recent_ids.contains(&batch.id) || self.index.contains_key(&batch.id) {
            return false;
        }
        self.index.insert(batch.id, self.arrivals);
        self.waiting.insert(
            self.arrivals,
            Waiting {
                batch,
                since: now,
                sent_to: None,
                lost: false,
                tries: 0,
            },
        );
        self.arrivals += 1;
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest waiting batches that are not in `taken`, at most `most`.
    pub(crate) fn select(&self, taken: &BTreeSet<BatchId>, most: usize) -> SmallVec<[Batch; 4]> {
        self.waiting
            .values()
            .map(|waiting| waiting.batch)
            .filter(|batch| !taken.contains(&batch.id))
            .take(most)
            .collect()
    }

    /// Notes that a batch was forwarded.
    pub(crate) fn forwarded(&mut self, id: BatchId, to: ReplicaId) {
        if let Some(entry) = self.entry(id) {
            entry.sent_to = Some(to);
        }
    }

    /// How often a batch came due.
    pub(crate) fn tries(&self, id: BatchId) -> u32 {
        let waiting = self.index.get(&id).and_then(|at| self.waiting.get(at));
        waiting.map_or(0, |entry| entry.tries)
    }

    fn entry(&mut self, id: BatchId) -> Option<&mut Waiting> {
        self.waiting.get_mut(self.index.get(&id)?)
    }

    /// A batch that was in a block is due at once: that block never commits.
    pub(crate) fn undone(&mut self, id: BatchId) {
        if let Some(entry) = self.entry(id) {
            entry.lost = true;
        }
    }

    /// What `leader` was given is due at once: it was given up.
    pub(crate) fn leader_failed(&mut self, leader: ReplicaId) -> bool {
        let mut any = false;
        for entry in self.waiting.values_mut() {
            if entry.sent_to == Some(leader) {
                entry.lost = true;
                any = true;
            }
        }
        any
    }

    /// Takes note of the oldest batches that are due, at most `most`, and puts
    /// them off. `busy` says that the chain carries others meanwhile.
    pub(crate) fn take_due(&mut self, now: Duration, busy: bool, most: usize) -> Vec<Batch> {
        let patience = self.patience;
        let due = self.waiting.values_mut().filter(|entry| {
            let rounds = if busy { entry.tries } else { 0 };
            entry.lost || entry.since + patience * (1 << rounds.min(MAX_ROUNDS)) <= now
        });
        due.take(most)
            .map(|entry| {
                entry.tries = entry.tries.saturating_add(1);
                entry.since = now;
                entry.lost = false;
                entry.batch
            })
            .collect()
    }

    /// A block committed: its batches wait no longer and are remembered.
    pub(crate) fn committed(&mut self, block: &Block) {
        for batch in &block.batches {
            if let Some(arrival) = self.index.remove(&batch.id) {
                self.waiting.remove(&arrival);
            }
            self.remember(block.height, batch.id);
        }
        self.forget_old(block.height);
    }

    /// Remembers a batch as committed at `height`.
    pub(crate) fn remember(&mut self, height: Height, id: BatchId) {
        if self.recent_ids.insert(id) {
            self.recent.push_back((height, id));
        }
    }

    fn forget_old(&mut self, newest: Height) {
        while let Some(&(height, id)) = self.recent.front() {
            if height.0 + self.retain >= newest.0 {
                return;
            }
            self.recent.pop_front();
            self.recent_ids.remove(&id);
        }
    }

    /// Forgets a waiting batch; what is remembered as committed stays so.
    pub(crate) fn remove(&mut self, id: BatchId) {
        if let Some(arrival) = self.index.remove(&id) {
            self.waiting.remove(&arrival);
        }
    }

    /// Whether a batch was committed lately.
    pub(crate) fn is_recent(&self, id: BatchId) -> bool {
        self.recent_ids.contains(&id)
    }

    /// The recently committed batches, oldest first.
    pub(crate) fn recent(&self) -> impl ExactSizeIterator<Item = (Height, BatchId)> + '_ {
        self.recent.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::batch;

    fn block(height: u64, ids: &[u64]) -> Block {
        Block {
            height: Height(height),
            batches: ids.iter().map(|&id| batch(id)).collect(),
            ..Block::default()
        }
    }

    #[test]
    fn a_batch_is_taken_once_until_its_commit_is_forgotten() {
        let mut pool = Pool::new(2, Duration::from_secs(1));
        let now = Duration::ZERO;
        assert!(pool.add(batch(1), now));
        assert!(!pool.add(batch(1), now));
        assert!(pool.add(batch(2), now));
        let taken = BTreeSet::from([BatchId(1)]);
        assert_eq!(pool.select(&taken, 5).as_slice(), [batch(2)]);
        pool.committed(&block(1, &[1]));
        assert!(!pool.add(batch(1), now));
        assert_eq!(pool.select(&BTreeSet::new(), 5).as_slice(), [batch(2)]);
        pool.committed(&block(4, &[2]));
        assert!(pool.is_empty());
        assert!(pool.add(batch(1), now));
    }

    #[test]
    fn what_a_failed_leader_was_given_is_due() {
        let mut pool = Pool::new(2, Duration::from_secs(1));
        let now = Duration::ZERO;
        pool.add(batch(1), now);
        pool.forwarded(BatchId(1), ReplicaId(2));
        assert!(pool.take_due(now, true, 9).is_empty());
        assert!(!pool.leader_failed(ReplicaId(1)));
        assert!(pool.leader_failed(ReplicaId(2)));
        assert_eq!(pool.take_due(now, true, 9), [batch(1)]);
        assert!(pool.take_due(now, true, 9).is_empty());
    }

    #[test]
    fn a_batch_comes_due_less_often_while_others_are_ordered() {
        for (busy, expected) in [(true, [1, 3, 7, 15, 23]), (false, [1, 2, 3, 4, 5])] {
            let mut pool = Pool::new(2, Duration::from_secs(1));
            pool.add(batch(1), Duration::ZERO);
            let due = (0..30).filter(|&second| {
                let now = Duration::from_secs(second);
                !pool.take_due(now, busy, 9).is_empty()
            });
            assert_eq!(due.take(5).collect::<Vec<_>>(), expected);
        }
    }
}
