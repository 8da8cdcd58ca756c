//! The event queue: a hierarchical timing wheel in which events come out in
//! the total order of (time, source, source's own sequence).
//!
//! A level has 64 slots; a slot of level l spans 64^l nanoseconds. An event
//! lies in the level of the highest bit in which its time differs from the
//! wheel's position, so events only ever move downwards. When the first
//! occupied slot is opened, up to a thousand events are sorted into the open
//! batch at once and more are spread over finer slots. Slots are chains of
//! blocks from one pool, so that a pending event costs its 24 bytes and a share
//! of a block. The idea is Varghese and Lauck's (1987); sorting a slot when it
//! is opened gives the exact order that their ticks do not.
//!
//! The queue knows nothing of what its events mean.

use crate::time::Time;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// An entry of the queue. The queue reads the time and the order only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Time and order as one number, which compares without a branch.
    #[inline]
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

/// Bits of the time that one level tells apart, and the slots they make.
const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
/// Enough levels for 64 bits of time.
const LEVELS: usize = 64_usize.div_ceil(LEVEL_BITS as usize);
/// Events of a block.
const BLOCK: usize = 16;
/// A slot with more events than this is spread over finer slots.
const BATCH: usize = 1_024;
/// With more events than this pushed into the open range, it is narrowed.
const LATE: usize = 64;

/// So many events are sorted by insertion.
const SMALL: usize = 16;

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Block {
    events: [Event; BLOCK],
    next: u32,
}

/// A chain of blocks, of which all but the first are full.
#[derive(Clone, Copy, Debug)]
struct Slot {
    head: u32,
    count: u32,
}

impl Slot {
    /// How many events the first block of a chain that is not empty holds.
    #[inline]
    const fn in_first_block(self) -> usize {
        (self.count as usize - 1) % BLOCK + 1
    }
}

const EMPTY: Slot = Slot {
    head: NONE,
    count: 0,
};

/// Pending events.
#[derive(Debug)]
pub struct EventQueue {
    /// The events of the open range, the first one last. The open range ends
    /// with the instant `open_last`; every event in a slot is later.
    batch: Vec<Event>,
    /// Buffers for sorting.
    sorted: Vec<Event>,
    ends: Box<[u32; BATCH]>,
    /// Events pushed into the open range after it was opened.
    late: BinaryHeap<Reverse<Event>>,
    open_last: u64,
    /// The wheel's position: an instant of the open range.
    position: u64,
    /// The time of the event popped last.
    now: u64,
    slots: Box<[[Slot; SLOTS]; LEVELS]>,
    /// A bit for every occupied slot, and for every level that has one.
    occupied: [u64; LEVELS],
    levels: u32,
    pool: Vec<Block>,
    free: u32,
    len: usize,
}

impl Default for EventQueue {
    fn default() -> Self {
        Self {
            batch: Vec::with_capacity(BATCH),
            sorted: Vec::with_capacity(BATCH),
            ends: Box::new([0; BATCH]),
            late: BinaryHeap::with_capacity(2 * LATE),
            open_last: 0,
            position: 0,
            now: 0,
            slots: Box::new([[EMPTY; SLOTS]; LEVELS]),
            occupied: [0; LEVELS],
            levels: 0,
            pool: Vec::new(),
            free: NONE,
            len: 0,
        }
    }
}

/// The level of the highest bit set; level 0 if none is.
#[inline]
const fn level_of(difference: u64) -> usize {
    ((63 - (difference | 1).leading_zeros()) / LEVEL_BITS) as usize
}

/// The last instant of the smallest aligned range of whole levels that holds
/// both instants; an instant alone is a range of its own.
#[inline]
const fn last_of_range(low: u64, high: u64) -> u64 {
    if low == high {
        return low;
    }
    let bits = (level_of(low ^ high) as u32 + 1) * LEVEL_BITS;
    match 1_u64.checked_shl(bits) {
        Some(width) => low | (width - 1),
        None => u64::MAX,
    }
}

/// The first and the last time of these events.
fn range(events: &[Event]) -> (u64, u64) {
    let times = events.iter().map(|event| event.time.as_nanos());
    times.fold((u64::MAX, 0), |(low, high), time| {
        (low.min(time), high.max(time))
    })
}

