//! Works and their copyright against the ledger: mix, sizes, refusals, the law, and the law's own
//! reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Tables, Town, copy};
use common::{Run, assert_lawful_run, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::copyright::{License, Licenses, RoyaltyPositions, TakenDown, Work, Works};
use groma_ledger::{AccountId, TxId};
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

#[test]
fn the_law_notices_lost_shares_lost_cents_and_wrong_takedowns() {
    let tables: Tables = &[copy::<Works>, copy::<Licenses>, copy::<RoyaltyPositions>];
    let town = Town::new("copyrights", tables);
    let (id, _) = town.find::<Works>(|_, work| {
        let several = work.shares.0.len() > 1;
        several && work.pot() > 0 && work.paid > 0 && work.registered_ns > 1
    });
    let change = |change: &dyn Fn(&mut Work)| town.changed::<Works>(id, change);

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
    let (key, license) = town.find::<Licenses>(|_, license| license.work == id);
    let cheap = town.changed::<Licenses>(key, |license| license.fee -= 1);
    let work = [0; 32];
    let of_nothing = town.law::<Licenses>(TxId([0; 32]), License { work, ..license });
    let given = town.law::<RoyaltyPositions>(AccountId(u64::MAX), 1);
    let taken = town.law::<RoyaltyPositions>(AccountId(u64::MAX), -1);
    assert_eq!([cheap, of_nothing, given, taken], [royalties; 4]);

    let earliest = "only an earlier work takes another down, and ends its licenses";
    let (copy, _) = town.find::<Works>(|_, work| work.taken_down.is_some() && work.collected > 0);
    let down = |change: &dyn Fn(&mut TakenDown)| {
        town.changed::<Works>(copy, |work| change(work.taken_down.as_mut().unwrap()))
    };
    let itself = down(&|down| down.earlier = copy);
    let nothing = down(&|down| down.earlier = [0; 32]);
    let before = down(&|down| down.at_ns = 0);
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
        assert_lawful_run("copyrights", &setup, seed, (8, 500));
    }
}
