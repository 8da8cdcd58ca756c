//! Mixes and the table: shares, laws of every part, nonces, all kinds in one block.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{BENCHMARKS, Run, build, genesis, town};
use core::time::Duration;
use groma_ledger::{Genesis, Hash, State, Transaction};
use groma_workloads::{City, Intent, Mix, MixFault, WORKLOADS, Workload, WorkloadSetup, steps};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn everything(setup: &WorkloadSetup) -> Box<dyn Workload> {
    let parts = [("payments", 0.2), ("invoices", 0.5), ("credit", 0.3)];
    let parts = parts.map(|(name, share)| (share, build(name, setup)));
    Box::new(Mix::new(parts.into()).unwrap())
}

#[test]
fn a_mix_keeps_its_shares_and_all_its_laws() {
    let mut run = Run::new(everything(&town(50_000)), 1);
    run.blocks(30, 1_000);
    for (kind, share) in [("payment.", 0.2), ("invoice.", 0.5), ("credit.", 0.3)] {
        let seen = run.share(|name, _| name.starts_with(kind));
        assert!((seen - share).abs() < 0.015, "{kind}: {seen}");
    }
    let all = run.city.workload().check(&run.state).unwrap();
    let mut parts = 0;
    for entry in WORKLOADS {
        let part = build(entry.name, &town(50_000));
        assert_eq!(part.name(), entry.name);
        // These are no part of the mix, and theirs is the law of payments.
        if ["blobs", "red-packets", "transfers"].contains(&entry.name) {
            continue;
        }
        parts += part.check(&run.state).unwrap();
    }
    assert_eq!(all, parts, "the mix compares what its parts compare");
}

#[test]
fn a_breach_in_one_part_is_a_breach_of_the_mix() {
    let mix = everything(&town(1_000));
    assert!(mix.check(&genesis(mix.as_ref())).is_ok());
    let mut short = Genesis::default();
    mix.genesis(&mut short);
    short.balance -= 1;
    assert!(mix.check(&State::genesis(&short)).is_err());
}

#[test]
fn impossible_mixes_are_refused() {
    let fault = |shares: &[f64]| {
        let parts = shares
            .iter()
            .map(|share| (*share, build("payments", &town(10))))
            .collect();
        Mix::new(parts).err()
    };
    assert_eq!(fault(&[]), Some(MixFault::Empty));
    assert_eq!(fault(&[0.0, 0.0]), Some(MixFault::Nothing));
    for share in [-0.1, f64::NAN, f64::INFINITY, 1e7] {
        assert_eq!(fault(&[0.5, share]), Some(MixFault::Share));
    }
    assert_eq!(fault(&[0.0, 1.0]), None);
}

#[test]
fn nonces_rise_by_sender() {
    let mut city = City::new(everything(&town(500)), ChaCha8Rng::seed_from_u64(1));
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for k in 0..20_000 {
        let (transaction, intent) = city.next_meant(Duration::from_micros(200 * k));
        // An attack may be a replay, which has the nonce of its original.
        if intent == Intent::Attack {
            continue;
        }
        let before = last.insert(transaction.sender.0, transaction.nonce);
        assert!(before.is_none_or(|before| before < transaction.nonce));
    }
}

#[test]
fn a_city_depends_on_its_seed_alone() {
    let draw = |seed| -> Vec<(Transaction, Intent)> {
        let mut city = City::new(everything(&town(2_000)), ChaCha8Rng::seed_from_u64(seed));
        (0..5_000)
            .map(|k| city.next_meant(Duration::from_micros(200 * k)))
            .collect()
    };
    let once = draw(1);
    assert_eq!(once, draw(1));
    assert_ne!(once, draw(2));
    let mut ids = BTreeSet::new();
    for (transaction, intent) in &once {
        let new = ids.insert(transaction.id());
        assert!(
            new || *intent == Intent::Attack,
            "no two are the same but for replays: {transaction:?}"
        );
    }
    for (transaction, _) in once.iter().step_by(50) {
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        assert_eq!(Transaction::decode(&bytes).as_ref(), Ok(transaction));
    }
}

#[test]
fn a_golden_digest_pins_the_streams_and_the_encoding() {
    let mut city = City::new(
        everything(&WorkloadSetup::of_city(17_800_000).unwrap()),
        ChaCha8Rng::seed_from_u64(42),
    );
    let ids: Vec<_> = (0..5_000)
        .map(|k| city.next(Duration::from_millis(k)).id())
        .collect();
    let parts: Vec<&[u8]> = ids.iter().map(|id| id.0.as_slice()).collect();
    assert_eq!(Hash::of(&parts).to_string(), GOLDEN);
}

const GOLDEN: &str = "58439fd42b7ce956d0e82351ef87fd66e645515287461c38bf933366de6fcece";

/// All workloads that there are, in equal parts, but for the benchmarks, which are many and heavy.
fn whole_city(setup: &WorkloadSetup) -> Box<dyn Workload> {
    let share = |name| if BENCHMARKS.contains(name) { 0.02 } else { 1.0 };
    let parts = WORKLOADS
        .iter()
        .map(|entry| (share(&entry.name), (entry.build)(setup)));
    Box::new(Mix::new(parts.collect()).unwrap())
}

