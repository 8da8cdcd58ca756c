//! The message log: one slot per height between the watermarks, in a ring.
//!
//! Knows votes and certificates; does not know what to do about them.

use std::sync::Arc;

use super::message::Certificate;
use crate::block::{Block, BlockId, Height};
use crate::committee::{ReplicaId, ReplicaSet};

/// Votes of one kind at one height in one view. A replica's first vote counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The name that `voters` voted for.
    digest: BlockId,
    voters: ReplicaSet,
    /// Votes for other names: only faulty replicas cause any.
    strays: Vec<(ReplicaId, BlockId)>,
}

impl Tally {
    /// Counts a vote; `false` when the replica had voted already.
    pub(super) fn add(&mut self, from: ReplicaId, digest: BlockId) -> bool {
        if self.voters.is_empty() {
            self.digest = digest;
        }
        if !self.strays.is_empty() && self.strays.iter().any(|&(voter, _)| voter == from) {
            return false;
        }
        if digest == self.digest {
            return self.voters.insert(from);
        }
        if self.voters.contains(from) {
            return false;
        }
        self.strays.push((from, digest));
        true
    }

    /// Takes over the votes of a certificate.
    pub(super) fn restore(&mut self, digest: BlockId, signers: &ReplicaSet) {
        self.digest = digest;
        self.voters = signers.clone();
        self.strays.clear();
    }

    /// Votes for `digest`.
    pub(super) fn count(&self, digest: BlockId) -> u32 {
        if digest == self.digest {
            return self.voters.len();
        }
        self.strays
            .iter()
            .filter(|&&(_, name)| name == digest)
            .count() as u32
    }

    /// Who voted for `digest`.
    pub(super) fn signers(&self, digest: BlockId) -> ReplicaSet {
        if digest == self.digest {
            return self.voters.clone();
        }
        let mut signers = ReplicaSet::new();
        for &(voter, name) in &self.strays {
            if name == digest {
                signers.insert(voter);
            }
        }
        signers
    }
}

/// How far a prepared certificate is on its way to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Saved {
    #[default]
    No,
    Queued,
    Yes,
}

/// What is known of one height. The upper part belongs to the installed view;
/// certificates outlive it.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The proposal that was accepted in this view, and its name.
    pub(super) block: Option<Arc<Block>>,
    pub(super) digest: BlockId,
    /// Prepares, with the primary's pre-prepare as its vote.
    pub(super) prepares: Tally,
    pub(super) commits: Tally,
    /// This replica sent its prepare (or, as primary, its pre-prepare).
    pub(super) prepare_sent: bool,
    /// The height prepared in this view.
    pub(super) prepared: bool,
    /// Whether the disk has the certificate.
    pub(super) saved: Saved,
    pub(super) commit_sent: bool,

    /// Prepared certificate of the highest view so far.
    pub(super) certificate: Option<Certificate>,
    /// The block is committed at this height, and this proves it.
    pub(super) decided: Option<Certificate>,
}

impl Slot {
    /// Forgets what belongs to the view; keeps the certificates.
    fn renew(&mut self) {
        let certificate = self.certificate.take();
        let decided = self.decided.take();
        *self = Self {
            certificate,
            decided,
            ..Self::default()
        };
    }
}

/// Slots for the heights above the low watermark `h` up to `h + size`, and
/// for the last few below it, which serve replicas that lag a little.
#[derive(Debug)]
pub(super) struct Log {
    slots: Vec<Slot>,
    mask: u64,
    low: Height,
    size: u64,
    retained: u64,
}

impl Log {
    /// An empty log with low watermark `low`.
    pub(super) fn new(low: Height, size: u64, retained: u64) -> Self {
        let capacity = (size + retained).next_power_of_two();
        Self {
            slots: (0..capacity).map(|_| Slot::default()).collect(),
            mask: capacity - 1,
            low,
            size,
            retained,
        }
    }

    /// The low watermark: the stable checkpoint.
    pub(super) fn low(&self) -> Height {
        self.low
    }

    /// The high watermark.
    pub(super) fn high(&self) -> Height {
        Height(self.low.0 + self.size)
    }

    /// Highest height that is no longer in the ring.
    fn base(&self) -> u64 {
        self.low.0.saturating_sub(self.retained)
    }

    /// Whether the ring has a slot for the height.
    pub(super) fn holds(&self, height: Height) -> bool {
        height.0 > self.base() && height.0 <= self.low.0 + self.size
    }

    /// The slot of a height that the log [`Log::holds`].
    pub(super) fn slot(&self, height: Height) -> &Slot {
        debug_assert!(self.holds(height), "{height:?} is outside the log");
        &self.slots[(height.0 & self.mask) as usize]
    }

    /// The same, to change.
    pub(super) fn slot_mut(&mut self, height: Height) -> &mut Slot {
        debug_assert!(self.holds(height), "{height:?} is outside the log");
        &mut self.slots[(height.0 & self.mask) as usize]
    }

    /// The slot, when the ring has it.
    pub(super) fn get(&self, height: Height) -> Option<&Slot> {
        self.holds(height).then(|| self.slot(height))
    }

    /// Moves the low watermark up and drops what leaves the ring.
    pub(super) fn advance(&mut self, low: Height) {
        let old_base = self.base();
        self.low = low;
        let dropped = (self.base() - old_base).min(self.mask + 1);
        for height in self.base() + 1 - dropped..=self.base() {
            self.slots[(height & self.mask) as usize] = Slot::default();
        }
    }

    /// Heights between the watermarks.
    pub(super) fn window(&self) -> impl Iterator<Item = Height> + use<> {
        (self.low.0 + 1..=self.low.0 + self.size).map(Height)
    }

    /// Opens a new view: every height of the ring is unproposed again.
    pub(super) fn renew(&mut self) {
        for slot in &mut self.slots {
            slot.renew();
        }
    }

    /// Committed certificates at or below the low watermark, in height order.
    pub(super) fn retained(&self) -> impl Iterator<Item = &Certificate> {
        (self.base() + 1..=self.low.0)
            .filter_map(|height| self.slot(Height(height)).decided.as_ref())
    }

    /// Prepared certificates above the low watermark, in height order.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.window()
            .filter_map(|height| self.slot(height).certificate.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_counts_each_replica_once_and_keeps_names_apart() {
        let (a, b) = (BlockId(1), BlockId(2));
        let mut tally = Tally::default();
        assert!(tally.add(ReplicaId(0), a));
        assert!(tally.add(ReplicaId(1), b));
        assert!(!tally.add(ReplicaId(1), a), "the first vote counts");
        assert!(!tally.add(ReplicaId(0), b));
        assert!(tally.add(ReplicaId(2), b));
        assert_eq!((tally.count(a), tally.count(b)), (1, 2));
        assert_eq!(tally.count(BlockId(3)), 0);
        assert!(tally.signers(b).contains(ReplicaId(2)));
    }

    #[test]
    fn the_ring_keeps_an_interval_below_the_low_watermark() {
        let mut log = Log::new(Height(0), 8, 4);
        log.slot_mut(Height(4)).prepared = true;
        log.slot_mut(Height(5)).prepared = true;
        log.advance(Height(8));
        assert!(!log.holds(Height(4)) && log.slot(Height(5)).prepared);
        assert!(log.holds(Height(16)) && !log.holds(Height(17)));
        log.advance(Height(400));
        assert!(log.window().all(|height| !log.slot(height).prepared));
        assert_eq!(log.high(), Height(408));
    }
}
