//! From decided slots to the ledger: each committed leader takes along the
//! blocks of its history that are not committed yet, down to `gc_depth` rounds
//! under it, in the order of rounds and authors; they are one block of the
//! ledger.
//!
//! A replica that takes up the order at a [`Point`], after a restart or a state
//! transfer, must know what was committed before, as far as it can matter. It
//! decides the slots of the last `gc_depth` rounds once more, from the same
//! DAG: earlier leaders took along nothing above those.

use super::committer::{Committer, Decision, Slot};
use super::dag::Row;
use super::message::{Point, Ref};
use super::{Block, Env, Mysticeti};
use crate::committee::ReplicaSet;
use crate::protocol::Proof;

impl Mysticeti {
    /// Commits what the DAG decides by now.
    pub(super) fn advance<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.sync.transferring {
            return;
        }
        self.committer.decide(&self.dag);
        while let Some((slot, decision)) = self.committer.take() {
            match decision {
                Decision::Commit(leader) => self.commit(slot, leader, env),
                Decision::Skip if self.is_past(slot) => {}
                Decision::Skip => env.count("skipped-leader", 1),
            }
        }
    }

    /// Whether a slot is part of what the base stands for.
    fn is_past(&self, (round, index): Slot) -> bool {
        let base = (self.base.round, self.base.author);
        let slots = &self.config.slots;
        round < base.0
            || round == base.0
                && slots
                    .index(base.0, base.1)
                    .is_some_and(|last| index <= last)
    }

    fn commit<E: Env<Self> + ?Sized>(&mut self, slot: Slot, leader: Ref, env: &mut E) {
        let cut = leader.round.saturating_sub(self.config.gc_depth);
        let taken = self.dag.history(&leader, cut, |node| !node.committed);
        let mut block = Block {
            height: self.committed.height,
            view: leader.round,
            proposer: leader.author,
            created: self.committed.created,
            ..Block::default()
        };
        for at in &taken {
            if let Some(node) = self.dag.get(at) {
                block.batches.extend(node.block.batches.iter().copied());
                if *at == leader {
                    block.created = block.created.max(node.block.created);
                }
            }
            self.dag.mark_committed(at);
        }
        if self.is_past(slot) {
            self.pool.committed(&block);
            return;
        }
        block.height = block.height.next();
        self.pool.committed(&block);
        self.committed = Point {
            height: block.height,
            round: leader.round,
            author: leader.author,
            created: block.created,
        };
        self.points.push_back(self.committed);
        if block.height > self.applied {
            env.prove(Proof {
                kind: "vote",
                view: leader.round,
                signers: self.voters(slot, &leader),
            });
            env.commit(block);
        }
        let floor = self.floor_under(leader.round);
        self.dag
            .settle(floor, floor.saturating_sub(self.config.retain));
    }

    /// Whose blocks of the next round vote for a leader: whatever commits it, a quorum
    /// of them does.
    fn voters(&self, (round, index): Slot, leader: &Ref) -> ReplicaSet {
        let next = self.dag.row(round + 1);
        let nodes = next.into_iter().flat_map(Row::nodes);
        nodes
            .filter(|node| node.votes[index as usize] == Some(leader.id))
            .map(|node| node.block.at().author)
            .collect()
    }

    /// The highest round that no commit after a leader of `round` touches.
    pub(super) fn floor_under(&self, round: u64) -> u64 {
        round.saturating_sub(self.config.gc_depth)
    }

    /// Takes up the order at `base`, from a ledger that stands there.
    pub(super) fn take_up(&mut self, base: Point) {
        let floor = self.floor_under(base.round);
        self.base = base;
        self.committed = base;
        self.points.clear();
        self.points.push_back(base);
        self.dag.settle(floor, floor);
        self.committer = Committer::new(self.config.slots, floor + 1);
    }
}
