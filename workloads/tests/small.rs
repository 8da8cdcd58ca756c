//! Every workload of the table as a scenario builds it, with the whole stock, in a village: its own law
//! accepts its genesis, and holds after every block.

#![allow(clippy::unwrap_used)]

mod common;

use common::{BENCHMARKS, Run, TPS};
use groma_workloads::{WORKLOADS, WorkloadSetup};

/// A village in which everybody meets the same records again and again.
fn villages(citizens: u64) {
    for entry in WORKLOADS {
        let setup = WorkloadSetup::of_city(citizens).unwrap();
        let mut run = Run::new((entry.build)(&setup), citizens);
        // The law is checked at genesis, then after the first follow-ups.
        let blocks = if BENCHMARKS.contains(&entry.name) {
            1
        } else {
            4
        };
        for block in 0..=blocks {
            if let Err(breach) = run.city.workload().check(&run.state) {
                panic!("{} of {citizens}, block {block}: {breach}", entry.name);
            }
            run.blocks(1, TPS / 10);
        }
    }
}

#[test]
fn one_person_is_a_city() {
    villages(1);
}

#[test]
fn ten_people_are_a_city() {
    villages(10);
}

#[test]
fn a_hundred_people_are_a_city() {
    villages(100);
}
