//! The event queue: events come out in the order of (time, source, source's
//! own sequence).

use crate::time::Time;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// An entry of the queue. The queue reads the time and the order only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happens.
    pub time: Time,
    /// The source and its own sequence: no two pending events share both time
    /// and order.
    pub order: u64,
    /// Whom it concerns.
    pub target: u32,
    /// What it is.
    pub what: u32,
}

impl Event {
    fn key(&self) -> u128 {
        (u128::from(self.time.as_nanos()) << 64) | u128::from(self.order)
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Pending events.
#[derive(Debug, Default)]
pub struct EventQueue {
    heap: BinaryHeap<Reverse<Event>>,
}

impl EventQueue {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event; its time must not be before that of the event popped
    /// last.
    pub fn push(&mut self, event: Event) {
        self.heap.push(Reverse(event));
    }

    /// Takes the first event, unless it is later than `end`.
    pub fn pop_until(&mut self, end: Time) -> Option<Event> {
        if self.heap.peek()?.0.time > end {
            return None;
        }
        self.heap.pop().map(|Reverse(event)| event)
    }

    /// How many events are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether no event is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}
