//! What the transactions of each workload are worth in executions of a payment: the city's one each, and
//! of the benchmarks those more that compute or read by design.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build, town};
use groma_workloads::WORKLOADS;

/// Means over the mix, with what a core really does of them a second in docs/workloads/README.md.
const HEAVY: [(&str, core::ops::Range<f64>); 5] = [
    ("cpuheavy", 90.0..90.1),
    ("ioheavy", 185.0..215.0),
    ("tpcc", 36.0..46.0),
    ("uber", 185.0..185.1),
    ("ycsb-e", 12.0..14.0),
];

#[test]
fn only_benchmarks_that_mean_to_are_heavy() {
    for entry in WORKLOADS {
        let mut run = Run::new(build(entry.name, &town(50_000)), 1);
        // Four seconds, so that there is something to follow up on.
        run.draw(20_000);
        let drawn = run.draw(3_000);
        let weights = drawn.iter().map(|tx| tx.transaction.body.rule().weight());
        // What is due by the clock comes on top.
        let mean = weights.sum::<u64>() as f64 / drawn.len() as f64;
        let heavy = HEAVY.iter().find(|(name, _)| *name == entry.name);
        match heavy {
            Some((_, about)) => assert!(about.contains(&mean), "{}: {mean}", entry.name),
            None => assert_eq!(mean, 1.0, "{}", entry.name),
        }
    }
}
