//! The micro benchmarks against the ledger: what they do, their laws, and the laws' own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Tables, Town, copy};
use common::{Run, assert_lawful_run, build, honest, town};
use groma_ledger::AccountId;
use groma_ledger::micro::{Pairs, Sorted, Sorts, key};
use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

/// What the laws read.
const TABLES: Tables = &[copy::<Pairs>, copy::<Sorts>];

#[test]
fn nothing_is_done_and_nothing_refused() {
    let mut run = Run::new(build("donothing", &honest()), 1);
    for _ in 0..10 {
        let block = run.draw(1_000);
        assert!(block.iter().all(|tx| tx.wire_bytes == ENVELOPE_BYTES + 2));
        run.apply(&block);
    }
    assert_eq!(run.share(|_, outcome| outcome != "applied"), 0.0);
    assert_eq!(run.city.workload().check(&run.state), Ok(0));
}

#[test]
fn ten_thousand_numbers_are_sorted() {
    let mut run = Run::new(build("cpuheavy", &honest()), 1);
    run.blocks(2, 200);
    assert_eq!(run.share(|_, outcome| outcome != "applied"), 0.0);
    assert!(run.city.workload().check(&run.state).unwrap() > 300);
    let wrong = Sorted {
        size: 10_000,
        checksum: 1,
        runs: 1,
    };
    assert_eq!(
        Town::of(run, TABLES).law::<Sorts>(AccountId(0), wrong),
        "a sort's checksum is that of sorted numbers"
    );
}

#[test]
fn pairs_are_written_and_scanned_in_equal_parts() {
    let mut run = Run::new(build("ioheavy", &honest()), 1);
    run.blocks(10, 400);
    let writes = run.share(|kind, _| kind == "micro.write");
    assert!((0.46..0.54).contains(&writes), "{writes}");
    assert_eq!(run.share(|_, outcome| outcome != "applied"), 0.0);
    assert!(run.city.workload().check(&run.state).unwrap() > 100_000);
}

#[test]
fn the_law_notices_a_value_under_the_wrong_key_or_of_two_writers() {
    let town = Town::after("ioheavy", &town(20_000), (2, 100), TABLES);
    let own = "a value belongs to its key and has one writer";
    let value = town.get::<Pairs>(&key(7));
    assert_eq!(town.law::<Pairs>(key(8), value), own);
    for byte in [20, 60, 99] {
        let torn = town.changed::<Pairs>(key(7), |value| value[byte] ^= 1);
        assert_eq!(torn, own, "byte {byte}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn parallel_equals_serial_and_the_laws_hold(citizens in 1..5_000_u64, seed: u64) {
        let setup = WorkloadSetup { stock: 200, ..town(citizens) };
        for name in ["donothing", "cpuheavy", "ioheavy"] {
            assert_lawful_run(name, &setup, seed, (3, 100));
        }
    }
}
