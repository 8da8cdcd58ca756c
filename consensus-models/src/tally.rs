//! Votes on their way to a certificate.
//!
//! A *slot* is what a replica votes in once: a view, a round, an epoch. The
//! *choice* is what it voted for there. Bounded by what the caller lets in:
//! a window of slots, and one vote per replica and slot.

use crate::committee::{ReplicaId, ReplicaSet};

/// What became of a vote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// The last one that was missing: these are the voters. They are no longer
    /// kept; further votes for that choice start anew.
    Quorum(ReplicaSet),
    /// One more.
    Open,
    /// Counted before.
    Useless,
    /// The sender voted for another choice in that slot.
    Equivocation,
}

#[derive(Debug)]
struct Tally<C> {
    slot: u64,
    choice: C,
    voters: ReplicaSet,
}

/// Votes for choices that are not certified yet.
#[derive(Debug)]
pub(crate) struct Votes<C> {
    tallies: Vec<Tally<C>>,
}

impl<C> Default for Votes<C> {
    fn default() -> Self {
        Self {
            tallies: Vec::new(),
        }
    }
}

impl<C: Copy + PartialEq> Votes<C> {
    /// Counts a vote.
    pub(crate) fn add(&mut self, from: ReplicaId, slot: u64, choice: C, quorum: u32) -> Counted {
        let mut found = None;
        for (index, tally) in self.tallies.iter().enumerate() {
            if tally.slot != slot {
                continue;
            }
            if tally.choice == choice {
                found = Some(index);
            } else if tally.voters.contains(from) {
                return Counted::Equivocation;
            }
        }
        let index = found.unwrap_or_else(|| {
            self.tallies.push(Tally {
                slot,
                choice,
                voters: ReplicaSet::new(),
            });
            self.tallies.len() - 1
        });
        let voters = &mut self.tallies[index].voters;
        if !voters.insert(from) {
            return Counted::Useless;
        }
        if voters.len() < quorum {
            return Counted::Open;
        }
        Counted::Quorum(self.tallies.swap_remove(index).voters)
    }

    /// Whether this vote was counted already.
    pub(crate) fn has(&self, from: ReplicaId, slot: u64, choice: C) -> bool {
        self.tallies.iter().any(|tally| {
            tally.slot == slot && tally.choice == choice && tally.voters.contains(from)
        })
    }

    /// Forgets votes for slots up to `last`.
    pub(crate) fn forget_up_to(&mut self, last: u64) {
        self.tallies.retain(|tally| tally.slot > last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_counts_each_voter_once() {
        let mut votes = Votes::default();
        assert_eq!(votes.add(ReplicaId(0), 1, 'a', 3), Counted::Open);
        assert_eq!(votes.add(ReplicaId(0), 1, 'a', 3), Counted::Useless);
        assert_eq!(votes.add(ReplicaId(0), 1, 'b', 3), Counted::Equivocation);
        assert_eq!(votes.add(ReplicaId(0), 2, 'b', 3), Counted::Open);
        assert_eq!(votes.add(ReplicaId(1), 1, 'a', 3), Counted::Open);
        let Counted::Quorum(voters) = votes.add(ReplicaId(3), 1, 'a', 3) else {
            panic!("three voters are a quorum");
        };
        assert_eq!(voters.len(), 3);
    }

    #[test]
    fn votes_of_the_past_are_forgotten() {
        let mut votes = Votes::default();
        votes.add(ReplicaId(0), 6, 'a', 3);
        votes.add(ReplicaId(0), 7, 'a', 3);
        votes.forget_up_to(6);
        assert!(!votes.has(ReplicaId(0), 6, 'a'));
        assert!(votes.has(ReplicaId(0), 7, 'a'));
    }
}
