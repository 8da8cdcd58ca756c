//! The blocks that a replica knows: rows of rounds, with what each block votes
//! for and certifies, and the waiting room of blocks whose parents are missing.
//!
//! A block is *accepted* once all of its parents are, so whoever holds it holds
//! its whole history down to the *floor*: rounds that no commit will touch any
//! more. A slot may hold several blocks of an author that equivocates. Knows
//! nothing of commits beyond the mark that one leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smallvec::SmallVec;

use super::config::{Slots, WINDOW};
use super::message::{DagBlock, Ref};
use crate::block::BlockId;
use crate::committee::{ReplicaId, ReplicaSet};

/// Per leader slot of a round, the block that is meant.
type PerSlot = SmallVec<[Option<BlockId>; 2]>;

/// An accepted block.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) block: Arc<DagBlock>,
    /// Whether it is part of the order.
    pub(super) committed: bool,
    /// What it votes for among the leaders of the round before.
    pub(super) votes: PerSlot,
    /// What it certifies among the leaders two rounds before: a quorum of its
    /// parents votes for that.
    pub(super) certifies: PerSlot,
}

/// The accepted blocks of a round.
#[derive(Debug)]
pub(super) struct Row {
    /// By author; several when it equivocates, in the order of their arrival.
    slots: Vec<SmallVec<[Node; 1]>>,
    authors: ReplicaSet,
}

impl Row {
    /// Its blocks.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.slots.iter().flatten()
    }

    /// How many authors have a block.
    pub(super) fn authors(&self) -> u32 {
        self.authors.len()
    }

    /// The blocks of one author.
    pub(super) fn of(&self, author: ReplicaId) -> &[Node] {
        &self.slots[author.index()]
    }
}

/// What became of a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It is accepted, and with it what waited for it.
    Accepted,
    /// It waits for parents.
    Waiting,
    /// It changes nothing: known, or from a round that is settled.
    Useless,
    /// Its author made another one that round, and nobody refers to this one.
    Twin,
    /// Too far ahead, or too many of its author wait.
    Ahead,
}

#[derive(Debug)]
pub(super) struct Dag {
    slots: Slots,
    rows: BTreeMap<u64, Row>,
    floor: u64,
    quorum_round: u64,
    /// Accepted blocks to which no accepted block refers.
    loose: BTreeSet<Ref>,
    /// Blocks with batches, not committed yet.
    open: BTreeSet<Ref>,
    /// Blocks whose parents are missing, with the number of those.
    waiting: BTreeMap<Ref, (Arc<DagBlock>, usize)>,
    /// By missing or waiting parent, who waits for it.
    children: BTreeMap<Ref, Vec<Ref>>,
    /// Blocks accepted since they were last taken for the log.
    learnt: Vec<Arc<DagBlock>>,
}

impl Dag {
    /// An empty one whose rounds up to `floor` are settled.
    pub(super) fn new(slots: Slots, floor: u64) -> Self {
        Self {
            slots,
            rows: BTreeMap::new(),
            floor,
            quorum_round: floor,
            loose: BTreeSet::new(),
            open: BTreeSet::new(),
            waiting: BTreeMap::new(),
            children: BTreeMap::new(),
            learnt: Vec::new(),
        }
    }

    /// Rounds up to this one are settled.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// The highest round of which a quorum of blocks is accepted.
    pub(super) fn quorum_round(&self) -> u64 {
        self.quorum_round
    }

    /// The highest round with a block.
    pub(super) fn top(&self) -> u64 {
        self.rows
            .last_key_value()
            .map_or(self.floor, |(&round, _)| round)
    }

    /// The accepted blocks of a round.
    pub(super) fn row(&self, round: u64) -> Option<&Row> {
        self.rows.get(&round)
    }

    /// The oldest round still held.
    pub(super) fn oldest(&self) -> u64 {
        let first = self.rows.first_key_value();
        first.map_or(self.floor + 1, |(&round, _)| round)
    }

    /// All rounds from this one on.
    pub(super) fn rows_from(&self, round: u64) -> impl Iterator<Item = (u64, &Row)> {
        self.rows.range(round..).map(|(&round, row)| (round, row))
    }

