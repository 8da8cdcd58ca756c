//! SmallBank against the ledger: mixes, sizes, refusals, the laws, and the laws' own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful_run, assert_shares, build, honest, town};
use groma_ledger::smallbank::{
    Book, Checking, Customers, Operation, Savings, SmallBankTallies, opening,
};
use groma_ledger::{AccountId, Body};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn the_mix_is_that_of_oltp_bench() {
    for name in ["smallbank", "smallbank-hotspot"] {
        let mut run = Run::new(build(name, &honest()), 1);
        run.blocks(40, 1_000);
        assert_shares(
            &run,
            &[
                (&["amalgamate"], 0.15),
                (&["balance"], 0.15),
                (&["deposit_checking"], 0.15),
                (&["send_payment"], 0.25),
                (&["transact_savings"], 0.15),
                (&["write_check"], 0.15),
            ],
        );
        let poor = run.share(|_, outcome| outcome == "insufficient_funds");
        let refused = run.share(|_, outcome| outcome != "applied");
        assert_eq!(refused, poor, "nothing else is refused: {:?}", run.tally);
        assert!((poor > 0.02) == (name == "smallbank-hotspot"), "{poor}");
        assert!(run.city.workload().check(&run.state).unwrap() > 2_000);
    }
}

#[test]
fn a_hundred_customers_are_hot() {
    let mut run = Run::new(build("smallbank-hotspot", &honest()), 1);
    let mut drawn: BTreeMap<u64, u32> = BTreeMap::new();
    for signed in run.draw(20_000) {
        let Body::SmallBank(tx) = &signed.transaction.body else {
            panic!("{signed:?}");
        };
        if let Operation::DepositChecking { customer, .. } = tx.operation {
            *drawn.entry(customer).or_default() += 1;
        }
    }
    let hot: u32 = drawn.values().filter(|times| **times > 5).sum();
    let share = f64::from(hot) / f64::from(drawn.values().sum::<u32>());
    assert!((0.88..0.92).contains(&share), "{share}");
}

#[test]
fn the_variant_of_blockbench_is_uniform_and_refuses_nothing() {
    let mut run = Run::new(build("smallbank-blockbench", &honest()), 1);
    run.blocks(40, 1_000);
    let kinds = [
        "amalgamate",
        "balance",
        "deposit_checking",
        "send_payment",
        "transact_savings",
        "write_check",
    ];
    for kind in kinds {
        assert_shares(&run, &[(&[kind], 1.0 / 6.0)]);
    }
    assert_eq!(run.share(|_, outcome| outcome != "applied"), 0.0);
    assert!(run.city.workload().check(&run.state).unwrap() > 10_000);
}

/// A bank after 10,000 transactions.
fn bank(name: &str) -> Town {
    let tables = &[
        copy::<Customers>,
        copy::<Savings>,
        copy::<Checking>,
        copy::<SmallBankTallies>,
    ];
    Town::after(name, &town(20_000), (10, 1_000), tables)
}

#[test]
fn the_law_notices_a_cent_from_nothing() {
    let town = bank("smallbank");
    let conserved = "all balances are the opening balances and what customers brought";
    let (key, _) = town.find::<Checking>(|_, _| true);
    let checked = town.changed::<Checking>(key, |held| *held += 1);
    let (key, _) = town.find::<Savings>(|_, _| true);
    let saved = town.changed::<Savings>(key, |held| *held += 1);
    let tally = (AccountId(0), Book::Original as u8);
    let brought = town.law::<SmallBankTallies>(tally, 1 << 40);
    assert_eq!([checked, saved, brought], [conserved; 3]);
    assert_eq!(town.law::<Savings>(key, -1), "no savings are below zero");
    let stranger = (Book::Original, 1_000_000);
    assert_eq!(
        town.law::<Checking>(stranger, opening(stranger).1),
        "only customers have accounts"
    );
}

#[test]
fn the_law_of_blockbench_notices_a_balance() {
    let town = bank("smallbank-blockbench");
    let nothing = "amounts of zero leave every balance at zero";
    let (key, _) = town.find::<Savings>(|_, _| true);
    assert_eq!(town.law::<Savings>(key, 1), nothing);
    assert_eq!(town.law::<Checking>(key, -1), nothing);
    assert_eq!(
        town.law::<Checking>((Book::Blockbench, 100_000), 0),
        "only customers have accounts"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_laws_hold(citizens in 1..5_000_u64, seed: u64) {
        let setup = WorkloadSetup { stock: 200, ..town(citizens) };
        for name in ["smallbank", "smallbank-hotspot", "smallbank-blockbench"] {
            assert_lawful_run(name, &setup, seed, (4, 500));
        }
    }
}
