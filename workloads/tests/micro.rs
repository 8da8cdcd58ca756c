//! The micro benchmarks against the ledger: what they do, their laws, and the laws' own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build, honest, town};
use groma_ledger::micro::{Pairs, Sorted, Sorts, key};
use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_ledger::{AccountId, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

fn copy<T: Table>(state: &State, genesis: &mut Genesis) {
    state.for_each::<T>(|key, value| genesis.put::<T>(&key, &value));
}

/// The law that one forged record breaks after a run.
fn law<T: Table>(run: &Run, key: T::Key, value: T::Value) -> &'static str {
    let mut genesis = Genesis::new(run.state.accounts(), 0);
    copy::<Pairs>(&run.state, &mut genesis);
    copy::<Sorts>(&run.state, &mut genesis);
    let workload = run.city.workload();
    assert!(workload.check(&State::genesis(&genesis)).is_ok());
    genesis.put::<T>(&key, &value);
    workload.check(&State::genesis(&genesis)).unwrap_err().law
}

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
        law::<Sorts>(&run, AccountId(0), wrong),
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
    let mut run = Run::new(build("ioheavy", &town(20_000)), 1);
    run.blocks(2, 100);
    let own = "a value belongs to its key and has one writer";
    let value = run.state.get::<Pairs>(&key(7)).unwrap();
    assert_eq!(law::<Pairs>(&run, key(8), value), own);
    for byte in [20, 60, 99] {
        let mut torn = value;
        torn[byte] ^= 1;
        assert_eq!(law::<Pairs>(&run, key(7), torn), own, "byte {byte}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn parallel_equals_serial_and_the_laws_hold(citizens in 1..5_000_u64, seed: u64) {
        let setup = WorkloadSetup { stock: 200, ..town(citizens) };
        for name in ["donothing", "cpuheavy", "ioheavy"] {
            let mut run = Run::new(build(name, &setup), seed);
            for _ in 0..3 {
                run.blocks(1, 100);
                prop_assert!(run.city.workload().check(&run.state).is_ok());
            }
        }
    }
}
