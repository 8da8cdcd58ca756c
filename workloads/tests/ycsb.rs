//! YCSB against the ledger: mixes, sizes, skew, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful_run, assert_shares, build, honest, town};
use groma_ledger::keyvalue::{KeyValueTallies, Operation, Row, RowKey, Rows, Spaces};
use groma_ledger::{AccountId, Body};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;
use std::collections::BTreeMap;

const WORKLOADS: [&str; 6] = ["ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d", "ycsb-e", "ycsb-f"];

#[test]
fn the_mixes_and_the_sizes_are_those_of_ycsb() {
    let mixes: [&[(&str, f64)]; 6] = [
        &[("read", 0.5), ("update", 0.5)],
        &[("read", 0.95), ("update", 0.05)],
        &[("read", 1.0)],
        &[("read", 0.95), ("insert", 0.05)],
        &[("scan", 0.95), ("insert", 0.05)],
        &[("read", 0.5), ("read_modify_write", 0.5)],
    ];
    for (name, mix) in WORKLOADS.iter().zip(mixes) {
        let mut run = Run::new(build(name, &honest()), 1);
        for _ in 0..40 {
            let block = run.draw(1_000);
            for signed in &block {
                let expected = match operation(&signed.transaction.body) {
                    Operation::Read { .. } => 202,
                    Operation::Scan { .. } => 204,
                    Operation::Update { .. } | Operation::ReadModifyWrite { .. } => 302,
                    Operation::Insert { .. } => 1_202,
                };
                assert_eq!(signed.wire_bytes, expected);
            }
            run.apply(&block);
        }
        assert_eq!(run.tally.len(), mix.len(), "{:?}", run.tally);
        for (kind, share) in mix.iter().filter(|(_, share)| *share < 1.0) {
            assert_shares(&run, &[(&[&format!(".{kind}")], *share)]);
        }
        let refused = run.share(|_, outcome| outcome != "applied");
        assert_eq!(refused, 0.0, "{name}: {:?}", run.tally);
        let made = run.city.workload().check(&run.state).unwrap();
        assert_eq!(made > 1_000, *name != "ycsb-c", "{name}: {made}");
    }
}

fn operation(body: &Body) -> &Operation {
    match body {
        Body::KeyValue(tx) => &tx.operation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn popular_records_are_read_as_often_as_zipf_says() {
    let mut run = Run::new(build("ycsb-c", &honest()), 1);
    let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
    for signed in run.draw(40_000) {
        if let Operation::Read { number } = operation(&signed.transaction.body) {
            assert!(*number < 1_000_000);
            *counts.entry(*number).or_default() += 1;
        }
    }
    let mut sorted: Vec<u32> = counts.values().copied().collect();
    sorted.sort_unstable_by(|one, other| other.cmp(one));
    // The first rank's share of a million under 0.99 is 1 / 15.39 = 6.5 %.
    let first = f64::from(sorted[0]) / 40_000.0;
    assert!((0.060..0.070).contains(&first), "{first}");
    let second = f64::from(sorted[1]) / 40_000.0;
    assert!((0.030..0.036).contains(&second), "{second}");
}

#[test]
fn d_reads_what_was_inserted_last_and_is_there() {
    let mut run = Run::new(build("ycsb-d", &honest()), 1);
    let mut newest = 0;
    for block in 0..10 {
        let drawn = run.draw(1_000);
        for signed in &drawn {
            if let Operation::Read { number } = operation(&signed.transaction.body) {
                newest = newest.max(*number);
            }
        }
        run.apply(&drawn);
        // 250 are inserted in a second, of which the last half is not ready.
        let inserted = 1_000_000 + 50 * (block + 1);
        assert!(newest < inserted, "{newest} in block {block}");
    }
    assert!(newest > 1_000_300, "{newest}");
    assert_eq!(run.share(|_, outcome| outcome != "applied"), 0.0);
}

#[test]
fn scans_are_as_long_as_ycsb_has_them() {
    let mut run = Run::new(build("ycsb-e", &honest()), 1);
    let (mut scans, mut sum) = (0_u32, 0_u32);
    for signed in run.draw(20_000) {
        if let Operation::Scan { count, .. } = operation(&signed.transaction.body) {
            assert!((1..=100).contains(count));
            scans += 1;
            sum += u32::from(*count);
        }
    }
    let mean = f64::from(sum) / f64::from(scans);
    assert!((49.0..52.0).contains(&mean), "{mean}");
}

#[test]
fn the_law_notices_a_lost_write() {
    let tables = &[copy::<Spaces>, copy::<Rows>, copy::<KeyValueTallies>];
    let town = Town::after("ycsb-f", &town(20_000), (10, 1_000), tables);
    let mut most = 0;
    town.run
        .state
        .for_each::<Rows>(|_, row| most = most.max(row.version));
    let (key, _) = town.find::<Rows>(|_, row| row.version == most);
    let older = town.changed::<Rows>(key, |row| row.version -= 1);
    assert_eq!(older, "versions come to the number of writes");
    let other = town.changed::<Rows>(key, |row| row.history ^= 1);
    assert_eq!(other, "digests come to the digest of all writes");
    let number = 1_000_000;
    assert_eq!(
        town.law::<Rows>(RowKey { number, ..key }, Row::default()),
        "a record that is kept was written"
    );
    let tally = (AccountId(0), key.space);
    let state = &town.run.state;
    let mut written = state.get::<KeyValueTallies>(&tally).unwrap_or_default();
    written.inserts += 1;
    assert_eq!(
        town.law::<KeyValueTallies>(tally, written),
        "records beyond those loaded come to the number of inserts"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(
        citizens in 1..5_000_u64,
        seed: u64,
        lag in 0..400_u64,
    ) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        for name in WORKLOADS {
            assert_lawful_run(name, &setup, seed, (3, 300));
        }
    }
}
