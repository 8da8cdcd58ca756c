//! Evidence against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::forge::{Town, copy};
use common::{Run, TPS, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::evidence::{AUTHORITY, Anchors, Deposits, EvidenceTx, Exhibits, NOTARY};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{AccountId, Body};
use groma_workloads::WorkloadSetup;

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

#[test]
fn the_law_notices_earlier_times_strange_judges_and_gaps() {
    let tables = &[copy::<Deposits>, copy::<Exhibits>, copy::<Anchors>];
    // 16 seconds: some chains have anchored twice.
    let town = Town::after("evidence", &town(20_000), (16, 5_000), tables);
    let (key, exhibit) =
        town.find::<Exhibits>(|_, exhibit| exhibit.confirmed_ns.is_some() && exhibit.since_ns > 1);

    let earliest = "an exhibit has the earliest time of its deposit";
    let sooner = town.changed::<Exhibits>(key, |exhibit| exhibit.since_ns -= 1);
    let later = town.changed::<Deposits>(key.1, |deposit| deposit.since_ns += 1);
    let nothing = town.law::<Exhibits>((key.0, [7; 32]), exhibit);
    assert_eq!([sooner, later, nothing], [earliest; 3]);

    let court = "the court of the case confirms";
    let stranger = town.changed::<Exhibits>(key, |exhibit| exhibit.judge = Some(AccountId(0)));
    let unsigned = town.changed::<Exhibits>(key, |exhibit| exhibit.judge = None);
    assert_eq!([stranger, unsigned], [court; 2]);

    for place in [AUTHORITY, NOTARY] {
        let by_a_citizen = town.changed::<Deposits>(key.1, |deposit| {
            deposit.signatures = Signatures::default();
            deposit.signatures.sign(place, AccountId(0)).unwrap();
        });
        assert_eq!(by_a_citizen, "authority and notary sign deposits");
    }

    let anchored = "anchors follow each other without a gap";
    let ((source, place), anchor) = town.find::<Anchors>(|(_, place), _| *place == 2);
    let gap = town.law::<Anchors>((source, place + 2), anchor);
    let forged = town.changed::<Anchors>((source, place), |anchor| anchor.previous = [1; 32]);
    let by_citizen = town.law::<Anchors>((AccountId(0), 1), anchor);
    assert_eq!([gap, forged, by_citizen], [anchored; 3]);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("evidence");
}
