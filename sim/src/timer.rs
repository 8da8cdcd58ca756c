//! The timers of all nodes: found by (node, key), fired by index.
//!
//! Setting a timer again usually moves it to later, many times before it ever
//! fires. The event already in the queue then stays, and is sent on to the
//! new deadline when it comes up, so that a timer that is reset a thousand
//! times costs one event for every period and not a thousand.

use crate::parcel::{NONE, last_index};
use crate::rng::mix;
use crate::time::Time;

#[derive(Clone, Debug)]
struct Entry {
    key: u64,
    node: u32,
    /// The life of the node that set it; a crash voids it.
    life: u32,
    deadline: Time,
    /// The order of the latest setting, which names it; 0 when not in use.
    order: u64,
    /// The event in the queue that stands for this timer; its order is 0 once
    /// it has come up and the timer waits for its lane.
    event_at: Time,
    event_order: u64,
    /// The next entry of the same bucket or of the free list.
    next: u32,
}

#[derive(Debug)]
pub(crate) struct Timers {
    entries: Vec<Entry>,
    free: u32,
    /// Heads of the chains of entries with equal hash; a power of two.
    buckets: Vec<u32>,
    live: usize,
}

/// What a timer event that has come up means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Its timer was cancelled, replaced by an earlier one, or lost in a crash.
    Stale,
    /// Its timer was moved: the event must be queued again.
    Moved { to: Time, order: u64 },
    /// The timer fires.
    Due { key: u64 },
}

impl Timers {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: NONE,
            buckets: vec![NONE; 16],
            live: 0,
        }
    }

    pub(crate) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.buckets.capacity() * size_of::<u32>()
    }

    fn bucket(&self, node: u32, key: u64) -> usize {
        let hash = mix(key ^ (u64::from(node) << 32).wrapping_add(0x9e37_79b9_7f4a_7c15));
        hash as usize & (self.buckets.len() - 1)
    }

    fn find(&self, node: u32, key: u64) -> Option<u32> {
        let mut at = self.buckets[self.bucket(node, key)];
        while at != NONE {
            let entry = &self.entries[at as usize];
            if entry.key == key && entry.node == node {
                return Some(at);
            }
            at = entry.next;
        }
        None
    }

    /// Sets or moves a timer. Returns its index if an event at `at` with this
    /// `order` must be queued for it.
    pub(crate) fn set(
        &mut self,
        node: u32,
        life: u32,
        key: u64,
        at: Time,
        order: u64,
    ) -> Option<u32> {
        let index = self.find(node, key).unwrap_or_else(|| self.add(node, key));
        let entry = &mut self.entries[index as usize];
        entry.life = life;
        entry.deadline = at;
        entry.order = order;
        if entry.event_order != 0 && entry.event_at <= at {
            return None;
        }
        entry.event_at = at;
        entry.event_order = order;
        Some(index)
    }

    fn add(&mut self, node: u32, key: u64) -> u32 {
        if self.live == self.buckets.len() {
            self.grow();
        }
        self.live += 1;
        let bucket = self.bucket(node, key);
        let entry = Entry {
            key,
            node,
            life: 0,
            deadline: Time::ZERO,
            order: 0,
            event_at: Time::ZERO,
            event_order: 0,
            next: self.buckets[bucket],
        };
        let index = self.free;
        if index == NONE {
            self.entries.push(entry);
            self.buckets[bucket] = last_index(self.entries.len());
        } else {
            self.free = self.entries[index as usize].next;
            self.entries[index as usize] = entry;
            self.buckets[bucket] = index;
        }
        self.buckets[bucket]
    }

    /// Doubles the buckets and chains the live entries anew.
    fn grow(&mut self) {
        let doubled = vec![NONE; self.buckets.len() * 2];
        for mut at in std::mem::replace(&mut self.buckets, doubled) {
            while at != NONE {
                let Entry {
                    node, key, next, ..
                } = self.entries[at as usize];
                let bucket = self.bucket(node, key);
                self.entries[at as usize].next = self.buckets[bucket];
                self.buckets[bucket] = at;
                at = next;
            }
        }
    }

    pub(crate) fn cancel(&mut self, node: u32, key: u64) {
        if let Some(index) = self.find(node, key) {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: u32) {
        let (node, key, after) = {
            let entry = &self.entries[index as usize];
            (entry.node, entry.key, entry.next)
        };
        let bucket = self.bucket(node, key);
        if self.buckets[bucket] == index {
            self.buckets[bucket] = after;
        } else {
            let mut at = self.buckets[bucket];
            while self.entries[at as usize].next != index {
                at = self.entries[at as usize].next;
            }
            self.entries[at as usize].next = after;
        }
        let entry = &mut self.entries[index as usize];
        entry.order = 0;
        entry.event_order = 0;
        entry.next = self.free;
        self.free = index;
        self.live -= 1;
    }

    /// The event with this order has come up; `life` is its node's.
    pub(crate) fn come_up(&mut self, index: u32, order: u64, life: u32) -> Expiry {
        let entry = &mut self.entries[index as usize];
        if entry.event_order != order {
            return Expiry::Stale;
        }
        if entry.life != life {
            self.remove(index);
            return Expiry::Stale;
        }
        if entry.order != order {
            entry.event_at = entry.deadline;
            entry.event_order = entry.order;
            return Expiry::Moved {
                to: entry.deadline,
                order: entry.order,
            };
        }
        entry.event_order = 0;
        Expiry::Due { key: entry.key }
    }

    /// The lane is free for the timer that was due with this order: its key,
    /// unless it was cancelled or set again while it waited.
    pub(crate) fn fire(&mut self, index: u32, order: u64) -> Option<u64> {
        let entry = &self.entries[index as usize];
        if entry.order != order {
            return None;
        }
        let key = entry.key;
        self.remove(index);
        Some(key)
    }
}
