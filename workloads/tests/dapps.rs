//! The contracts of Diablo against the ledger: calls, senders, the laws, and the laws' own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build, honest, town};
use groma_ledger::dapp::{
    ContractTallies, Coordinate, DappTx, Rides, SHARES, Slots, Stocks, Tweets, Videos, Visits,
};
use groma_ledger::{AccountId, Body, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;
use std::collections::BTreeSet;

const DAPPS: [&str; 6] = ["dota", "fifa", "nasdaq", "twitter", "uber", "youtube"];
const TALLIED: &str = "what a contract keeps is what was called";

fn copy<T: Table>(state: &State, genesis: &mut Genesis) {
    state.for_each::<T>(|key, value| genesis.put::<T>(&key, &value));
}

/// A contract after 600 calls.
fn called(name: &str) -> Run {
    let mut run = Run::new(build(name, &town(50_000)), 3);
    run.blocks(2, 300);
    run
}

/// The law that one forged record breaks.
fn law<T: Table>(run: &Run, key: T::Key, value: T::Value) -> &'static str {
    let mut genesis = Genesis::new(run.state.accounts(), 0);
    copy::<Slots>(&run.state, &mut genesis);
    copy::<Stocks>(&run.state, &mut genesis);
    copy::<Rides>(&run.state, &mut genesis);
    copy::<Tweets>(&run.state, &mut genesis);
    copy::<Videos>(&run.state, &mut genesis);
    copy::<Visits>(&run.state, &mut genesis);
    copy::<ContractTallies>(&run.state, &mut genesis);
    let workload = run.city.workload();
    assert!(workload.check(&State::genesis(&genesis)).is_ok());
    genesis.put::<T>(&key, &value);
    workload.check(&State::genesis(&genesis)).unwrap_err().law
}

/// A sender who has called.
fn sender(run: &Run) -> AccountId {
    let mut found = None;
    run.state.for_each::<ContractTallies>(|(sender, _), _| {
        found = Some(sender);
    });
    found.unwrap()
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
    let run = called("dota");
    let slot = run.state.get::<Slots>(&3).unwrap();
    let moves = slot.moves + 1;
    assert_eq!(law::<Slots>(&run, 3, Coordinate { moves, ..slot }), TALLIED);
    let at = slot.at + 1;
    assert_eq!(law::<Slots>(&run, 3, Coordinate { at, ..slot }), TALLIED);

    let run = called("nasdaq");
    assert_eq!(law::<Stocks>(&run, 0, SHARES), TALLIED);

    let run = called("fifa");
    assert_eq!(law::<Visits>(&run, (), 599), TALLIED);
    let tally = (sender(&run), 0);
    assert_eq!(law::<ContractTallies>(&run, tally, [9; 6]), TALLIED);

    let run = called("twitter");
    let tweeter = sender(&run);
    let mut tweets = run.state.get::<Tweets>(&tweeter).unwrap();
    tweets.count += 1;
    assert_eq!(law::<Tweets>(&run, tweeter, tweets), TALLIED);

    let run = called("youtube");
    let sender = sender(&run);
    let mut uploads = run.state.get::<Videos>(&sender).unwrap();
    uploads.bytes += 1;
    assert_eq!(law::<Videos>(&run, sender, uploads), TALLIED);
    assert_eq!(
        law::<ContractTallies>(&run, (AccountId(9_999), 0), [1; 6]),
        TALLIED
    );
}

#[test]
fn the_law_of_rides_notices_the_wrong_driver() {
    let run = called("uber");
    let sender = sender(&run);
    let ride = run.state.get::<Rides>(&sender).unwrap();
    let mut wrong = ride;
    wrong.distance += 1;
    assert_eq!(
        law::<Rides>(&run, sender, wrong),
        "a rider has the nearest driver"
    );
    let mut wrong = ride;
    wrong.rides += 1;
    assert_eq!(law::<Rides>(&run, sender, wrong), TALLIED);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn parallel_equals_serial_and_the_laws_hold(citizens in 1..5_000_u64, seed: u64) {
        let setup = WorkloadSetup { stock: 200, ..town(citizens) };
        for name in DAPPS {
            let mut run = Run::new(build(name, &setup), seed);
            for _ in 0..3 {
                run.blocks(1, 100);
                prop_assert!(run.city.workload().check(&run.state).is_ok());
            }
        }
    }
}
