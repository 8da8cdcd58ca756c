//! A against A with real simulations: the same seeds are exactly equal, and of
//! many pairs of disjoint seed sets no more than the stated level, with the luck
//! that so many draws may have, are called changed.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::plan::Plan;
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::result::RunRecord;
use groma_experiment::scenario::Scenario;
use groma_experiment::store::{Recorded, Results};
use groma_experiment::sweep::{self, Ended};
use groma_reports::difference::group::LEVEL;
use groma_reports::difference::{Difference, Input};
use support::{Place, TINY};

/// Pairs of seed sets.
const PAIRS: usize = 100;

/// Seeds a side.
const SEEDS: usize = 5;

/// The records of the tiny scenario under seeds from 1.
fn records(seeds: usize) -> Vec<RunRecord> {
    let place = Place::with(
        "tiny.yaml",
        &TINY.replace("arrivals: even", "arrivals: poisson"),
    );
    let registry = Registry::standard();
    let plans = Scenario::load(&place.path("tiny.yaml"), &[], &registry).unwrap();
    let with_seed = |seed: usize| -> Plan {
        let mut plan = plans[0].clone();
        plan.seed = seed as u64;
        plan
    };
    let plans: Vec<Plan> = (1..=seeds).map(with_seed).collect();
    let records = std::sync::Mutex::new(vec![None; seeds]);
    let options = RunOptions {
        sharing: true,
        control: None,
    };
    sweep::run_all(&plans, 2, &options, &registry, &|index, run| {
        let Ended::Finished(result) = run() else {
            panic!("run {index} did not finish");
        };
        records.lock().unwrap()[index] = Some(result.record);
    })
    .unwrap();
    records
        .into_inner()
        .unwrap()
        .into_iter()
        .flatten()
        .collect()
}

fn compared(base: &[RunRecord], head: &[RunRecord]) -> Difference {
    let input = |name: &str, records: &[RunRecord]| Input {
        name: name.to_owned(),
        results: Results {
            runs: records
                .iter()
                .map(|record| Recorded {
                    record: record.clone(),
                    host: None,
                })
                .collect(),
            certificates: Vec::new(),
        },
    };
    Difference::between(input("base", base), input("head", head), false).unwrap()
}

/// The smallest count that draws of this chance exceed less than once in a
/// thousand times.
fn bound(draws: usize, chance: f64) -> usize {
    let (mut point, mut below, mut count) = ((1.0 - chance).powi(draws as i32), 0.0, 0);
    loop {
        below += point;
        if below >= 0.999 {
            return count;
        }
        point *= (draws - count) as f64 / (count + 1) as f64 * chance / (1.0 - chance);
        count += 1;
    }
}

#[test]
fn a_against_a() {
    let records = records(PAIRS * 2 * SEEDS);
    let again = self::records(SEEDS);
    assert_eq!(compared(&records[..SEEDS], &again).equal(), (SEEDS, SEEDS));

    let mut alarms = 0;
    for sides in records.chunks(2 * SEEDS) {
        let difference = compared(&sides[..SEEDS], &sides[SEEDS..]);
        let [group] = difference.groups.as_slice() else {
            panic!("one scenario is one group");
        };
        assert!(group.can_tell() && !group.paired);
        alarms += usize::from(group.has_changed());
    }
    let bound = bound(PAIRS, LEVEL);
    assert!(
        alarms <= bound,
        "{alarms} false alarms in {PAIRS} pairs, {bound} are luck"
    );
    // Printed for whoever asks with --nocapture how many there were.
    eprintln!("{alarms} false alarms in {PAIRS} pairs of {SEEDS} + {SEEDS} seeds");
}

#[test]
fn luck_is_bounded() {
    assert_eq!(bound(100, 0.05), 13);
}
