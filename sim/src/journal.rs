//! The journal: what happened, entry by entry, for those who ask. A trace, a
//! critical path and the first event in which two runs differ are all read
//! from it. Off, it costs a branch; on or off, the run is the same.
//!
//! Entries name each other: everything that a handler does to the world
//! carries the name of the event that made the handler run, so that a chain of
//! causes can be walked back from any of them.

use crate::event::{SEQUENCE_BITS, source_of};
use crate::node::{Lane, NodeId};
use crate::time::{Span, Time};

/// Names an event for the whole of a run: its source and the source's own
/// sequence. A message keeps its name from departure to its handler; a timer
/// has the name of its latest setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub(crate) u64);

impl EventId {
    /// The node that caused it; `None` for the schedule of faults.
    #[must_use]
    pub const fn source(self) -> Option<NodeId> {
        match source_of(self.0) {
            0 => None,
            source => Some(NodeId(source - 1)),
        }
    }

    /// The source's own sequence.
    #[must_use]
    pub const fn sequence(self) -> u64 {
        self.0 & ((1 << SEQUENCE_BITS) - 1)
    }

    /// Source and sequence in one word, equal in equal runs.
    #[must_use]
    pub const fn word(self) -> u64 {
        self.0
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message or a post came to a node that was up: what the fingerprint
    /// absorbs.
    Delivered {
        /// Its name.
        event: EventId,
        /// When its last bit had passed the ingress.
        at: Time,
        /// The receiver.
        to: NodeId,
        /// Bytes on the wire; 0 for a post.
        bytes: u64,
        /// What it is.
        what: &'static str,
        /// How many deliveries there were before it.
        number: u64,
    },
    /// A timer came up.
    Expired {
        /// Its name.
        event: EventId,
        /// When.
        at: Time,
        /// Whose it is.
        node: NodeId,
        /// What it is.
        what: &'static str,
    },
    /// A handler ran.
    Ran {
        /// The event that made it run.
        event: EventId,
        /// The node.
        node: NodeId,
        /// Its lane.
        lane: Lane,
        /// From when.
        from: Time,
        /// Until when its lane was held.
        until: Time,
        /// What it handled.
        what: &'static str,
    },
    /// A handler worked or waited.
    Spent {
        /// The event that made it run.
        event: EventId,
        /// The node.
        node: NodeId,
        /// On what.
        what: &'static str,
        /// From when.
        from: Time,
        /// Until when.
        until: Time,
        /// Core time, over all cores that took part; zero for a wait.
        cpu: Span,
    },
    /// A message left.
    Sent {
        /// Its name; the source is the sender.
        event: EventId,
        /// The event whose handler sent it.
        cause: EventId,
        /// The receiver.
        to: NodeId,
        /// Bytes on the wire.
        bytes: u64,
        /// When the handler sent it.
        at: Time,
        /// When its first bit left.
        out: Time,
        /// How long it took to transmit.
        transmit: Span,
        /// When its first bit reached the receiver's machine; `None` if it was
        /// lost.
        first_bit: Option<Time>,
    },
    /// A node handed something to itself.
    Posted {
        /// Its name.
        event: EventId,
        /// The event whose handler posted it.
        cause: EventId,
        /// When.
        at: Time,
    },
    /// A timer was set.
    Armed {
        /// Its name.
        event: EventId,
        /// The event whose handler set it.
        cause: EventId,
        /// When.
        at: Time,
        /// For when.
        due: Time,
    },
    /// A fault struck or healed.
    Struck {
        /// Its number in the set-up.
        fault: usize,
        /// When.
        at: Time,
        /// Whether it healed.
        heals: bool,
    },
}

/// Entries of a stretch of virtual time.
#[derive(Debug)]
pub(crate) struct Journal {
    from: Time,
    until: Time,
    pub(crate) entries: Vec<Entry>,
}

impl Journal {
    pub(crate) const fn new(from: Time, until: Time) -> Self {
        Self {
            from,
            until,
            entries: Vec::new(),
        }
    }

    /// Notes an entry that is made at this instant of the clock.
    #[cold]
    pub(crate) fn note(&mut self, clock: Time, entry: Entry) {
        if self.from <= clock && clock < self.until {
            self.entries.push(entry);
        }
    }
}

/// Deliveries between two marks of a trail: a power of two.
pub const TRAIL_STEP: u64 = 65_536;

/// The fingerprint after so many deliveries, the last of them at `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Deliveries so far.
    pub deliveries: u64,
    /// When the last of them came.
    pub at: Time,
    /// The fingerprint over them.
    pub fingerprint: u128,
}
