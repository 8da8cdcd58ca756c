//! Timeouts on their way to a certificate, and the window in which votes count.

use crate::chain::BlockRef;
use crate::committee::{ReplicaId, ReplicaSet};

/// Votes for views further above the highest certificate are not kept: such a
/// certificate reaches a replica that lags so far with the next proposal.
const WINDOW: u64 = 64;

/// Whether a vote may still count when `high` is the view of the highest
/// certificate and `view` the current view.
pub(super) fn in_window(at: &BlockRef, high: u64, view: u64) -> bool {
    at.view > high && at.view <= view.saturating_add(WINDOW)
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

    #[test]
    fn votes_of_the_past_and_of_a_far_future_are_not_kept() {
        let at = |view| BlockRef {
            view,
            ..BlockRef::default()
        };
        assert!(!in_window(&at(5), 5, 6));
        assert!(in_window(&at(6), 5, 6));
        assert!(!in_window(&at(6 + WINDOW + 1), 5, 6));
    }
}
