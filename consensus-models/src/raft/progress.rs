//! What a leader knows of one follower, and when it may send to it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::block::Height;

/// How the leader sends to a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Looks for the place where the logs agree: one append at a time. Holds
    /// the heartbeat round of the append in flight, if there is one.
    Probe(Option<u64>),
    /// Knows the place: a pipeline of appends, not waiting for replies.
    Pipeline,
    /// The follower installs a snapshot up to this height, told at that time.
    Snapshot(Height, Duration),
}

/// One follower.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// Highest height that is on the follower's disk and agrees.
    pub(super) matched: Height,
    /// Next height to send.
    pub(super) next: Height,
    /// How to send.
    pub(super) flow: Flow,
    /// The last height of each append in flight that carries entries.
    inflight: VecDeque<Height>,
    /// Last height sent when the latest heartbeat round began.
    pub(super) mark: Height,
    /// The commit index that the follower was told in an append.
    pub(super) told: Height,
    /// Heard since the leader last counted its quorum.
    pub(super) heard: bool,
}

impl Progress {
    /// Nothing is known: tries after the leader's `last` entry.
    pub(super) fn new(last: Height) -> Self {
        Self {
            matched: Height(0),
            next: last.next(),
            flow: Flow::Probe(None),
            inflight: VecDeque::new(),
            mark: Height(0),
            told: Height(0),
            heard: true,
        }
    }

    /// Whether an append with entries may leave now.
    pub(super) fn may_send(&self, max_inflight: usize) -> bool {
        match self.flow {
            Flow::Probe(in_flight) => in_flight.is_none(),
            Flow::Pipeline => self.inflight.len() < max_inflight,
            Flow::Snapshot(..) => false,
        }
    }

    /// An append left whose last entry is `last`.
    pub(super) fn sent(&mut self, last: Height, commit: Height, round: u64) {
        self.told = commit;
        match self.flow {
            Flow::Probe(_) => self.flow = Flow::Probe(Some(round)),
            Flow::Pipeline if last >= self.next => {
                self.inflight.push_back(last);
                self.next = last.next();
            }
            Flow::Pipeline | Flow::Snapshot(..) => {}
        }
    }

    /// The follower's disk agrees up to `height`.
    pub(super) fn acknowledged(&mut self, height: Height) {
        self.matched = self.matched.max(height);
        self.next = self.next.max(self.matched.next());
        while self
            .inflight
            .front()
            .is_some_and(|&last| last <= self.matched)
        {
            self.inflight.pop_front();
        }
        let found = match self.flow {
            Flow::Probe(_) => height.next() >= self.next,
            Flow::Pipeline => false,
            Flow::Snapshot(awaited, _) => self.matched >= awaited,
        };
        if found {
            self.flow = Flow::Pipeline;
        }
    }

    /// Looks again for the place, from `next` on; never below what is known.
    pub(super) fn probe(&mut self, next: Height) {
        self.next = next.max(self.matched.next());
        self.inflight.clear();
        self.flow = Flow::Probe(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pipeline_is_bounded_and_an_ack_covers_all_below_it() {
        let mut progress = Progress::new(Height(4));
        progress.flow = Flow::Pipeline;
        progress.sent(Height(5), Height(4), 0);
        assert!(progress.may_send(2));
        progress.sent(Height(7), Height(4), 0);
        assert!(!progress.may_send(2));
        progress.acknowledged(Height(7));
        assert!(progress.may_send(1));
        assert_eq!((progress.matched, progress.next), (Height(7), Height(8)));
    }

    #[test]
    fn a_probe_waits_for_its_answer() {
        let mut progress = Progress::new(Height(4));
        assert!(progress.may_send(8));
        progress.sent(Height(5), Height(0), 3);
        assert_eq!(progress.flow, Flow::Probe(Some(3)));
        assert!(!progress.may_send(8));
        progress.acknowledged(Height(5));
        assert_eq!(progress.flow, Flow::Pipeline);
        assert_eq!(progress.next, Height(6));
    }
}
