//! Every workload of the table, over many seeds and small runs: `Parallel` gives the roots of `Serial`
//! in spite of conflicts, the law holds after every block, and every attack is refused.
//!
//! `GROMA_SEEDS` says how many seeds (50 by default).

#![allow(clippy::unwrap_used)]

mod common;

use common::{BENCHMARKS, Run, town};
use groma_ledger::Outcome;
use groma_workloads::{Intent, WORKLOADS, WorkloadSetup};

/// The workload in which nobody cheats or errs, besides the benchmarks: its page says so.
const WITHOUT_ATTACKS: [&str; 1] = ["blobs"];

fn seeds() -> u64 {
    std::env::var("GROMA_SEEDS").map_or(50, |seeds| seeds.parse().expect("GROMA_SEEDS is a number"))
}

/// A handful of people of whom many cheat, and who follow up at once or soon.
fn handful(seed: u64) -> WorkloadSetup {
    WorkloadSetup {
        stock: 64,
        lag: core::time::Duration::from_millis(seed % 3 * 40),
        attack_ppm: 60_000,
        ..town(1 + seed * 7)
    }
}

#[test]
fn every_law_holds_and_every_attack_is_refused() {
    for entry in WORKLOADS {
        let (mut attacks, mut mistakes) = (0, 0);
        // Some benchmarks are heavy, and nobody cheats: a fifth of the seeds will do.
        let part = if BENCHMARKS.contains(&entry.name) {
            5
        } else {
            1
        };
        for seed in 0..seeds().div_ceil(part) {
            // A handful of people, so that everybody meets the same records again and again.
            let mut run = Run::new((entry.build)(&handful(seed)), seed);
            for block in 0..6 {
                let drawn = run.draw(150);
                let meant = run.meant.clone();
                let execution = run.apply(&drawn);
                for (place, intent) in meant.iter().enumerate() {
                    let outcome = execution.outcomes[place];
                    assert!(
                        *intent == Intent::Honest || outcome != Outcome::Applied,
                        "{} seed {seed} block {block}: {intent:?} was applied: {:?}",
                        entry.name,
                        drawn[place].transaction
                    );
                    attacks += u64::from(intent.is_attack());
                    mistakes += u64::from(*intent == Intent::Mistake);
                }
                if let Err(breach) = run.city.workload().check(&run.state) {
                    panic!("{} seed {seed} block {block}: {breach}", entry.name);
                }
            }
        }
        let nobody = WITHOUT_ATTACKS.iter().chain(BENCHMARKS);
        let expects = !nobody.into_iter().any(|name| *name == entry.name);
        assert_eq!(attacks > 0, expects, "{}: {attacks} attacks", entry.name);
        // TPC-C has mistakes of its own, though nobody cheats.
        assert!(mistakes > 0 || !expects, "{} has no mistakes", entry.name);
    }
}

/// Workloads of which some attacks are intrusions.
const INTRUDED: [&str; 5] = [
    "addresses",
    "credit",
    "donations",
    "donations-sharded",
    "medical",
];

#[test]
fn an_intrusion_is_refused_whatever_the_order() {
    for entry in WORKLOADS {
        let mut intrusions = 0;
        for seed in 0..seeds().div_ceil(5) {
            let mut run = Run::new((entry.build)(&handful(seed)), seed);
            if BENCHMARKS.contains(&entry.name) {
                continue;
            }
            // Everything overtakes what came before it, across what were six blocks.
            let mut drawn = run.draw(900);
            let mut meant = run.meant.clone();
            drawn.reverse();
            meant.reverse();
            let execution = run.apply(&drawn);
            for (place, intent) in meant.iter().enumerate() {
                intrusions += u64::from(*intent == Intent::Intrusion);
                assert!(
                    *intent != Intent::Intrusion || execution.outcomes[place] != Outcome::Applied,
                    "{} seed {seed}: an intrusion was applied: {:?}",
                    entry.name,
                    drawn[place].transaction
                );
            }
            if let Err(breach) = run.city.workload().check(&run.state) {
                panic!("{} seed {seed}: {breach}", entry.name);
            }
        }
        let expects = INTRUDED.contains(&entry.name);
        assert_eq!(intrusions > 0, expects, "{}: {intrusions}", entry.name);
    }
}
