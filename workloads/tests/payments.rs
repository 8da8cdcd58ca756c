//! Payments against the ledger: sizes, mix, refusals, conservation.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::{Run, TPS, assert_refusals, assert_shares, build, honest, town};
use core::time::Duration;
use groma_ledger::{Outcome, Reason, TxId};
use groma_workloads::{City, Intent, Mix, WorkloadSetup};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn the_mix_and_the_sizes_are_the_catalogues_and_no_money_is_made() {
    let mut run = Run::new(build("payments", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        assert!(block.iter().all(|signed| signed.wire_bytes == 280));
        run.apply(&block);
        run.city.workload().check(&run.state).unwrap();
    }
    let first_lag = 0.5 * TPS as f64 / 40_000.0;
    let refunds = 0.025 * (1.0 - first_lag);
    assert_shares(
        &run,
        &[(&["transfer"], 1.0 - refunds), (&["refund"], refunds)],
    );
}

#[test]
fn replays_and_overdrafts_are_refused_and_nothing_else_is() {
    assert_refusals("payments", &["duplicate"]);
    let erring = WorkloadSetup {
        mistake_ppm: 21_000,
        ..honest()
    };
    let mut run = Run::new(build("payments", &erring), 2);
    run.blocks(20, 1_000);
    let overdrawn = run.share(|_, outcome| outcome == "insufficient_funds");
    assert!((0.018..0.024).contains(&overdrawn), "{:?}", run.tally);
    assert_eq!(
        run.share(|_, outcome| outcome == "applied"),
        1.0 - overdrawn
    );
}

/// Payments of whom one in ten is a replay.
fn replayed() -> WorkloadSetup {
    WorkloadSetup {
        attack_ppm: 100_000,
        ..honest()
    }
}

#[test]
fn a_replay_is_the_same_signed_transaction_a_lag_later() {
    let payments = build("payments", &replayed());
    // In a mix, and among parts that number their own.
    let other = build("invoices", &honest());
    let mix = Mix::new(vec![(0.5, payments), (0.5, other)]).unwrap();
    let mut city = City::new(Box::new(mix), ChaCha8Rng::seed_from_u64(3));
    let mut at: BTreeMap<TxId, Duration> = BTreeMap::new();
    let mut replays = 0;
    for k in 0..20_000 {
        let now = Duration::from_micros(200 * k);
        let (transaction, intent) = city.next_meant(now);
        let first = *at.entry(transaction.id()).or_insert(now);
        if intent == Intent::Attack {
            assert!(first + Duration::from_millis(500) <= now, "{transaction:?}");
            replays += 1;
        } else {
            assert_eq!(first, now, "{transaction:?}");
        }
    }
    assert!((700..1_100).contains(&replays), "{replays}");
}

#[test]
fn one_of_two_is_applied_in_whatever_order_they_come() {
    let mut run = Run::new(build("payments", &replayed()), 4);
    let mut block = run.draw(6_000);
    let replays = run
        .meant
        .iter()
        .filter(|meant| **meant == Intent::Attack)
        .count();
    assert!(replays > 200, "{replays}");
    block.reverse();
    let execution = run.apply(&block);
    let mut applied: BTreeMap<TxId, u64> = BTreeMap::new();
    for (signed, outcome) in block.iter().zip(&execution.outcomes) {
        let duplicate = *outcome == Outcome::Rejected(Reason::Duplicate);
        assert!(duplicate || *outcome == Outcome::Applied, "{outcome:?}");
        *applied.entry(signed.id).or_default() += u64::from(!duplicate);
    }
    assert!(applied.values().all(|times| *times == 1));
    run.city.workload().check(&run.state).unwrap();
}

#[test]
fn the_law_notices_money_from_nowhere() {
    common::assert_money_is_counted("payments", &town(1_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn parallel_equals_serial_and_money_is_constant(citizens in 1..200_u64, seed: u64) {
        let mut run = Run::new(build("payments", &town(citizens)), seed);
        run.blocks(4, 400);
        prop_assert!(run.city.workload().check(&run.state).is_ok());
    }
}
