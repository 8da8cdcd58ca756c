//! What the engine keeps for every node: where it runs, its sequence, and the
//! queues of its lanes. All queues share one pool.

use crate::node::Lane;
use crate::parcel::NONE;
use crate::time::Time;

/// The engine's side of a node.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// The node's own sequence, already combined with its number: the order
    /// of the next event that it causes.
    pub(crate) next_order: u64,
    pub(crate) machine: u32,
    /// Counts crashes, to tell effects of an earlier life.
    pub(crate) life: u32,
    pub(crate) down: bool,
    pub(crate) lanes: [LaneState; Lane::COUNT],
}

#[derive(Clone, Debug)]
pub(crate) struct LaneState {
    /// When the running or last handler ends.
    pub(crate) free_at: Time,
    /// The order of the event that will wake this lane; 0 if there is none.
    pub(crate) wake: u64,
    head: u32,
    tail: u32,
    /// Whether the lane queues at its machine for a core.
    pub(crate) waiting: bool,
}

impl LaneState {
    const IDLE: LaneState = LaneState {
        free_at: Time::ZERO,
        wake: 0,
        head: NONE,
        tail: NONE,
        waiting: false,
    };

    pub(crate) const fn is_empty(&self) -> bool {
        self.head == NONE
    }
}

impl Seat {
    pub(crate) const fn new(machine: u32, next_order: u64) -> Self {
        Self {
            next_order,
            machine,
            life: 0,
            down: false,
            lanes: [const { LaneState::IDLE }; Lane::COUNT],
        }
    }
}

/// A piece of work for a lane, in the words of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) order: u64,
    pub(crate) what: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    job: Job,
    next: u32,
}

/// The pool behind the queues of all lanes.
#[derive(Debug)]
pub(crate) struct Jobs {
    places: Vec<Place>,
    free: u32,
}

impl Jobs {
    pub(crate) const fn new() -> Self {
        Self {
            places: Vec::new(),
            free: NONE,
        }
    }

    pub(crate) fn push(&mut self, lane: &mut LaneState, job: Job) {
        let place = Place { job, next: NONE };
        let index = if self.free == NONE {
            self.places.push(place);
            (self.places.len() - 1) as u32
        } else {
            let index = self.free;
            self.free = self.places[index as usize].next;
            self.places[index as usize] = place;
            index
        };
        if lane.head == NONE {
            lane.head = index;
        } else {
            self.places[lane.tail as usize].next = index;
        }
        lane.tail = index;
    }

    pub(crate) fn pop(&mut self, lane: &mut LaneState) -> Option<Job> {
        if lane.head == NONE {
            return None;
        }
        let index = lane.head;
        let place = &mut self.places[index as usize];
        lane.head = place.next;
        place.next = self.free;
        self.free = index;
        Some(place.job)
    }
}
