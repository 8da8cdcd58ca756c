//! Batches that wait to be ordered, and the memory of those that were.
//!
//! Knows no votes. A batch is `Waiting` until a proposal of the current view
//! holds it, and `Done` once it committed. Placements carry their view, so a
//! new view puts every batch back without a sweep.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use smallvec::SmallVec;

use crate::block::{Batch, BatchId, Block, mix};

/// Committed batches remembered, so that one that arrives again is known.
const MEMORY: usize = 1 << 12;

/// Hashes names by mixing their 64 bits: fast, and free of entropy. The table
/// is never iterated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = mix(self.0, u64::from(byte));
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0, word);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// In a proposal of this view.
    Placed(u64),
    Done,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Place in the arrival order; `None` for batches seen only in blocks.
    arrival: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    batch: Batch,
    /// Tick of the retransmission timer when it was last handed on.
    tick: u32,
    /// It was handed on again at least once.
    repeated: bool,
}

/// What a tick of the retransmission timer finds overdue.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    /// To forward again.
    pub(super) again: Vec<Batch>,
    /// To ask the others about: forwarding again did not help.
    pub(super) doubtful: Vec<BatchId>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Requests {
    order: VecDeque<Item>,
    /// Arrival number of the front of `order`.
    first: u64,
    /// Arrival number from which the primary looks for batches to propose.
    cursor: u64,
    /// Arrivals below this were overtaken by one that committed.
    overtaken: u64,
    known: HashMap<BatchId, Known, BuildHasherDefault<NameHasher>>,
    done: VecDeque<BatchId>,
}

impl Requests {
    /// Takes in a batch; `false` when it was known.
    pub(super) fn insert(&mut self, batch: Batch, tick: u32) -> bool {
        let arrival = self.first + self.order.len() as u64;
        match self.known.get_mut(&batch.id) {
            None => {
                let known = Known {
                    arrival: Some(arrival),
                    state: State::Waiting,
                };
                self.known.insert(batch.id, known);
            }
            Some(known) if known.arrival.is_none() && known.state != State::Done => {
                known.arrival = Some(arrival);
            }
            Some(_) => return false,
        }
        self.order.push_back(Item {
            batch,
            tick,
            repeated: false,
        });
        true
    }

    /// Whether no batch waits for its commit.
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The batch that has waited longest, with its arrival number.
    pub(super) fn oldest(&self) -> Option<(u64, Batch)> {
        self.order.front().map(|item| (self.first, item.batch))
    }

    fn is_waiting(&self, id: BatchId, view: u64) -> bool {
        self.known.get(&id).is_some_and(|known| match known.state {
            State::Waiting => true,
            State::Placed(placed) => placed != view,
            State::Done => false,
        })
    }

    fn item(&self, arrival: u64) -> Option<&Item> {
        self.order.get((arrival - self.first) as usize)
    }

    /// Whether the primary of `view` has a batch to propose.
    pub(super) fn has_waiting(&mut self, view: u64) -> bool {
        while let Some(item) = self.item(self.cursor) {
            if self.is_waiting(item.batch.id, view) {
                return true;
            }
            self.cursor += 1;
        }
        false
    }

    /// Takes up to `most` batches, oldest first, into a proposal of `view`.
    pub(super) fn take(&mut self, most: usize, view: u64) -> SmallVec<[Batch; 4]> {
        let mut batches = SmallVec::new();
        while batches.len() < most && self.has_waiting(view) {
            let batch = self.item(self.cursor).expect("has_waiting found it").batch;
            self.place(batch.id, view);
            batches.push(batch);
            self.cursor += 1;
        }
        batches
    }

    fn place(&mut self, id: BatchId, view: u64) {
        let known = self.known.entry(id).or_insert(Known {
            arrival: None,
            state: State::Waiting,
        });
        if known.state != State::Done {
            known.state = State::Placed(view);
        }
    }

