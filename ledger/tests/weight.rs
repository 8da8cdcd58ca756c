//! How many payments a transaction is worth: one, but for what computes or reads by design.

#![allow(clippy::unwrap_used)]

use groma_ledger::dapp::DappTx;
use groma_ledger::keyvalue::{KeyValueTx, Operation, SCAN_LIMIT};
use groma_ledger::micro::{MicroTx, SORT_LIMIT};
use groma_ledger::payment::Payment;
use groma_ledger::{AccountId, Body};

fn weight(body: impl Into<Body>) -> u64 {
    body.into().rule().weight()
}

#[test]
fn what_does_little_is_worth_one_payment() {
    let to = AccountId(1);
    assert_eq!(
        weight(Body::Payment(Payment::Transfer { to, amount: 1 })),
        1
    );
    assert_eq!(weight(Body::Micro(MicroTx::Nothing)), 1);
    assert_eq!(weight(Body::Dapp(DappTx::Visit)), 1);
    let operation = Operation::Update { number: 1 };
    assert_eq!(
        weight(Body::KeyValue(KeyValueTx {
            space: 0,
            operation
        })),
        1
    );
}

#[test]
fn a_sort_weighs_by_its_numbers_and_pairs_by_their_count() {
    let sort = |size| weight(Body::Micro(MicroTx::Sort { size }));
    // 72 us of 0.8 us each.
    assert_eq!(sort(10_000), 90);
    assert_eq!(sort(1), 1);
    assert!(sort(100_000) > 11 * sort(10_000));
    // What is refused at once is not charged.
    assert_eq!((sort(0), sort(SORT_LIMIT + 1)), (1, 1));
    let (first, count) = (0, 100);
    assert_eq!(weight(Body::Micro(MicroTx::Scan { first, count })), 100);
    assert_eq!(weight(Body::Micro(MicroTx::Write { first, count })), 300);
    let most = weight(Body::Micro(MicroTx::Scan {
        first,
        count: u16::MAX,
    }));
    assert_eq!(most, 1_000);
}

#[test]
fn a_ride_and_a_scan_weigh_what_they_look_at() {
    // 148 us of 0.8 us each.
    assert_eq!(weight(Body::Dapp(DappTx::Ride { x: 1, y: 1 })), 185);
    let scan = |count| {
        let operation = Operation::Scan { from: 0, count };
        weight(Body::KeyValue(KeyValueTx {
            space: 0,
            operation,
        }))
    };
    assert_eq!((scan(1), scan(100)), (1, 26));
    assert_eq!(scan(u16::MAX), 1 + u64::from(SCAN_LIMIT) / 4);
}
