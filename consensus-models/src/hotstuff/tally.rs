//! Votes on their way to a certificate, and timeouts on theirs.
//!
//! Bounded whatever is sent: a replica counts once per view, in a window of
//! views above the highest certificate.

use super::message::BlockRef;
use crate::committee::{ReplicaId, ReplicaSet};

/// Votes for views further above the highest certificate are not kept: such a
/// certificate reaches a replica that lags so far with the next proposal.
const WINDOW: u64 = 64;

/// What became of a vote.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// The last one that was missing: these are the voters.
    Quorum(ReplicaSet),
    /// One more.
    Open,
    /// Counted before, too late, or too early to be kept.
    Useless,
    /// The sender voted for another block in that view.
    Equivocation,
}

#[derive(Debug)]
struct Tally {
    at: BlockRef,
    voters: ReplicaSet,
}

/// Votes for blocks that are not certified yet.
#[derive(Debug, Default)]
pub(super) struct Votes {
    tallies: Vec<Tally>,
}

impl Votes {
    /// Whether a vote may still count when `high` is the view of the highest
    /// certificate and `view` the current view.
    pub(super) fn in_window(at: &BlockRef, high: u64, view: u64) -> bool {
        at.view > high && at.view <= view.saturating_add(WINDOW)
    }

    /// Counts a vote.
    pub(super) fn add(&mut self, from: ReplicaId, at: BlockRef, quorum: u32) -> Counted {
        let mut found = None;
        for (index, tally) in self.tallies.iter().enumerate() {
            if tally.at == at {
                found = Some(index);
            } else if tally.at.view == at.view && tally.voters.contains(from) {
                return Counted::Equivocation;
            }
        }
        let index = found.unwrap_or_else(|| {
            self.tallies.push(Tally {
                at,
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
    pub(super) fn has(&self, from: ReplicaId, at: &BlockRef) -> bool {
        self.tallies
            .iter()
            .any(|tally| tally.at == *at && tally.voters.contains(from))
    }

    /// Forgets votes for views up to `high`.
    pub(super) fn forget_up_to(&mut self, high: u64) {
        self.tallies.retain(|tally| tally.at.view > high);
    }
}

/// Timeouts of the current term.
#[derive(Debug, Default)]
pub(super) struct Timeouts {
    senders: ReplicaSet,
    high: u64,
}

impl Timeouts {
    /// Counts a timeout whose sender's highest certificate is of view `high`;
    /// `false` when it was counted before.
    pub(super) fn add(&mut self, from: ReplicaId, high: u64) -> bool {
        let fresh = self.senders.insert(from);
        if fresh {
            self.high = self.high.max(high);
        }
        fresh
    }

    pub(super) fn has(&self, from: ReplicaId) -> bool {
        self.senders.contains(from)
    }

    pub(super) fn len(&self) -> u32 {
        self.senders.len()
    }

    /// The senders and the view of their highest certificate.
    pub(super) fn close(&self) -> (ReplicaSet, u64) {
        (self.senders.clone(), self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{BlockId, Height};

    fn at(view: u64, id: u64) -> BlockRef {
        BlockRef {
            view,
            height: Height(1),
            id: BlockId(id),
        }
    }

    #[test]
    fn a_quorum_counts_each_voter_once() {
        let mut votes = Votes::default();
        assert_eq!(votes.add(ReplicaId(0), at(1, 7), 3), Counted::Open);
        assert_eq!(votes.add(ReplicaId(0), at(1, 7), 3), Counted::Useless);
        assert_eq!(votes.add(ReplicaId(0), at(1, 8), 3), Counted::Equivocation);
        assert_eq!(votes.add(ReplicaId(1), at(1, 7), 3), Counted::Open);
        let Counted::Quorum(voters) = votes.add(ReplicaId(3), at(1, 7), 3) else {
            panic!("three voters are a quorum");
        };
        assert_eq!(voters.len(), 3);
    }

    #[test]
    fn votes_of_the_past_and_of_a_far_future_are_not_kept() {
        assert!(!Votes::in_window(&at(5, 1), 5, 6));
        assert!(Votes::in_window(&at(6, 1), 5, 6));
        assert!(!Votes::in_window(&at(6 + WINDOW + 1, 1), 5, 6));
        let mut votes = Votes::default();
        votes.add(ReplicaId(0), at(6, 1), 3);
        votes.forget_up_to(6);
        assert!(!votes.has(ReplicaId(0), &at(6, 1)));
    }
}
