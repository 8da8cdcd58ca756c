//! The decision rule: which leader slots are committed, which are skipped.
//!
//! A wave is three rounds: a leader's block of round r is *proposed*; a block
//! of round r + 1 *votes* for it by having it as a parent; a block of round
//! r + 2 *certifies* it when a quorum of its parents votes for it. A function
//! of the DAG alone: knows no messages, no heights.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::config::Slots;
use super::dag::{Dag, Node};
use super::message::Ref;
use crate::block::BlockId;
use crate::committee::ReplicaSet;

/// Rounds of a wave: propose, vote, certify.
const WAVE: u64 = 3;

/// What becomes of a leader slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Its block, one of them should there be several, leads the next commit.
    Commit(Ref),
    /// Nothing.
    Skip,
}

/// A leader slot: a round, and an index among the leaders of it. Slots are
/// decided in any order and taken in this one.
pub(super) type Slot = (u64, u32);

/// The slots from the first that is not taken.
#[derive(Debug)]
pub(super) struct Committer {
    slots: Slots,
    next: Slot,
    decided: BTreeMap<Slot, Decision>,
}

impl Committer {
    /// Begins with the slots of `round`.
    pub(super) fn new(slots: Slots, round: u64) -> Self {
        Self {
            slots,
            next: (round, 0),
            decided: BTreeMap::new(),
        }
    }

    /// Decides what the DAG allows, the latest slot first, because an earlier
    /// one may have to follow a later one.
    pub(super) fn decide(&mut self, dag: &Dag) {
        for round in (self.next.0..=dag.top()).rev() {
            for index in (0..self.slots.leaders).rev() {
                let slot = (round, index);
                if slot < self.next || self.decided.contains_key(&slot) {
                    continue;
                }
                let decision = self.direct(dag, slot).or_else(|| self.indirect(dag, slot));
                if let Some(decision) = decision {
                    self.decided.insert(slot, decision);
                }
            }
        }
    }

    /// Takes the next slot, should it be decided.
    pub(super) fn take(&mut self) -> Option<(Slot, Decision)> {
        let slot = self.next;
        let decision = self.decided.remove(&slot)?;
        self.next = if slot.1 + 1 < self.slots.leaders {
            (slot.0, slot.1 + 1)
        } else {
            (slot.0 + 1, 0)
        };
        Some((slot, decision))
    }

    /// Skips with a quorum that blames the leader: whose blocks of the next
    /// round vote for none of its blocks. Commits with a quorum of certificates.
    fn direct(&self, dag: &Dag, slot: Slot) -> Option<Decision> {
        let (round, index) = (slot.0, slot.1 as usize);
        let quorum = self.slots.committee.quorum();
        let mut blames = ReplicaSet::new();
        for node in dag.row(round + 1)?.nodes() {
            if node.votes[index].is_none() {
                blames.insert(node.block.at().author);
            }
        }
        if blames.len() >= quorum {
            return Some(Decision::Skip);
        }
        let mut certified: SmallVec<[(BlockId, ReplicaSet); 1]> = SmallVec::new();
        for node in dag.row(round + 2)?.nodes() {
            let Some(id) = node.certifies[index] else {
                continue;
            };
            let found = certified.iter().position(|(other, _)| *other == id);
            let found = found.unwrap_or_else(|| {
                certified.push((id, ReplicaSet::new()));
                certified.len() - 1
            });
            certified[found].1.insert(node.block.at().author);
        }
        let whole = certified.iter().find(|(_, by)| by.len() >= quorum);
        whole.map(|(id, _)| self.commit(slot, *id))
    }

    /// Follows the first slot of a later wave that is not skipped: commits what
    /// is certified in the history of its block, else skips.
    fn indirect(&self, dag: &Dag, slot: Slot) -> Option<Decision> {
        let anchor = (slot.0 + WAVE..=dag.top())
            .flat_map(|round| (0..self.slots.leaders).map(move |index| (round, index)))
            .find_map(|later| match self.decided.get(&later) {
                Some(Decision::Skip) => None,
                decision => Some(decision),
            })?;
        let Decision::Commit(anchor) = anchor? else {
            return None;
        };
        let certificates = slot.0 + WAVE - 1;
        let index = slot.1 as usize;
        let history = dag.history(anchor, certificates - 1, |_: &Node| true);
        let mut reached = history
            .iter()
            .take_while(|at| at.round == certificates)
            .filter_map(|at| dag.get(at));
        let found = reached.find_map(|node| node.certifies[index]);
        Some(found.map_or(Decision::Skip, |id| self.commit(slot, id)))
    }

    fn commit(&self, slot: Slot, id: BlockId) -> Decision {
        Decision::Commit(Ref {
            round: slot.0,
            author: self.slots.leader(slot.0, slot.1),
            id,
        })
    }
}

#[cfg(test)]
#[path = "committer_tests.rs"]
mod tests;