#[test]
fn all_workloads_share_one_city() {
    let mut run = Run::new(whole_city(&town(50_000)), 1);
    run.blocks(20, 1_000);
    let refused = run.share(|_, outcome| outcome != "applied");
    assert!(
        (0.015..0.03).contains(&refused),
        "{refused}: {:?}",
        run.tally
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 50_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_for_all_kinds_in_conflict(citizens in 1..300_u64, seed: u64) {
        let setup = WorkloadSetup { lag: Duration::from_millis(50), stock: 300, ..town(citizens) };
        let mut run = Run::new(everything(&setup), seed);
        for _ in 0..6 {
            run.blocks(1, 600);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
        let mut run = Run::new(whole_city(&setup), seed);
        for _ in 0..4 {
            run.blocks(1, 600);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}

#[test]
fn shares_change_with_time() {
    let setup = common::town(1_000);
    let parts = vec![
        common::build("payments", &setup),
        common::build("blobs", &setup),
    ];
    let second = core::time::Duration::from_secs(1);
    let spells = [
        (second, vec![1.0, 0.0]),
        (2 * second, vec![0.5, 0.5]),
        (3 * second, vec![0.0, 1.0]),
    ];
    let mut mix = groma_workloads::Mix::timed(parts, &spells).unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut blobs = [0_u32; 4];
    for k in 0..4_000_u32 {
        let now = second * k / 1_000;
        let body = mix.next(now, &mut rng).body;
        let blob = matches!(
            body,
            groma_ledger::Body::Payment(groma_ledger::payment::Payment::Balance { .. })
        );
        blobs[k as usize / 1_000] += u32::from(blob);
    }
    assert_eq!((blobs[0], blobs[2], blobs[3]), (0, 1_000, 1_000));
    assert!((430..570).contains(&blobs[1]), "{blobs:?}");
    let fault = groma_workloads::Mix::timed(Vec::new(), &spells).map(|_| ());
    assert_eq!(fault, Err(MixFault::Empty));
}

/// A mix of payments and invoices whose reimbursements stand apart, at these shares.
fn apart(shares: [f64; 4]) -> Result<Mix, MixFault> {
    let setup = common::honest();
    let parts = ["payments", "invoices"].map(|name| build(name, &setup));
    let steps = ["submit_reimburse", "approve_reimburse"];
    let steps = steps.map(|step| steps::find(&format!("invoices.{step}")).unwrap());
    Mix::with_steps(parts.into(), &steps, &[(Duration::MAX, shares.to_vec())])
}

#[test]
fn a_step_that_stands_apart_has_its_own_share_and_its_workload_leaves_it_out() {
    let shares = [0.3, 0.6, 0.06, 0.04];
    let mut run = Run::new(Box::new(apart(shares).unwrap()), 1);
    run.blocks(20, 1_000);
    let kinds = [("submit_reimburse", 0.06), ("approve_reimburse", 0.04)];
    for (kind, share) in kinds {
        let seen = run.share(|name, _| name.ends_with(kind));
        assert!((seen - share).abs() < 0.008, "{kind}: {seen}");
    }
    let issued = run.share(|name, _| name == "invoice.issue");
    assert!((issued - 0.6 * 0.42 / 0.85).abs() < 0.015, "{issued}");
    assert!(run.tally.keys().all(|(_, outcome)| *outcome == "applied"));
    let mut none = Run::new(Box::new(apart([0.5, 0.5, 0.0, 0.0]).unwrap()), 1);
    none.blocks(20, 1_000);
    assert_eq!(none.share(|name, _| name.ends_with("_reimburse")), 0.0);
}

#[test]
fn a_row_of_a_trace_asks_for_a_workload_with_all_its_steps() {
    let mut mix = apart([1.0, 0.0, 0.0, 0.0]).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut submitted = 0;
    for k in 0..5_000 {
        let now = Duration::from_millis(k);
        let body = mix.next_of("invoices", now, &mut rng).unwrap().body;
        let submit = matches!(
            body,
            groma_ledger::Body::Invoice(groma_ledger::invoice::InvoiceTx::SubmitReimburse { .. })
        );
        submitted += u32::from(submit);
    }
    assert!((330..470).contains(&submitted), "{submitted}");
}

#[test]
fn steps_have_their_shares_and_their_workloads() {
    for step in steps::STEPS {
        let mut workload = build(step.workload(), &town(1_000));
        assert!(workload.leave_out(step.step()), "{}", step.name);
        assert!((0.01..0.6).contains(&step.share), "{step:?}");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let draft = workload.next_step(step.step(), Duration::ZERO, &mut rng);
        let draft = draft.unwrap();
        let transaction = Transaction {
            sender: draft.sender,
            nonce: 0,
            filler: draft.filler,
            body: draft.body,
        };
        let kind = transaction.kind();
        assert!(kind.ends_with(step.step()), "{kind}");
        assert!(!workload.leave_out("issue"));
        assert!(
            workload
                .next_step("issue", Duration::ZERO, &mut rng)
                .is_none()
        );
    }
    let strange = |name: &str| {
        let parts = vec![build("payments", &town(10))];
        let step = steps::find(name).unwrap();
        Mix::with_steps(parts, &[step], &[(Duration::MAX, vec![1.0, 1.0])]).err()
    };
    assert_eq!(strange("credit.submit_record"), Some(MixFault::Step));
}