    /// An accepted block.
    pub(super) fn get(&self, at: &Ref) -> Option<&Node> {
        let of = self.rows.get(&at.round)?.slots.get(at.author.index())?;
        of.iter().find(|node| node.block.at().id == at.id)
    }

    /// Whether this author has an accepted block in that round.
    pub(super) fn has_author(&self, round: u64, author: ReplicaId) -> bool {
        self.rows
            .get(&round)
            .is_some_and(|row| row.authors.contains(author))
    }

    fn is_settled_or_held(&self, at: &Ref) -> bool {
        at.round <= self.floor || self.get(at).is_some()
    }

    /// Whether this block changes nothing any more.
    pub(super) fn is_known(&self, at: &Ref) -> bool {
        self.is_settled_or_held(at) || self.waiting.contains_key(at)
    }

    /// Whether some block here waits for this one.
    pub(super) fn wants(&self, at: &Ref) -> bool {
        self.children.contains_key(at)
    }

    /// What is missing, oldest first.
    pub(super) fn missing(&self) -> impl Iterator<Item = Ref> + '_ {
        let wanted = self.children.keys();
        wanted.filter(|at| !self.waiting.contains_key(at)).copied()
    }

    /// Takes a block whose form was checked.
    pub(super) fn insert(&mut self, block: Arc<DagBlock>) -> Inserted {
        let at = block.at();
        if self.is_known(&at) {
            return Inserted::Useless;
        }
        let slot = (Ref {
            id: BlockId(0),
            ..at
        })..=(Ref {
            id: BlockId(u64::MAX),
            ..at
        });
        let twin =
            self.has_author(at.round, at.author) || self.waiting.range(slot).next().is_some();
        if !self.wants(&at) {
            if twin {
                return Inserted::Twin;
            }
            if at.round > self.quorum_round + WINDOW || self.crowded(at.author) {
                return Inserted::Ahead;
            }
        }
        self.restore(block)
    }

    /// Takes a block that was accepted before, such as one from the log.
    pub(super) fn restore(&mut self, block: Arc<DagBlock>) -> Inserted {
        let at = block.at();
        if self.is_known(&at) {
            return Inserted::Useless;
        }
        let missing: Vec<Ref> = block
            .parents
            .iter()
            .filter(|parent| !self.is_settled_or_held(parent))
            .copied()
            .collect();
        if missing.is_empty() {
            self.accept(block);
            return Inserted::Accepted;
        }
        self.waiting.insert(at, (block, missing.len()));
        for parent in missing {
            self.children.entry(parent).or_default().push(at);
        }
        Inserted::Waiting
    }

    /// Whether an author has as many blocks waiting as a window has rounds.
    fn crowded(&self, author: ReplicaId) -> bool {
        let of = self.waiting.keys().filter(|at| at.author == author);
        of.count() as u64 > WINDOW
    }

    /// Accepts a block whose parents are all there, and what waited for it.
    fn accept(&mut self, block: Arc<DagBlock>) {
        let mut ready = vec![block];
        while let Some(block) = ready.pop() {
            let at = block.at();
            self.place(block);
            self.release(&at, &mut ready);
        }
    }

    /// `at` is there: who waited for it waits for one parent less.
    fn release(&mut self, at: &Ref, ready: &mut Vec<Arc<DagBlock>>) {
        for child in self.children.remove(at).unwrap_or_default() {
            let Some((_, left)) = self.waiting.get_mut(&child) else {
                continue;
            };
            *left -= 1;
            if *left == 0
                && let Some((block, _)) = self.waiting.remove(&child)
            {
                ready.push(block);
            }
        }
    }

    fn place(&mut self, block: Arc<DagBlock>) {
        let at = block.at();
        if at.round <= self.floor {
            return;
        }
        let (votes, certifies) = (self.votes(&block), self.certifies(&block));
        for parent in &block.parents {
            self.loose.remove(parent);
        }
        self.loose.insert(at);
        if !block.batches.is_empty() {
            self.open.insert(at);
        }
        self.learnt.push(Arc::clone(&block));
        let committee = self.slots.committee;
        let row = self.rows.entry(at.round).or_insert_with(|| Row {
            slots: (0..committee.n()).map(|_| SmallVec::new()).collect(),
            authors: ReplicaSet::new(),
        });
        row.authors.insert(at.author);
        row.slots[at.author.index()].push(Node {
            block,
            committed: false,
            votes,
            certifies,
        });
        if row.authors.len() >= committee.quorum() {
            self.quorum_round = self.quorum_round.max(at.round);
        }
    }

    fn none(&self) -> PerSlot {
        (0..self.slots.leaders).map(|_| None).collect()
    }

    /// The leaders' blocks of the round before that are parents. A block has
    /// one parent of a slot at most, so it votes once.
    fn votes(&self, block: &DagBlock) -> PerSlot {
        let mut votes = self.none();
        let before = block.at().round - 1;
        for parent in block.parents.iter().filter(|parent| parent.round == before) {
            if let Some(index) = self.slots.index(before, parent.author) {
                votes[index as usize] = Some(parent.id);
            }
        }
        votes
    }

    fn certifies(&self, block: &DagBlock) -> PerSlot {
        let mut certifies = self.none();
        let before = block.at().round - 1;
        let voters = || {
            let parents = block.parents.iter();
            let parents = parents.filter(|parent| parent.round == before);
            parents.filter_map(|parent| self.get(parent))
        };
        for (index, certified) in certifies.iter_mut().enumerate() {
            let mut counts: SmallVec<[(BlockId, u32); 2]> = SmallVec::new();
            for id in voters().filter_map(|node| node.votes[index]) {
                match counts.iter_mut().find(|(other, _)| *other == id) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((id, 1)),
                }
            }
            let quorum = self.slots.committee.quorum();
            let found = counts.iter().find(|(_, count)| *count >= quorum);
            *certified = found.map(|&(id, _)| id);
        }
        certifies
    }

    /// The history of `from` above round `below`, in no particular order,
    /// as far as `keep` lets the walk pass; `from` included.
    pub(super) fn history(
        &self,
        from: &Ref,
        below: u64,
        keep: impl Fn(&Node) -> bool,
    ) -> BTreeSet<Ref> {
        let mut seen = BTreeSet::new();
        let mut open = vec![*from];
        while let Some(at) = open.pop() {
            if at.round <= below || seen.contains(&at) {
                continue;
            }
            let Some(node) = self.get(&at).filter(|node| keep(node)) else {
                continue;
            };
            seen.insert(at);
            open.extend(&node.block.parents);
        }
        seen
    }

    /// Marks a block as part of the order.
    pub(super) fn mark_committed(&mut self, at: &Ref) {
        self.open.remove(at);
        let row = self.rows.get_mut(&at.round);
        let of = row.and_then(|row| row.slots.get_mut(at.author.index()));
        for node in of.into_iter().flatten() {
            node.committed |= node.block.at().id == at.id;
        }
    }

    /// Whether blocks with batches wait for their commit.
    pub(super) fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Those blocks.
    pub(super) fn open(&self) -> impl Iterator<Item = Ref> + '_ {
        self.open.iter().copied()
    }

    /// Accepted blocks to which none refers, oldest first.
    pub(super) fn loose(&self) -> impl Iterator<Item = Ref> + '_ {
        self.loose.iter().copied()
    }

    /// The blocks accepted since the last call.
    pub(super) fn take_learnt(&mut self) -> Vec<Arc<DagBlock>> {
        std::mem::take(&mut self.learnt)
    }

    /// Rounds up to `floor` are settled, and those up to `forgotten` no longer
    /// kept.
    pub(super) fn settle(&mut self, floor: u64, forgotten: u64) {
        self.rows = self.rows.split_off(&(forgotten.min(floor) + 1));
        if floor <= self.floor {
            return;
        }
        self.floor = floor;
        self.quorum_round = self.quorum_round.max(floor);
        let above = Ref {
            round: floor + 1,
            ..Ref::default()
        };
        self.loose = self.loose.split_off(&above);
        self.open = self.open.split_off(&above);
        self.waiting = self.waiting.split_off(&above);
        let old: Vec<Ref> = self.children.range(..above).map(|(&at, _)| at).collect();
        let mut ready = Vec::new();
        for at in old {
            self.release(&at, &mut ready);
        }
        for block in ready {
            self.accept(block);
        }
        // Who waits here only for blocks that are gone waits no longer.
        let waiting = &self.waiting;
        self.children.retain(|_, children| {
            children.retain(|child| waiting.contains_key(child));
            !children.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::committee::{Committee, FaultModel};

    fn dag() -> Dag {
        let slots = Slots {
            committee: Committee::new(4, FaultModel::Byzantine),
            leaders: 1,
        };
        Dag::new(slots, 0)
    }

    fn block(round: u64, author: u32, nanos: u64, parents: &[Ref]) -> Arc<DagBlock> {
        Arc::new(DagBlock::new(
            round,
            ReplicaId(author),
            Duration::from_nanos(nanos),
            SmallVec::new(),
            parents.to_vec(),
        ))
    }

    fn genesis() -> Vec<Ref> {
        (0..4).map(|id| Ref::genesis(ReplicaId(id))).collect()
    }

    #[test]
    fn a_block_waits_for_its_parents() {
        let mut dag = dag();
        let first: Vec<_> = (0..3).map(|id| block(1, id, 0, &genesis())).collect();
        let names: Vec<Ref> = first.iter().map(|block| block.at()).collect();
        let child = block(2, 0, 0, &names);
        let grandchild = block(3, 0, 0, &[child.at()]);
        assert_eq!(dag.insert(Arc::clone(&grandchild)), Inserted::Waiting);
        assert_eq!(dag.missing().collect::<Vec<_>>(), [child.at()]);
        assert_eq!(dag.insert(Arc::clone(&child)), Inserted::Waiting);
        assert_eq!(dag.missing().collect::<Vec<_>>(), names);
        for block in first {
            assert_eq!(dag.insert(block), Inserted::Accepted);
        }
        assert!(dag.get(&grandchild.at()).is_some());
        assert_eq!((dag.missing().count(), dag.quorum_round()), (0, 1));
        assert_eq!(dag.loose().collect::<Vec<_>>(), [grandchild.at()]);
    }

    #[test]
    fn a_second_block_of_a_slot_is_taken_only_when_another_refers_to_it() {
        let mut dag = dag();
        let (one, two) = (block(1, 0, 0, &genesis()), block(1, 0, 1, &genesis()));
        assert_eq!(dag.insert(Arc::clone(&one)), Inserted::Accepted);
        assert_eq!(dag.insert(Arc::clone(&two)), Inserted::Twin);
        let child = block(2, 1, 0, &[two.at()]);
        assert_eq!(dag.insert(child), Inserted::Waiting);
        assert_eq!(dag.insert(two), Inserted::Accepted);
        assert_eq!(dag.row(1).map(|row| row.of(ReplicaId(0)).len()), Some(2));
    }

    #[test]
    fn what_is_missing_below_the_floor_is_missed_no_longer() {
        let mut dag = dag();
        let lost = block(1, 0, 0, &genesis());
        let child = block(2, 1, 0, &[lost.at()]);
        assert_eq!(dag.insert(Arc::clone(&child)), Inserted::Waiting);
        dag.settle(1, 0);
        assert!(dag.get(&child.at()).is_some());
        assert_eq!(dag.missing().count(), 0);
        assert_eq!(dag.insert(lost), Inserted::Useless);
        dag.settle(3, 2);
        assert!(dag.get(&child.at()).is_none());
        assert_eq!(dag.oldest(), 4);
    }

    #[test]
    fn an_author_cannot_fill_the_waiting_room() {
        let mut dag = dag();
        let unknown = |round: u64| Ref {
            id: BlockId(7),
            round,
            ..Ref::default()
        };
        for round in 2..=WINDOW {
            let block = block(round, 1, 0, &[unknown(round - 1)]);
            assert_eq!(dag.insert(block), Inserted::Waiting);
        }
        let far = block(WINDOW + 1, 1, 0, &[unknown(WINDOW)]);
        assert_eq!(dag.insert(far), Inserted::Ahead);
    }
}
