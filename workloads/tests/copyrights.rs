//! Works and their copyright against the ledger: mix, sizes, refusals, the law, and the law's own
//! reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::copyright::{License, Licenses, RoyaltyPositions, TakenDown, Work, Works};
use groma_ledger::{AccountId, Genesis, State, Table, TxId};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("copyrights", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        assert!(block.iter().all(|signed| signed.wire_bytes == 450));
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["register"], 0.3),
            (&["license"], 0.5),
            (&["transfer"], 0.08),
            (&["split"], 0.1),
            (&["takedown"], 0.02),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 20_000);
    let (mut owners, mut most) = ([0_u32; 9], 0);
    run.state.for_each::<Works>(|_, work| {
        owners[work.shares.0.len()] += 1;
        most = most.max(work.collected / work.price);
    });
    assert!(owners[1..=5].iter().all(|count| *count > 0), "{owners:?}");
    assert!(most > 500, "no work is hot: {most}");
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "wrong_state",
        "not_permitted",
        "false_claim",
        "already_exists",
        "insufficient_funds",
    ];
    assert_refusals("copyrights", &reasons);
}

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("copyrights", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        common::copy::<Works>(state, &mut genesis);
        common::copy::<Licenses>(state, &mut genesis);
        common::copy::<RoyaltyPositions>(state, &mut genesis);
        let check = |genesis: &Genesis| self.0.city.workload().check(&State::genesis(genesis));
        assert!(check(&genesis).is_ok());
        genesis.put::<T>(&key, &value);
        check(&genesis).unwrap_err().law
    }

    fn find<T: Table>(&self, filter: impl Fn(&T::Value) -> bool) -> (T::Key, T::Value) {
        let mut found = None;
        self.0.state.for_each::<T>(|key, value| {
            if filter(&value) {
                found = Some((key, value));
            }
        });
        found.unwrap()
    }
}

#[test]
fn the_law_notices_lost_shares_lost_cents_and_wrong_takedowns() {
    let town = Town::new();
    let (id, work) = town.find::<Works>(|work| {
        let several = work.shares.0.len() > 1;
        several && work.pot() > 0 && work.paid > 0 && work.registered_ns > 1
    });
    let change = |change: &dyn Fn(&mut Work)| {
        let mut changed = work.clone();
        change(&mut changed);
        town.law::<Works>(id, changed)
    };

    let whole = "the shares of a work come to the whole";
    let more = change(&|work| work.shares.0[0].points += 1);
    let gone = change(&|work| work.shares.0.truncate(1));
    let twice = change(&|work| work.shares.0[0].owner = work.shares.0[1].owner);
    assert_eq!([more, gone, twice], [whole; 3]);

    let royalties = "royalties are with the owners, or still to be split";
    let earned = change(&|work| work.collected += 1);
    let paid = change(&|work| work.paid += 1);
    let beyond = change(&|work| work.paid = work.collected + 1);
    assert_eq!([earned, paid, beyond], [royalties; 3]);
    let (key, license) = town.find::<Licenses>(|license| license.work == id);
    let cheap = License {
        fee: license.fee - 1,
        ..license
    };
    assert_eq!(town.law::<Licenses>(key, cheap), royalties);
    let of_nothing = License {
        work: [0; 32],
        ..license
    };
    assert_eq!(town.law::<Licenses>(TxId([0; 32]), of_nothing), royalties);
    assert_eq!(
        town.law::<RoyaltyPositions>(AccountId(u64::MAX), 1),
        royalties
    );
    assert_eq!(
        town.law::<RoyaltyPositions>(AccountId(u64::MAX), -1),
        royalties
    );

    let earliest = "only an earlier work takes another down, and ends its licenses";
    let (copy, down) = town.find::<Works>(|work| work.taken_down.is_some() && work.collected > 0);
    let taken_down = |taken_down: TakenDown| {
        let taken_down = Some(taken_down);
        let changed = Work {
            taken_down,
            ..down.clone()
        };
        town.law::<Works>(copy, changed)
    };
    let right = down.taken_down.unwrap();
    let itself = taken_down(TakenDown {
        earlier: copy,
        ..right
    });
    let nothing = taken_down(TakenDown {
        earlier: [0; 32],
        ..right
    });
    let before = taken_down(TakenDown { at_ns: 0, ..right });
    assert_eq!([itself, nothing, before], [earliest; 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(
        citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64, stock in 0..200_u32,
    ) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock, ..town(citizens) };
        let mut run = Run::new(build("copyrights", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