    /// A view opens with these blocks; all other batches wait again.
    pub(super) fn reopen<'a>(&mut self, view: u64, blocks: impl Iterator<Item = &'a Block>) {
        for batch in blocks.flat_map(|block| &block.batches) {
            self.place(batch.id, view);
        }
        self.cursor = self.first;
    }

    /// Batches that no proposal of `view` holds, oldest first.
    pub(super) fn waiting(&self, view: u64) -> impl Iterator<Item = Batch> + '_ {
        self.order
            .iter()
            .map(|item| item.batch)
            .filter(move |batch| self.is_waiting(batch.id, view))
    }

    /// A block committed.
    pub(super) fn settle(&mut self, block: &Block) {
        for batch in &block.batches {
            self.finish(batch.id);
        }
        self.trim();
    }

    /// Others say that the batch committed.
    pub(super) fn settle_one(&mut self, id: BatchId) {
        self.finish(id);
        self.trim();
    }

    fn finish(&mut self, id: BatchId) {
        let known = self.known.entry(id).or_insert(Known {
            arrival: None,
            state: State::Waiting,
        });
        if known.state == State::Done {
            return;
        }
        known.state = State::Done;
        if let Some(arrival) = known.arrival {
            self.overtaken = self.overtaken.max(arrival);
        }
        self.done.push_back(id);
        if self.done.len() > MEMORY
            && let Some(forgotten) = self.done.pop_front()
        {
            self.known.remove(&forgotten);
        }
    }

    /// Drops committed batches from the front of the order.
    fn trim(&mut self) {
        while let Some(front) = self.order.front() {
            let pending = self
                .known
                .get(&front.batch.id)
                .is_some_and(|known| known.state != State::Done);
            if pending {
                break;
            }
            self.order.pop_front();
            self.first += 1;
        }
        self.cursor = self.cursor.max(self.first);
    }

    /// Whether the batch committed, as far as remembered.
    pub(super) fn is_done(&self, id: BatchId) -> bool {
        self.known
            .get(&id)
            .is_some_and(|known| known.state == State::Done)
    }

    /// Whether the batch was requested here and waits for its commit.
    pub(super) fn is_pending(&self, id: BatchId) -> bool {
        self.known
            .get(&id)
            .is_some_and(|known| known.arrival.is_some() && known.state != State::Done)
    }

    /// The state skipped blocks: any batch that waits may have committed.
    /// Returns up to `most` names to ask about.
    pub(super) fn doubt(&mut self, most: usize) -> Vec<BatchId> {
        self.overtaken = self.first + self.order.len() as u64;
        for item in &mut self.order {
            item.repeated = true;
        }
        let names = self.order.iter().map(|item| item.batch.id);
        names.filter(|&id| !self.is_done(id)).take(most).collect()
    }

    /// Batches handed on a while ago that no proposal of `view` holds: all
    /// of them when the committee is `stuck`, else those that a later one
    /// overtook. At most `most`.
    pub(super) fn overdue(&mut self, view: u64, tick: u32, stuck: bool, most: usize) -> Overdue {
        let mut overdue = Overdue::default();
        let age = if stuck { 1 } else { 2 };
        for index in 0..self.order.len() {
            let overtaken = self.first + (index as u64) < self.overtaken;
            if overdue.again.len() == most || !(stuck || overtaken) {
                break;
            }
            let item = self.order[index];
            if tick < item.tick + age || !self.is_waiting(item.batch.id, view) {
                continue;
            }
            overdue.again.push(item.batch);
            if item.repeated {
                overdue.doubtful.push(item.batch.id);
            }
            self.order[index].tick = tick;
            self.order[index].repeated = true;
        }
        overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(id: u64) -> Batch {
        Batch {
            id: BatchId(id),
            txs: 1,
            bytes: 100,
        }
    }

    fn block(ids: &[u64]) -> Block {
        Block {
            batches: ids.iter().map(|&id| batch(id)).collect(),
            ..Block::default()
        }
    }

    #[test]
    fn a_batch_is_proposed_once_a_view_and_never_after_it_committed() {
        let mut requests = Requests::default();
        assert!(requests.insert(batch(1), 0) && requests.insert(batch(2), 0));
        assert!(!requests.insert(batch(1), 0));
        assert_eq!(requests.take(1, 0).as_slice(), [batch(1)]);
        assert_eq!(requests.take(9, 0).as_slice(), [batch(2)]);
        assert!(!requests.has_waiting(0));
        // View 1 opens with batch 2 in its first block.
        requests.reopen(1, [block(&[2])].iter());
        assert_eq!(requests.waiting(1).collect::<Vec<_>>(), [batch(1)]);
        assert_eq!(requests.take(9, 1).as_slice(), [batch(1)]);
        requests.settle(&block(&[2, 1, 7]));
        assert!(requests.is_empty());
        assert!(!requests.insert(batch(7), 0), "seen in a block");
    }

    #[test]
    fn what_was_overtaken_is_forwarded_again_and_then_asked_about() {
        let mut requests = Requests::default();
        for id in 1..=3 {
            requests.insert(batch(id), 0);
        }
        requests.settle(&block(&[2]));
        assert!(requests.overdue(0, 1, false, 9).again.is_empty(), "young");
        let overdue = requests.overdue(0, 2, false, 9);
        assert_eq!(overdue.again, [batch(1)]);
        assert!(overdue.doubtful.is_empty());
        let overdue = requests.overdue(0, 4, false, 9);
        assert_eq!(overdue.doubtful, [BatchId(1)]);
        let stuck = requests.overdue(0, 9, true, 9);
        assert_eq!(stuck.again, [batch(1), batch(3)]);
    }
}
