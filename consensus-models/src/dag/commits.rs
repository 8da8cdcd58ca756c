//! Committed leaders become blocks: the deterministic part of the order.
//!
//! The k-th committed leader makes the block of height k: the batches of its
//! causal history, less what earlier leaders delivered, less rounds further
//! than `gc_depth` below the leader, less batches that the last blocks hold, in
//! order of round and author. All of that is a function of the sequence of
//! leaders. Who knows the *commit state* after a leader (which vertices above
//! the depth are delivered, which batches are remembered, the last timestamp)
//! continues exactly as the others. The states of the last heights can be told,
//! for peers that resume there and for the log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::{Dag, Vertex, VertexRef};
use crate::block::{BatchId, Block, Height};
use crate::wire::{DIGEST_BYTES, NUMBER_BYTES};

/// What must be known to continue after a height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitState {
    /// The height.
    pub height: Height,
    /// The round of its leader.
    pub round: u64,
    /// The timestamp of its block.
    pub created: Duration,
    /// Delivered vertices that a later leader may reach.
    pub delivered: Vec<VertexRef>,
    /// Batches of the last blocks.
    pub batches: Vec<(Height, BatchId)>,
}

impl CommitState {
    /// Bytes on the wire and on the disk.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        3 * NUMBER_BYTES
            + self.delivered.len() as u32 * VertexRef::BYTES
            + self.batches.len() as u32 * (NUMBER_BYTES + DIGEST_BYTES)
    }
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    /// Rounds below a leader that it may still deliver.
    pub(crate) gc_depth: u64,
    /// Rounds below those that are kept for replicas that lag.
    pub(crate) retain: u64,
    /// Heights whose commit states are kept at least.
    pub(crate) heights: u64,
    /// Heights during which a committed batch is not ordered again.
    pub(crate) batches: u64,
}

/// A height whose commit state can be told.
#[derive(Clone, Copy, Debug)]
struct Mark {
    height: Height,
    round: u64,
    created: Duration,
}

#[derive(Debug)]
pub(crate) struct Commits {
    keep: Keep,
    /// Oldest first, never empty.
    marks: VecDeque<Mark>,
    /// With the height that delivered it.
    delivered: BTreeMap<VertexRef, Height>,
    batches: VecDeque<(Height, BatchId)>,
    /// The last height of each of them.
    last_of: BTreeMap<BatchId, Height>,
}

impl Commits {
    /// Continues from a commit state, the default one being the genesis.
    pub(crate) fn new(keep: Keep, state: &CommitState) -> Self {
        let mark = Mark {
            height: state.height,
            round: state.round,
            created: state.created,
        };
        let delivered = state.delivered.iter().map(|&at| (at, state.height));
        let last_of = state.batches.iter().map(|&(height, id)| (id, height));
        Self {
            keep,
            marks: [mark].into(),
            delivered: delivered.collect(),
            batches: state.batches.iter().copied().collect(),
            last_of: last_of.collect(),
        }
    }

    fn last(&self) -> Mark {
        *self.marks.back().expect("there is a mark from the start")
    }

    /// The last height.
    pub(crate) fn height(&self) -> Height {
        self.last().height
    }

    /// The round of its leader.
    pub(crate) fn round(&self) -> u64 {
        self.last().round
    }

    fn floor_of(&self, round: u64) -> u64 {
        round.saturating_sub(self.keep.gc_depth)
    }

    /// No vertex of a round up to this one will be delivered any more.
    pub(crate) fn floor(&self) -> u64 {
        self.floor_of(self.round())
    }

    /// Rounds up to this one need not be kept for anybody.
    pub(crate) fn kept(&self) -> u64 {
        self.floor_of(self.marks[0].round)
    }

    /// Whether a vertex was delivered, as far as that is remembered.
    pub(crate) fn has_delivered(&self, at: &VertexRef) -> bool {
        self.delivered.contains_key(at)
    }

    /// The next committed leader, whose ancestors are all at hand; returns its
    /// block and the vertices that it delivers.
    pub(crate) fn order<V: Vertex>(&mut self, leader: &V, dag: &Dag<V>) -> (Block, Vec<VertexRef>) {
        let (at, last) = (leader.at(), self.last());
        let height = last.height.next();
        let floor = self.floor_of(at.round);
        let stop = |at: &VertexRef| at.round <= floor || self.has_delivered(at);
        let vertices = dag.history(at, stop);
        let mut batches = SmallVec::new();
        for vertex in &vertices {
            self.delivered.insert(vertex.at(), height);
            for batch in vertex.batches() {
                if self.note(batch.id, height) {
                    batches.push(*batch);
                }
            }
        }
        // Clocks differ; time on the chain does not run back.
        let created = leader.created().max(last.created);
        self.marks.push_back(Mark {
            height,
            round: at.round,
            created,
        });
        self.forget();
        let block = Block {
            height,
            view: at.round,
            proposer: at.author,
            created,
            batches,
        };
        (block, vertices.iter().map(|vertex| vertex.at()).collect())
    }

    /// Remembers a batch; `false` when it is in one of the last blocks.
    fn note(&mut self, id: BatchId, height: Height) -> bool {
        let recent = self.last_of.get(&id);
        if recent.is_some_and(|last| last.0 + self.keep.batches >= height.0) {
            return false;
        }
        self.last_of.insert(id, height);
        self.batches.push_back((height, id));
        true
    }