/// Sorts events, the last one first. Most batches are a handful of events.
fn sort(events: &mut [Event]) {
    if events.len() > SMALL {
        events.sort_unstable_by_key(|event| Reverse(event.key()));
        return;
    }
    for sorted in 1..events.len() {
        let event = events[sorted];
        let mut hole = sorted;
        while hole > 0 && events[hole - 1] < event {
            events[hole] = events[hole - 1];
            hole -= 1;
        }
        events[hole] = event;
    }
}

impl EventQueue {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many events are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no event is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that the queue holds for its events, used or not.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.pool.capacity() * size_of::<Block>()
            + (self.batch.capacity() + self.sorted.capacity()) * size_of::<Event>()
            + self.late.capacity() * size_of::<Event>()
            + size_of_val(&*self.ends)
            + size_of_val(&*self.slots)
    }

    /// Adds an event. Its time must not be before that of the event popped
    /// last.
    #[inline(always)]
    pub fn push(&mut self, event: Event) {
        debug_assert!(event.time.as_nanos() >= self.now, "{event:?} is past");
        self.len += 1;
        if event.time.as_nanos() > self.open_last {
            self.place(event);
        } else {
            self.push_late(event);
        }
    }

    /// Adds an event to the open range.
    fn push_late(&mut self, event: Event) {
        self.late.push(Reverse(event));
        if self.late.len() > LATE {
            self.narrow();
        }
    }

    /// Opens the next batch if the last one is used up, and returns it if so:
    /// most of the events that are about to be popped, so that the caller can
    /// fetch all their targets from memory together and not one by one.
    #[inline(always)]
    pub fn upcoming(&mut self) -> &[Event] {
        if !self.batch.is_empty() || !self.late.is_empty() {
            return &[];
        }
        self.open();
        &self.batch
    }

    /// Takes the first event, unless it is later than `end`.
    #[inline(always)]
    pub fn pop_until(&mut self, end: Time) -> Option<Event> {
        if !self.late.is_empty() {
            return self.pop_with_late(end);
        }
        if self.batch.is_empty() {
            self.open();
        }
        let event = *self.batch.last()?;
        if event.time > end {
            return None;
        }
        self.batch.pop();
        self.len -= 1;
        self.now = event.time.as_nanos();
        Some(event)
    }

    /// The same when there are late events.
    fn pop_with_late(&mut self, end: Time) -> Option<Event> {
        let late = self.late.peek()?.0;
        let first = self.batch.last().filter(|&&first| first < late);
        let event = *first.unwrap_or(&late);
        if event.time > end {
            return None;
        }
        match first {
            Some(_) => drop(self.batch.pop()),
            None => drop(self.late.pop()),
        }
        self.len -= 1;
        self.now = event.time.as_nanos();
        Some(event)
    }

    /// Puts an event after the open range into its slot.
    #[inline(always)]
    fn place(&mut self, event: Event) {
        let time = event.time.as_nanos();
        let level = level_of(time ^ self.position);
        let index = (time >> (level as u32 * LEVEL_BITS)) as usize % SLOTS;
        let slot = &mut self.slots[level][index];
        let filled = slot.count as usize % BLOCK;
        if filled == 0 {
            let next = slot.head;
            let block = self.free;
            if block == NONE {
                slot.head = self.pool.len() as u32;
                let events = [Event::default(); BLOCK];
                self.pool.push(Block { events, next });
            } else {
                slot.head = block;
                self.free = self.pool[block as usize].next;
                self.pool[block as usize].next = next;
            }
            self.occupied[level] |= 1 << index;
            self.levels |= 1 << level;
        }
        self.pool[slot.head as usize].events[filled] = event;
        slot.count += 1;
    }

    /// Opens the first occupied slot, spreading its events over finer slots
    /// until few enough are left to be sorted. Called when the open range is
    /// empty, which it stays if nothing is pending.
    fn open(&mut self) {
        while let Some(slot) = self.take_first_slot() {
            if slot.count as usize > BATCH {
                let (low, high) = self.range_of(slot);
                if low != high {
                    self.spread(slot, low);
                    continue;
                }
            }
            self.collect(slot);
            if self.batch.len() > 1 {
                self.sort_batch();
            }
            if let (Some(first), Some(last)) = (self.batch.last(), self.batch.first()) {
                self.position = first.time.as_nanos();
                self.open_last = last_of_range(self.position, last.time.as_nanos());
            }
            return;
        }
    }

    /// Takes the chain of the first occupied slot off the wheel.
    #[inline(always)]
    fn take_first_slot(&mut self) -> Option<Slot> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let index = self.occupied[level].trailing_zeros() as usize;
        self.occupied[level] &= self.occupied[level] - 1;
        if self.occupied[level] == 0 {
            self.levels &= self.levels - 1;
        }
        Some(std::mem::replace(&mut self.slots[level][index], EMPTY))
    }

    /// Moves the events of a chain, unsorted, to the batch.
    #[inline(always)]
    fn collect(&mut self, mut slot: Slot) {
        while slot.head != NONE {
            let block = &mut self.pool[slot.head as usize];
            let filled = slot.in_first_block();
            self.batch.extend_from_slice(&block.events[..filled]);
            slot = self.drop_first_block(slot);
        }
    }

    /// Puts the events of a chain into finer slots, as seen from `position`,
    /// the time of the first of them.
    fn spread(&mut self, mut slot: Slot, position: u64) {
        self.position = position;
        self.open_last = position;
        while slot.head != NONE {
            let events = self.pool[slot.head as usize].events;
            let filled = slot.in_first_block();
            // Dropped first, the block is there to be filled again.
            slot = self.drop_first_block(slot);
            for event in &events[..filled] {
                self.place(*event);
            }
        }
    }

    /// Frees the first block of a chain and returns the rest of it.
    #[inline(always)]
    fn drop_first_block(&mut self, slot: Slot) -> Slot {
        let block = &mut self.pool[slot.head as usize];
        let rest = Slot {
            head: block.next,
            count: slot.count - slot.in_first_block() as u32,
        };
        block.next = self.free;
        self.free = slot.head;
        rest
    }

    /// The first and the last time in a chain.
    fn range_of(&self, slot: Slot) -> (u64, u64) {
        let (mut head, mut filled) = (slot.head, slot.in_first_block());
        let (mut low, mut high) = (u64::MAX, 0);
        while head != NONE {
            let block = &self.pool[head as usize];
            let (first, last) = range(&block.events[..filled]);
            (low, high) = (low.min(first), high.max(last));
            (head, filled) = (block.next, BLOCK);
        }
        (low, high)
    }

    /// Sorts the batch: many events are first distributed over as many buckets
    /// of equal width, so that only a few are left to be compared.
    fn sort_batch(&mut self) {
        let count = self.batch.len();
        if count <= SMALL || count > BATCH {
            sort(&mut self.batch);
            return;
        }
        let (low, high) = range(&self.batch);
        let buckets = count.next_power_of_two();
        let bits = 64 - (high - low).leading_zeros();
        let shift = bits.saturating_sub(buckets.trailing_zeros());
        // The last event comes first.
        let bucket = |event: &Event| ((high - event.time.as_nanos()) >> shift) as usize;
        let ends = &mut self.ends[..buckets];
        ends.fill(0);
        for event in &self.batch {
            ends[bucket(event)] += 1;
        }
        let mut total = 0;
        for end in ends.iter_mut() {
            let start = total;
            total += *end;
            *end = start;
        }
        self.sorted.resize(count, Event::default());
        for event in &self.batch {
            let end = &mut ends[bucket(event)];
            self.sorted[*end as usize] = *event;
            *end += 1;
        }
        std::mem::swap(&mut self.batch, &mut self.sorted);
        let mut start = 0;
        for &end in ends.iter() {
            let end = end as usize;
            if end > start + 1 {
                sort(&mut self.batch[start..end]);
            }
            start = end;
        }
    }

    /// Shrinks the open range by one level and moves what lies behind it back
    /// into slots, so that a burst of near events does not pile up in the heap
    /// of late ones. A range within one slot of the finest level stays.
    #[cold]
    fn narrow(&mut self) {
        let position = self.position.max(self.now);
        let bits = level_of(position ^ self.open_last) as u32 * LEVEL_BITS;
        if bits == 0 {
            return;
        }
        self.position = position;
        self.open_last = position | ((1 << bits) - 1);
        let open_last = Time::from_nanos(self.open_last);
        // The batch is sorted with the last event first.
        let behind = self.batch.partition_point(|event| event.time > open_last);
        for place in 0..behind {
            self.place(self.batch[place]);
        }
        self.batch.drain(..behind);
        let mut late = std::mem::take(&mut self.late).into_vec();
        late.retain(|Reverse(event)| {
            let open = event.time <= open_last;
            if !open {
                self.place(*event);
            }
            open
        });
        self.late = BinaryHeap::from(late);
    }
}
