//! What the engine keeps for every node: where it runs, its sequence, and the
//! queues of its lanes. All queues share one pool.

use crate::machine::MachineSpec;
use crate::node::MachineId;
use crate::parcel::NONE;
use crate::rng::NodeRng;
use crate::time::{Span, Time};

/// What every event of a node touches, in one cache line.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Seat {
    /// The node's own sequence, combined with its number: the order of the
    /// last event that it caused.
    pub(crate) last_order: u64,
    pub(crate) rng: NodeRng,
    /// No lane of this node is busy after this instant.
    pub(crate) busy_until: Time,
    /// Jobs in the queues of its lanes.
    pub(crate) queued: u32,
    /// Counts crashes, to tell effects of an earlier life.
    pub(crate) life: u32,
    pub(crate) down: bool,
    /// Bytes that passed infinite interfaces of its machine.
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct LaneState {
    /// When the running or last handler ends.
    pub(crate) free_at: Time,
    /// The order of the event that will wake this lane; 0 if there is none.
    pub(crate) wake: u64,
    head: u32,
    tail: u32,
    /// Jobs in the queue, and when their number last changed.
    queued: u64,
    changed: Time,
    tally: LaneUse,
}

/// What a lane has done from the start of the run to the moment asked about.
/// Differences between two readings are the use of the interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneUse {
    /// How long handlers that took time held it.
    pub busy: Span,
    /// How many they were.
    pub jobs: u64,
    /// How long jobs waited for it or for a core, all together: the length of
    /// its queue, integrated over time.
    pub wait: Span,
}

impl LaneState {
    pub(crate) const IDLE: LaneState = LaneState {
        free_at: Time::ZERO,
        wake: 0,
        head: NONE,
        tail: NONE,
        queued: 0,
        changed: Time::ZERO,
        tally: LaneUse {
            busy: Span::ZERO,
            jobs: 0,
            wait: Span::ZERO,
        },
    };

    /// A handler holds the lane from `now` to `until`.
    #[inline]
    pub(crate) fn hold(&mut self, now: Time, until: Time) {
        self.free_at = until;
        self.tally.busy += until.saturating_since(now);
        self.tally.jobs += 1;
    }

    /// The process died: what it held and queued is gone, what it did is not.
    pub(crate) fn reset(&mut self, now: Time) {
        let mut tally = self.tally;
        tally.busy = tally
            .busy
            .saturating_sub(self.free_at.saturating_since(now));
        *self = Self {
            changed: now,
            tally,
            ..Self::IDLE
        };
    }

    /// The queue is about to change.
    #[inline]
    pub(crate) fn count(&mut self, now: Time) {
        self.tally.wait += now.saturating_since(self.changed) * self.queued;
        self.changed = now;
    }

    /// What the lane did until `now`. Handlers are booked when they start, so
    /// what lies ahead is taken off.
    pub(crate) fn usage(&self, now: Time) -> LaneUse {
        let ahead = self.free_at.saturating_since(now);
        LaneUse {
            busy: self.tally.busy.saturating_sub(ahead),
            jobs: self.tally.jobs,
            wait: self.tally.wait + now.saturating_since(self.changed) * self.queued,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.head == NONE
    }
}

impl Seat {
    pub(crate) const fn new(last_order: u64, rng: NodeRng) -> Self {
        Self {
            last_order,
            rng,
            busy_until: Time::ZERO,
            queued: 0,
            life: 0,
            down: false,
            sent: 0,
            received: 0,
        }
    }
}

/// Where a node runs and what never costs anything there, in eight bytes: the
/// receiver of a message is looked up at random for each one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    machine: u32,
    region: u16,
    flags: u16,
}

impl Place {
    const CPU_IS_FREE: u16 = 1;
    const EGRESS_IS_INFINITE: u16 = 2;
    const INGRESS_IS_INFINITE: u16 = 4;

    pub(crate) fn new(machine: MachineId, region: u32, spec: &MachineSpec) -> Self {
        let mut flags = 0;
        if spec.cores == 0 {
            flags |= Self::CPU_IS_FREE;
        }
        if spec.egress_bps == 0 {
            flags |= Self::EGRESS_IS_INFINITE;
        }
        if spec.ingress_bps == 0 {
            flags |= Self::INGRESS_IS_INFINITE;
        }
        Self {
            machine: machine.0,
            region: u16::try_from(region).expect("a matrix of 65,536 regions fits no memory"),
            flags,
        }
    }

    #[inline]
    pub(crate) const fn machine(self) -> usize {
        self.machine as usize
    }

    /// The region of the machine, if the topology has regions.
    #[inline]
    pub(crate) const fn region(self) -> usize {
        self.region as usize
    }

    #[inline]
    pub(crate) const fn cpu_is_free(self) -> bool {
        self.flags & Self::CPU_IS_FREE != 0
    }

    #[inline]
    pub(crate) const fn egress_is_infinite(self) -> bool {
        self.flags & Self::EGRESS_IS_INFINITE != 0
    }

    #[inline]
    pub(crate) const fn ingress_is_infinite(self) -> bool {
        self.flags & Self::INGRESS_IS_INFINITE != 0
    }
}

/// A piece of work for a lane, in the words of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) order: u64,
    pub(crate) what: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    job: Job,
    next: u32,
}

/// The pool behind the queues of all lanes.
#[derive(Debug)]
pub(crate) struct Jobs {
    entries: Vec<Entry>,
    free: u32,
}

impl Jobs {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: NONE,
        }
    }

    pub(crate) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    pub(crate) fn push(&mut self, lane: &mut LaneState, job: Job) {
        let entry = Entry { job, next: NONE };
        let index = if self.free == NONE {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        } else {
            let index = self.free;
            self.free = self.entries[index as usize].next;
            self.entries[index as usize] = entry;
            index
        };
        if lane.head == NONE {
            lane.head = index;
        } else {
            self.entries[lane.tail as usize].next = index;
        }
        lane.tail = index;
        lane.queued += 1;
    }

    pub(crate) fn pop(&mut self, lane: &mut LaneState) -> Option<Job> {
        if lane.head == NONE {
            return None;
        }
        let index = lane.head;
        lane.queued -= 1;
        let entry = &mut self.entries[index as usize];
        lane.head = entry.next;
        entry.next = self.free;
        self.free = index;
        Some(entry.job)
    }
}
