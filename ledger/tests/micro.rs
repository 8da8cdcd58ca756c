//! The micro benchmarks, step by step.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::micro::{MicroTx, PAIRS_LIMIT, Pairs, SORT_LIMIT, Sorts, key};
use groma_ledger::{AccountId, Body, Genesis, Reason};
use invoice_common::Desk;

#[track_caller]
fn play(desk: &mut Desk, script: &[(MicroTx, Option<Reason>)]) {
    for (step, (tx, refusal)) in script.iter().enumerate() {
        let found = desk.submit(1, Body::Micro(tx.clone()));
        let expected = refusal.map_or(Ok(()), Err);
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn nothing_changes_nothing_but_the_nonce() {
    let mut desk = Desk::new(&Genesis::new(2, 5));
    play(&mut desk, &[(MicroTx::Nothing, None)]);
    assert_eq!(desk.state.audit().total_balance, 10);
    assert_eq!(desk.state.count::<Pairs>() + desk.state.count::<Sorts>(), 0);
}

#[test]
fn a_sort_is_done_and_its_checksum_kept() {
    let mut desk = Desk::new(&Genesis::new(2, 0));
    let sort = |size| MicroTx::Sort { size };
    play(
        &mut desk,
        &[
            (sort(0), Some(Reason::Malformed)),
            (sort(SORT_LIMIT + 1), Some(Reason::Malformed)),
            (sort(1), None),
            (sort(10_000), None),
        ],
    );
    let sorted = desk.record::<Sorts>(&AccountId(1));
    // The sum of squares up to n.
    assert_eq!(sorted.checksum, 10_000 * 10_001 * 20_001 / 6);
    assert_eq!((sorted.size, sorted.runs), (10_000, 2));
}

#[test]
fn pairs_are_written_and_read_back() {
    let mut desk = Desk::new(&Genesis::new(2, 0));
    let write = |first, count| MicroTx::Write { first, count };
    let scan = |first, count| MicroTx::Scan { first, count };
    play(
        &mut desk,
        &[
            (write(0, 0), Some(Reason::Malformed)),
            (write(0, PAIRS_LIMIT + 1), Some(Reason::Malformed)),
            (write(u64::MAX, 2), Some(Reason::Malformed)),
            (scan(5, 1), Some(Reason::Dependency)),
            (write(5, 10), None),
            (scan(5, 10), None),
            (scan(5, 11), Some(Reason::Dependency)),
            (scan(5, 0), Some(Reason::Malformed)),
        ],
    );
    assert_eq!(desk.state.count::<Pairs>(), 10);
    let value = desk.record::<Pairs>(&key(14));
    assert_eq!(value[..20], key(14));
    assert_eq!(value[20..52], value[52..84]);
    play(&mut desk, &[(write(14, 1), None)]);
    assert_ne!(
        desk.record::<Pairs>(&key(14)),
        value,
        "each write leaves its own"
    );
}
