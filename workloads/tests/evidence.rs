//! Evidence against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::{Run, TPS, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::evidence::{
    AUTHORITY, Anchor, Anchors, Deposit, Deposits, EvidenceTx, Exhibit, Exhibits, NOTARY,
};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{AccountId, Body, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

/// Bytes on the wire by kind (docs/sources.md W4; the last two are estimates).
fn catalogue_bytes(tx: &EvidenceTx) -> u32 {
    match tx {
        EvidenceTx::Deposit { .. } => 420,
        EvidenceTx::Anchor { .. } => 300,
        EvidenceTx::Stamp { .. } | EvidenceTx::Cosign { .. } => 380,
        EvidenceTx::SubmitToCourt { .. } => 500,
        EvidenceTx::Verify(claim) => 262 + 32 * claim.path.len() as u32,
        EvidenceTx::JudgeConfirm { .. } => 300,
    }
}

#[test]
fn the_mix_and_the_sizes_are_the_catalogues_and_the_first_deposit_stands() {
    let mut run = Run::new(build("evidence", &honest()), 1);
    let mut earliest = BTreeMap::new();
    let mut drawn = 0;
    for _ in 0..40 {
        let block = run.draw(1_000);
        drawn += 1_000;
        let at_ns = drawn * 1_000_000_000 / TPS;
        for signed in &block {
            let Body::Evidence(tx) = &signed.transaction.body else {
                panic!("{signed:?}")
            };
            assert_eq!(signed.wire_bytes, catalogue_bytes(tx), "{tx:?}");
            if let EvidenceTx::Deposit { root, leaves: 1.. } = tx {
                earliest
                    .entry(*root)
                    .or_insert((signed.transaction.sender, at_ns));
            }
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["deposit"], 0.9),
            (&["stamp", "cosign"], 0.04),
            (&["verify"], 0.04),
            (&["submit_to_court"], 0.015),
            (&["judge_confirm"], 0.005),
        ],
    );
    // 22 chains, one every ten seconds, in 8 seconds.
    assert_eq!(run.tally[&("evidence.anchor", "applied")], 18);
    let (mut compared, mut notarised) = (0, 0);
    run.state.for_each::<Deposits>(|root, deposit| {
        notarised += u32::from(deposit.is_notarised());
        // What is not among these is of the stock.
        if let Some(first) = earliest.get(&root).filter(|_| deposit.since_ns > 1) {
            assert_eq!(*first, (deposit.depositor, deposit.since_ns));
            compared += 1;
        }
    });
    assert!(
        compared > 30_000 && notarised > 300,
        "{compared} {notarised}"
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 30_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "already_exists",
        "false_claim",
        "bad_proof",
        "not_permitted",
    ];
    assert_refusals("evidence", &reasons);
}

#[test]
fn an_anchor_is_rewritten_by_nobody() {
    let setup = WorkloadSetup {
        attack_ppm: 200_000,
        mistake_ppm: 0,
        ..town(50_000)
    };
    let mut run = Run::new(build("evidence", &setup), 3);
    run.blocks(70, 1_000);
    assert_eq!(run.tally[&("evidence.anchor", "applied")], 31);
    assert!(run.tally[&("evidence.anchor", "already_exists")] > 100);
    assert!(run.city.workload().check(&run.state).is_ok());
}

/// A town after 80,000 transactions, 16 seconds: some chains have anchored twice.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("evidence", &town(20_000)), 5);
        run.blocks(16, 5_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        state.for_each::<Deposits>(|key, value| genesis.put::<Deposits>(&key, &value));
        state.for_each::<Exhibits>(|key, value| genesis.put::<Exhibits>(&key, &value));
        state.for_each::<Anchors>(|key, value| genesis.put::<Anchors>(&key, &value));
        change(&mut genesis);
        State::genesis(&genesis)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = self.forge(|genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }
}

#[test]
fn the_law_notices_earlier_times_strange_judges_and_gaps() {
    let town = Town::new();
    let state = &town.0.state;
    assert!(town.0.city.workload().check(&town.forge(|_| {})).is_ok());
    let mut exhibits = Vec::new();
    state.for_each::<Exhibits>(|key, exhibit| exhibits.push((key, exhibit)));
    let confirmed = exhibits
        .iter()
        .find(|(_, exhibit)| exhibit.confirmed_ns.is_some() && exhibit.since_ns > 1);
    let (key, exhibit) = *confirmed.unwrap();

    let earliest = "an exhibit has the earliest time of its deposit";
    let sooner = Exhibit {
        since_ns: exhibit.since_ns - 1,
        ..exhibit
    };
    assert_eq!(town.law::<Exhibits>(key, sooner), earliest);
    let deposit = state.get::<Deposits>(&key.1).unwrap();
    let later = Deposit {
        since_ns: deposit.since_ns + 1,
        ..deposit
    };
    assert_eq!(town.law::<Deposits>(key.1, later), earliest);
    let nothing = (key.0, [7; 32]);
    assert_eq!(town.law::<Exhibits>(nothing, exhibit), earliest);

    let court = "the court of the case confirms";
    let stranger = Exhibit {
        judge: Some(AccountId(0)),
        ..exhibit
    };
    assert_eq!(town.law::<Exhibits>(key, stranger), court);
    let unsigned = Exhibit {
        judge: None,
        ..exhibit
    };
    assert_eq!(town.law::<Exhibits>(key, unsigned), court);

    for place in [AUTHORITY, NOTARY] {
        let mut signatures = Signatures::default();
        signatures.sign(place, AccountId(0)).unwrap();
        let by_a_citizen = Deposit {
            signatures,
            ..deposit
        };
        assert_eq!(
            town.law::<Deposits>(key.1, by_a_citizen),
            "authority and notary sign deposits"
        );
    }

    let mut anchors = Vec::new();
    state.for_each::<Anchors>(|key, anchor| anchors.push((key, anchor)));
    let anchored = "anchors follow each other without a gap";
    let second = anchors.iter().find(|((_, place), _)| *place == 2);
    let ((source, place), anchor) = *second.unwrap();
    assert_eq!(town.law::<Anchors>((source, place + 2), anchor), anchored);
    let forged = Anchor {
        previous: [1; 32],
        ..anchor
    };
    assert_eq!(town.law::<Anchors>((source, place), forged), anchored);
    assert_eq!(town.law::<Anchors>((AccountId(0), 1), anchor), anchored);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("evidence", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