    fn forget(&mut self) {
        let (last, floor) = (self.last(), self.floor());
        while self.floor_of(self.marks[0].round) + self.keep.retain < floor
            && self.marks[0].height.0 + self.keep.heights < last.height.0
        {
            self.marks.pop_front();
        }
        let kept = VertexRef {
            round: self.kept() + 1,
            ..VertexRef::default()
        };
        if self
            .delivered
            .first_key_value()
            .is_some_and(|(at, _)| *at < kept)
        {
            self.delivered = self.delivered.split_off(&kept);
        }
        let oldest = self.marks[0].height.0.saturating_sub(self.keep.batches);
        while let Some(&(height, id)) = self.batches.front().filter(|(at, _)| at.0 < oldest) {
            self.batches.pop_front();
            if self.last_of.get(&id) == Some(&height) {
                self.last_of.remove(&id);
            }
        }
    }

    /// The commit state of a height, where it is remembered.
    pub(crate) fn state_at(&self, height: Height) -> Option<Arc<CommitState>> {
        let first = self.marks[0].height.0;
        let index = height.0.checked_sub(first)?;
        let mark = *self.marks.get(index as usize)?;
        let floor = self.floor_of(mark.round);
        let delivered = self.delivered.iter();
        let delivered = delivered.filter(|(at, by)| at.round > floor && **by <= height);
        let oldest = height.0.saturating_sub(self.keep.batches);
        let batches = self.batches.iter().copied();
        Some(Arc::new(CommitState {
            height,
            round: mark.round,
            created: mark.created,
            delivered: delivered.map(|(&at, _)| at).collect(),
            batches: batches
                .filter(|(at, _)| (oldest..=height.0).contains(&at.0))
                .collect(),
        }))
    }

    /// The same, of the nearest height from `height` on that is remembered.
    pub(crate) fn state_from(&self, height: Height) -> Arc<CommitState> {
        let at = height.max(self.marks[0].height).min(self.height());
        self.state_at(at).expect("marks are contiguous")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bare, at, bare};
    use super::*;

    const KEEP: Keep = Keep {
        gc_depth: 4,
        retain: 6,
        heights: 2,
        batches: 3,
    };

    fn dag(rounds: u64) -> Dag<Bare> {
        let mut dag = Dag::new(3);
        for round in 1..=rounds {
            for author in 0..3 {
                // Author 2 is linked to only by itself, but every fifth round.
                let parents: &[u32] = match (round, author) {
                    (1, _) => &[],
                    (_, 2) => &[0, 1, 2],
                    _ if round % 5 == 0 => &[0, 1, 2],
                    _ => &[0, 1],
                };
                let batch = 1 + (round * 3 + u64::from(author)) % 20;
                dag.insert(bare(round, author, parents, batch));
            }
        }
        dag
    }

    fn leaders() -> impl Iterator<Item = VertexRef> {
        (1..30).map(|index| at(2 * index, (index % 2) as u32))
    }

    #[test]
    fn who_resumes_from_a_commit_state_continues_as_the_others() {
        let dag = dag(60);
        let mut all = Commits::new(KEEP, &CommitState::default());
        let mut others: Vec<Commits> = Vec::new();
        for leader in leaders() {
            let leader = dag.get(&leader).expect("stored");
            let block = all.order(&**leader, &dag);
            for other in &mut others {
                assert_eq!(other.order(&**leader, &dag), block);
            }
            for back in 0..=2.min(all.height().0) {
                let height = Height(all.height().0 - back);
                let state = all.state_at(height).expect("kept");
                let mut other = Commits::new(KEEP, &state);
                for leader in leaders().skip(height.0 as usize).take(back as usize) {
                    other.order(&**dag.get(&leader).expect("stored"), &dag);
                }
                assert_eq!(other.state_at(all.height()), all.state_at(all.height()));
                others.push(other);
            }
        }
        assert!(all.state_at(Height(3)).is_none());
        assert!(all.kept() > 40 && all.delivered.len() < 60);
        assert!(all.batches.len() < 60 && all.last_of.len() <= 20);
    }

    #[test]
    fn a_remembered_batch_is_not_ordered_again_and_a_late_vertex_is_once() {
        let mut dag = Dag::new(3);
        dag.insert(bare(1, 0, &[], 1));
        dag.insert(bare(1, 1, &[], 2));
        dag.insert(bare(2, 0, &[0], 2));
        dag.insert(bare(3, 0, &[0], 2));
        dag.insert(bare(4, 0, &[0], 0));
        let mut commits = Commits::new(KEEP, &CommitState::default());
        let mut order = |leader| {
            let leader = dag.get(&leader).expect("stored");
            let (block, vertices) = commits.order(&**leader, &dag);
            let ids: Vec<_> = block.batches.iter().map(|batch| batch.id.0).collect();
            (ids, vertices.len())
        };
        assert_eq!(order(at(2, 0)), (vec![1, 2], 2));
        assert_eq!(order(at(3, 0)), (vec![], 1));
        assert_eq!(order(at(1, 1)), (vec![], 1));
    }
}
