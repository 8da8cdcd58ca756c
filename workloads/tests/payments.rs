//! Payments against the ledger: sizes, mix, conservation.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build, genesis, town};
use groma_ledger::{AccountId, Genesis, State};
use proptest::prelude::*;

#[test]
fn payments_run_and_conserve_money() {
    let mut run = Run::new(build("payments", &town(20_000)), 1);
    for _ in 0..20 {
        let block = run.draw(500);
        assert!(block.iter().all(|signed| signed.wire_bytes == 280));
        run.apply(&block);
        run.city.workload().check(&run.state).unwrap();
    }
    assert!(
        run.share(|_, outcome| outcome == "applied") > 0.999,
        "{:?}",
        run.tally
    );
    let refunds = run.share(|kind, _| kind == "payment.refund");
    assert!((0.015..0.03).contains(&refunds), "{refunds}");
}

#[test]
fn the_law_notices_money_from_nowhere() {
    let workload = build("payments", &town(1_000));
    workload.check(&genesis(workload.as_ref())).unwrap();
    let mut forged = Genesis::default();
    workload.genesis(&mut forged);
    forged.balances.insert(AccountId(7), forged.balance + 1);
    let breach = workload.check(&State::genesis(&forged)).unwrap_err();
    assert_eq!(breach.law, "the sum of all balances is constant");
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
