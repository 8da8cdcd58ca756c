//! The wheel against a sorted reference, by property.
#![allow(missing_docs, clippy::unwrap_used)]

use groma_sim::Time;
use groma_sim::queue::{Event, EventQueue};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One step of a script: a push so long after the last pop, or some pops.
#[derive(Clone, Debug)]
enum Step {
    Push { after: u64, source: u64 },
    Pop { count: usize },
    PopUntil { after: u64 },
}

/// Spans of every magnitude, with many at zero and many equal to each other.
fn spans() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0_u64),
        3 => 0_u64..64,
        3 => 0_u64..10_000,
        2 => 1_000_000_u64..1_000_100,
        2 => (0_u32..64).prop_map(|bit| 1 << bit),
        1 => any::<u64>(),
        1 => Just(u64::MAX),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (spans(), 0_u64..4).prop_map(|(after, source)| Step::Push { after, source }),
        3 => (1_usize..6).prop_map(|count| Step::Pop { count }),
        1 => spans().prop_map(|after| Step::PopUntil { after }),
    ]
}

#[derive(Default)]
struct Pair {
    wheel: EventQueue,
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    now: u64,
    pushed: u64,
}

impl Pair {
    fn push(&mut self, after: u64, source: u64) {
        let time = self.now.saturating_add(after);
        self.pushed += 1;
        // Higher sources may have lower sequences: the order is not that of
        // the pushes.
        let order = (source << 40) + self.pushed;
        let target = self.pushed as u32;
        self.heap.push(Reverse((time, order, target)));
        self.wheel.push(Event {
            time: Time::from_nanos(time),
            order,
            target,
            what: !target,
        });
    }

    /// Pops from both, at most up to `end`; false if nothing came.
    fn pop(&mut self, end: u64) -> bool {
        let due = self
            .heap
            .peek()
            .is_some_and(|Reverse(first)| first.0 <= end);
        let expected = due.then(|| self.heap.pop().unwrap().0);
        let popped = self.wheel.pop_until(Time::from_nanos(end));
        assert_eq!(self.wheel.len(), self.heap.len());
        assert_eq!(
            popped.map(|event| (event.time.as_nanos(), event.order, event.target)),
            expected
        );
        assert!(popped.is_none_or(|event| event.what == !event.target));
        self.now = expected.map_or(self.now, |(time, ..)| time);
        due
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn events_come_out_in_total_order(script in prop::collection::vec(steps(), 1..400)) {
        let mut pair = Pair::default();
        for step in script {
            match step {
                Step::Push { after, source } => pair.push(after, source),
                Step::Pop { count } => (0..count).for_each(|_| { pair.pop(u64::MAX); }),
                Step::PopUntil { after } => {
                    let end = pair.now.saturating_add(after);
                    while pair.pop(end) {}
                }
            }
        }
        while pair.pop(u64::MAX) {}
        prop_assert!(pair.wheel.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Bursts larger than a batch, so that slots spread, and crowds pushed
    /// into the open range, so that it narrows.
    #[test]
    fn crowds_come_out_in_total_order(
        bursts in prop::collection::vec(
            (spans(), 1_u64..3_000, 0_u64..2_000, 1_usize..300, 0_u64..100),
            1..8,
        ),
    ) {
        let mut pair = Pair::default();
        for (after, count, gap, pops, near) in bursts {
            for index in 0..count {
                pair.push(after.saturating_add(index * gap), index % 3);
            }
            for index in 0..pops as u64 {
                pair.pop(u64::MAX);
                pair.push(index % 7 * gap, 5);
                pair.push(index % 5 * near, 2);
            }
        }
        while pair.pop(u64::MAX) {}
    }
}

#[test]
fn pending_events_are_small_and_memory_is_reused() {
    let mut queue = EventQueue::new();
    let mut word = 1_u64;
    let mut after = || {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        word >> 34
    };
    let pending = 100_000;
    for order in 0..pending {
        let time = Time::from_nanos(after());
        queue.push(Event {
            time,
            order,
            ..Event::default()
        });
    }
    assert!(queue.memory() < 40 * pending as usize, "{}", queue.memory());
    let mut memory = 0;
    for order in 0..20 * pending {
        let popped = queue.pop_until(Time::MAX).unwrap();
        let time = Time::from_nanos(popped.time.as_nanos() + after());
        queue.push(Event {
            time,
            order: pending + order,
            ..popped
        });
        if order == 2 * pending {
            memory = queue.memory();
        }
    }
    assert_eq!(queue.memory(), memory);
}
