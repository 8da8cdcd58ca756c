//! The contracts of Diablo against the ledger: calls, senders, the laws, and the laws' own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful_run, build, honest, town};
use groma_ledger::dapp::{
    ContractTallies, DappTx, Rides, SHARES, Slots, Stocks, Tweets, Videos, Visits,
};
use groma_ledger::{AccountId, Body};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;
use std::collections::BTreeSet;

const DAPPS: [&str; 6] = ["dota", "fifa", "nasdaq", "twitter", "uber", "youtube"];
const TALLIED: &str = "what a contract keeps is what was called";

/// A contract after 600 calls.
fn called(name: &str) -> Town {
    let tables = &[
        copy::<Slots>,
        copy::<Stocks>,
        copy::<Rides>,
        copy::<Tweets>,
        copy::<Videos>,
        copy::<Visits>,
        copy::<ContractTallies>,
    ];
    Town::after(name, &town(50_000), (2, 300), tables)
}

/// A sender who has called.
fn sender(town: &Town) -> AccountId {
    town.find::<ContractTallies>(|_, _| true).0.0
}

#[test]
fn two_thousand_accounts_call_and_nothing_is_refused() {
    for name in DAPPS {
        let mut run = Run::new(build(name, &honest()), 1);
        let (mut senders, mut longest) = (BTreeSet::new(), 0);
        for _ in 0..4 {
            let block = run.draw(250);
            senders.extend(block.iter().map(|tx| tx.transaction.sender));
            longest = longest.max(block.iter().map(|tx| tx.wire_bytes).max().unwrap());
            run.apply(&block);
        }
        assert!(senders.iter().all(|sender| sender.0 < 2_000), "{name}");
        assert!(senders.len() > 700, "{name}: {}", senders.len());
        assert_eq!(longest > 1_024, name == "youtube", "{name}: {longest}");
        assert_eq!(run.share(|_, outcome| outcome != "applied"), 0.0, "{name}");
        assert!(run.city.workload().check(&run.state).unwrap() > 0, "{name}");
    }
}

#[test]
fn stocks_are_as_popular_as_at_the_opening() {
    let mut run = Run::new(build("nasdaq", &honest()), 1);
    let mut bought = [0_u32; 5];
    for signed in run.draw(40_000) {
        if let Body::Dapp(DappTx::Buy { stock }) = signed.transaction.body {
            bought[usize::from(stock)] += 1;
        }
    }
    for (count, share) in bought.iter().zip([0.31, 0.253, 0.112]) {
        let seen = f64::from(*count) / 40_000.0;
        assert!((seen - share).abs() < 0.012, "{bought:?}");
    }
}

#[test]
fn the_laws_notice_a_call_too_many() {
    let town = called("dota");
    let moves = town.changed::<Slots>(3, |slot| slot.moves += 1);
    let at = town.changed::<Slots>(3, |slot| slot.at += 1);
    assert_eq!([moves, at], [TALLIED; 2]);

    let town = called("nasdaq");
    assert_eq!(town.law::<Stocks>(0, SHARES), TALLIED);

    let town = called("fifa");
    let visits = town.law::<Visits>((), 599);
    let tally = town.law::<ContractTallies>((sender(&town), 0), [9; 6]);
    assert_eq!([visits, tally], [TALLIED; 2]);

    let town = called("twitter");
    let tweets = town.changed::<Tweets>(sender(&town), |tweets| tweets.count += 1);
    assert_eq!(tweets, TALLIED);

    let town = called("youtube");
    let uploads = town.changed::<Videos>(sender(&town), |uploads| uploads.bytes += 1);
    let stranger = town.law::<ContractTallies>((AccountId(9_999), 0), [1; 6]);
    assert_eq!([uploads, stranger], [TALLIED; 2]);
}

#[test]
fn the_law_of_rides_notices_the_wrong_driver() {
    let town = called("uber");
    let sender = sender(&town);
    let farther = town.changed::<Rides>(sender, |ride| ride.distance += 1);
    assert_eq!(farther, "a rider has the nearest driver");
    let more = town.changed::<Rides>(sender, |ride| ride.rides += 1);
    assert_eq!(more, TALLIED);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn parallel_equals_serial_and_the_laws_hold(citizens in 1..5_000_u64, seed: u64) {
        let setup = WorkloadSetup { stock: 200, ..town(citizens) };
        for name in DAPPS {
            assert_lawful_run(name, &setup, seed, (3, 100));
        }
    }
}
