//! Evidence against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use core::time::Duration;
use std::collections::BTreeMap;

use common::forge::{Town, copy};
use common::{Run, TPS, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::evidence::{AUTHORITY, Anchors, Deposits, EvidenceTx, Exhibits, NOTARY};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{AccountId, Body, Transaction};
use groma_workloads::{
    Arrivals, City, Law, MilliTps, Mix, Phase, WORKLOADS, Workload, WorkloadSetup,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

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

/// An hour of a workload at a rate: how many of each kind, and what people did.
fn hour(workload: Box<dyn Workload>, tps: f64, clock: bool) -> (Kinds, Vec<Transaction>) {
    let phase = Phase::constant(HOUR, MilliTps::from_tps(tps).unwrap(), Law::Poisson);
    let arrivals = Arrivals::new(vec![phase], ChaCha8Rng::seed_from_u64(1)).unwrap();
    let mut city = City::new(workload, ChaCha8Rng::seed_from_u64(2));
    let (mut kinds, mut people) = (Kinds::new(), Vec::new());
    let mut last = Duration::ZERO;
    let ends = [(HOUR, false)];
    for (until, arrives) in arrivals.map(|arrival| (arrival.at, true)).chain(ends) {
        while clock && let Some((at, due)) = city.due_before(until) {
            assert!(last <= at, "times do not decrease");
            last = at;
            *kinds.entry(due.kind()).or_default() += 1;
        }
        if arrives {
            last = until;
            let drawn = city.next(until);
            *kinds.entry(drawn.kind()).or_default() += 1;
            people.push(drawn);
        }
    }
    (kinds, people)
}

const HOUR: Duration = Duration::from_secs(3_600);
type Kinds = BTreeMap<&'static str, u64>;

#[test]
fn anchors_come_on_top_of_what_people_do_at_any_rate() {
    for tps in [0.5, 2.0, 20.0] {
        let alone = || build("evidence", &honest());
        let (kinds, people) = hour(alone(), tps, true);
        assert_eq!(kinds["evidence.anchor"], 22 * 360, "{kinds:?}");
        // People do what they would do without them: as many, and the catalogue's mix.
        assert_eq!(people, hour(alone(), tps, false).1);
        let count = people.len() as f64;
        assert!((count / (tps * 3_600.0) - 1.0).abs() < 0.1, "{count}");
        assert!(people.iter().all(|tx| tx.kind() != "evidence.anchor"));
        let deposits = kinds["evidence.deposit"] as f64 / count;
        assert!((deposits - 0.9).abs() < 0.03, "{deposits}: {kinds:?}");

        let parts = || {
            let parts = [("payments", 0.8), ("evidence", 0.2)];
            parts.map(|(name, share)| (share, build(name, &honest())))
        };
        let mix = || -> Box<dyn Workload> { Box::new(Mix::new(parts().into()).unwrap()) };
        let (kinds, people) = hour(mix(), tps, true);
        assert_eq!(kinds["evidence.anchor"], 22 * 360, "{kinds:?}");
        assert_eq!(people, hour(mix(), tps, false).1);
        let evidence = people
            .iter()
            .filter(|tx| tx.kind().starts_with("evidence."));
        let share = evidence.count() as f64 / people.len() as f64;
        assert!((share - 0.2).abs() < 0.04, "{share}");
    }
}

#[test]
fn the_table_says_what_comes_by_the_clock() {
    for entry in WORKLOADS {
        let mut workload = build(entry.name, &town(1_000));
        let mut due = 0;
        while workload.due_at().is_some_and(|at| at < HOUR) {
            due += u64::from(workload.due().is_some());
        }
        assert_eq!(
            due * 1_000,
            entry.by_clock.0 * HOUR.as_secs(),
            "{}",
            entry.name
        );
    }
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
