//! The key-value store, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::keyvalue::{
    KeyValueTallies, KeyValueTx, Operation, Row, RowKey, Rows, SCAN_LIMIT, Spaces, Written,
};
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire};
use proptest::prelude::*;
use std::collections::BTreeMap;

const LOADED: u64 = 3;

fn desk() -> Desk {
    let mut genesis = Genesis::new(10, 0);
    genesis.put::<Spaces>(&0, &LOADED);
    genesis.put::<Spaces>(&1, &0);
    Desk::new(&genesis)
}

fn tx(space: u8, operation: Operation) -> Body {
    Body::KeyValue(KeyValueTx { space, operation })
}

fn read(number: u64) -> Operation {
    Operation::Read { number }
}

fn update(number: u64) -> Operation {
    Operation::Update { number }
}

fn insert(number: u64) -> Operation {
    Operation::Insert { number }
}

fn scan(from: u64, count: u16) -> Operation {
    Operation::Scan { from, count }
}

fn modify(number: u64) -> Operation {
    Operation::ReadModifyWrite { number }
}

#[test]
fn records_are_read_and_written_where_they_are() {
    use Reason::*;
    let mut desk = desk();
    let script = [
        (0, read(0), None),
        (0, read(LOADED), Some(Dependency)),
        (1, read(0), Some(Dependency)),
        (2, read(0), Some(UnknownRecord)),
        (0, insert(2), Some(AlreadyExists)),
        (0, update(LOADED), Some(Dependency)),
        (0, modify(LOADED), Some(Dependency)),
        (0, insert(LOADED), None),
        (0, insert(LOADED), Some(AlreadyExists)),
        (0, update(LOADED), None),
        (0, modify(LOADED), None),
        (0, modify(1), None),
        (1, insert(u64::MAX), None),
        (1, scan(u64::MAX, 9), None),
        (0, scan(0, SCAN_LIMIT), None),
        (0, scan(0, 0), Some(Malformed)),
        (0, scan(0, SCAN_LIMIT + 1), Some(Malformed)),
        (0, scan(LOADED + 1, 3), Some(Dependency)),
    ];
    for (step, (space, operation, refusal)) in script.into_iter().enumerate() {
        let found = desk.submit(7, tx(space, operation.clone()));
        assert_eq!(
            found,
            refusal.map_or(Ok(()), Err),
            "step {step}: {operation:?}"
        );
    }
    let row = |number| desk.state.get::<Rows>(&RowKey { space: 0, number });
    assert_eq!(row(LOADED).map(|row| row.version), Some(3));
    assert_eq!(row(1).map(|row| row.version), Some(1));
    assert_eq!(row(0), None, "a record costs nothing before it is written");
    let written = desk.record::<KeyValueTallies>(&(AccountId(7), 0));
    let expected = Written {
        writes: 4,
        inserts: 1,
        history: row(LOADED).unwrap().history ^ row(1).unwrap().history,
    };
    assert_eq!(written, expected);
}

fn shot() -> impl Strategy<Value = (u64, Body)> {
    let operation = (0..5_u8, 0..8_u64, 0..12_u16).prop_map(|(kind, number, count)| match kind {
        0 => read(number),
        1 => update(number),
        2 => insert(number),
        3 => scan(number, count),
        _ => modify(number),
    });
    (0..10_u64, 0..3_u8, operation)
        .prop_map(|(sender, space, operation)| (sender, tx(space, operation)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_loses_no_write(shots in proptest::collection::vec(shot(), 1..400)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut rows: BTreeMap<u8, Row> = BTreeMap::new();
        desk.state.for_each::<Rows>(|key, row| {
            let sum = rows.entry(key.space).or_default();
            sum.version += row.version;
            sum.history ^= row.history;
        });
        let mut tallies: BTreeMap<u8, Row> = BTreeMap::new();
        desk.state.for_each::<KeyValueTallies>(|(_, space), written| {
            let sum = tallies.entry(space).or_default();
            sum.version += written.writes;
            sum.history ^= written.history;
        });
        prop_assert_eq!(rows, tallies);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
