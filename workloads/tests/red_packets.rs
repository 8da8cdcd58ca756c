//! Red packets against the ledger: mix, sizes by receivers, all or nothing, refusals, the law.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::payment::{Payment, SPLIT_LIMIT};
use groma_ledger::{AccountId, BlockInput, Body, Outcome, Parallel, State, Transaction};
use groma_workloads::{Intent, WorkloadSetup};

/// The payer, the people and what each gets, if it is a packet.
fn split(transaction: &Transaction) -> Option<(AccountId, &[AccountId], u64)> {
    match &transaction.body {
        Body::Payment(Payment::Split { to, each }) => Some((transaction.sender, to, *each)),
        _ => None,
    }
}

#[test]
fn a_fifth_are_packets_and_eight_bytes_longer_with_everybody_named() {
    let mut run = Run::new(build("red-packets", &honest()), 1);
    let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let Some((payer, to, each)) = split(&signed.transaction) else {
                assert_eq!(signed.wire_bytes, 280);
                continue;
            };
            assert_eq!(signed.wire_bytes as usize, 276 + 8 * to.len());
            let people: BTreeSet<_> = to.iter().collect();
            assert_eq!(people.len(), to.len(), "everybody is named once");
            assert!(!people.contains(&payer) && (100..3_200).contains(&each));
            *sizes.entry(to.len()).or_default() += 1;
        }
        run.apply(&block);
    }
    assert_shares(&run, &[(&["split"], 0.2)]);
    assert_eq!(sizes.keys().next(), Some(&2));
    assert_eq!(sizes.keys().next_back(), Some(&63));
    let few: u64 = sizes.range(..4).map(|(_, packets)| packets).sum();
    let all: u64 = sizes.values().sum();
    let share = few as f64 / all as f64;
    assert!(
        (0.17..0.23).contains(&share),
        "a fifth go to 2 or 3: {share}"
    );
    assert!(run.city.workload().check(&run.state).is_ok());
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    assert_refusals("red-packets", &["duplicate"]);
    let erring = WorkloadSetup {
        mistake_ppm: 100_000,
        ..honest()
    };
    let mut run = Run::new(build("red-packets", &erring), 3);
    run.blocks(20, 1_000);
    for reason in ["insufficient_funds", "malformed", "unknown_record"] {
        let seen = run.share(|kind, outcome| kind == "payment.split" && outcome == reason);
        assert!((0.004..0.009).contains(&seen), "{reason}: {:?}", run.tally);
    }
    let replayed = WorkloadSetup {
        attack_ppm: 100_000,
        ..honest()
    };
    let mut run = Run::new(build("red-packets", &replayed), 3);
    run.blocks(20, 1_000);
    let seen = run.share(|kind, outcome| kind == "payment.split" && outcome == "duplicate");
    assert!((0.014..0.022).contains(&seen), "{:?}", run.tally);
}

#[test]
fn a_packet_reaches_all_or_none() {
    let erring = WorkloadSetup {
        mistake_ppm: 300_000,
        ..honest()
    };
    let mut run = Run::new(build("red-packets", &erring), 4);
    let mut refused = 0;
    // One transaction a block, so that each is seen alone.
    for _ in 0..400 {
        let block = run.draw(1);
        let before = run.state.clone();
        let execution = run.apply(&block);
        let Some((payer, to, each)) = split(&block[0].transaction) else {
            continue;
        };
        let applied = execution.outcomes[0] == Outcome::Applied;
        assert_eq!(applied, run.meant[0] == Intent::Honest);
        refused += u64::from(!applied);
        let balance = |state: &State, id| state.account(id).map(|account| account.balance);
        let given = if applied { each } else { 0 };
        for &id in to {
            let expected = balance(&before, id).map(|held| held + given);
            assert_eq!(balance(&run.state, id), expected);
        }
        let left = balance(&before, payer).map(|held| held - given * to.len() as u64);
        assert_eq!(balance(&run.state, payer), left);
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn lists_are_too_long_by_one() {
    let erring = WorkloadSetup {
        mistake_ppm: 1_000_000,
        ..honest()
    };
    let mut run = Run::new(build("red-packets", &erring), 5);
    let block = run.draw(1_000);
    let lists: BTreeSet<_> = block
        .iter()
        .filter_map(|signed| Some(split(&signed.transaction)?.1.len()))
        .filter(|people| *people > 63)
        .collect();
    assert_eq!(lists, BTreeSet::from([SPLIT_LIMIT + 1]));
}

#[test]
fn packets_that_name_the_same_people_wait_for_each_other() {
    // In a village, everybody is on many lists.
    let village = WorkloadSetup {
        people: groma_workloads::People::new(300).unwrap(),
        ..honest()
    };
    let longest = |setup: &WorkloadSetup, name| {
        let mut run = Run::new(build(name, setup), 6);
        let block = run.draw(500);
        Parallel::largest_group(&BlockInput {
            height: 1,
            timestamp_ns: 1,
            transactions: &block,
        })
    };
    assert!(longest(&village, "red-packets") > 450);
    let city = WorkloadSetup::of_city(17_800_000).unwrap();
    assert!(longest(&city, "red-packets") < 10);
}

#[test]
fn the_law_notices_money_from_nowhere() {
    common::assert_money_is_counted("red-packets", &honest());
}

#[test]
fn parallel_equals_serial_and_money_is_constant() {
    assert_lawful("red-packets");
}
