//! Credit records against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::VecDeque;

use common::{Run, build, town};
use groma_ledger::credit::{
    AuditRow, AuditRows, Consent, ConsentKey, Consents, CreditTx, QueryCounts, Record, RecordKey,
    Records, Standing, Subject, Subjects,
};
use groma_ledger::{AccountId, Body, Genesis, State, Table, TxId};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

/// Bytes on the wire by kind (docs/sources.md W2).
fn catalogue_bytes(tx: &CreditTx) -> u32 {
    match tx {
        CreditTx::Submit { .. } => 480,
        CreditTx::Authorise { .. } | CreditTx::Revoke { .. } => 300,
        CreditTx::Query { .. } => 240,
        CreditTx::Dispute { .. } => 600,
        CreditTx::Correct { .. } | CreditTx::Uphold { .. } => 450,
        CreditTx::Reward { .. } | CreditTx::Penalise { .. } => 280,
    }
}

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("credit", &town(50_000)), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let Body::Credit(tx) = &signed.transaction.body else {
                panic!("{signed:?}")
            };
            assert_eq!(signed.wire_bytes, catalogue_bytes(tx), "{tx:?}");
        }
        run.apply(&block);
    }
    let expected: [(&[&str], f64); 7] = [
        (&["submit_record"], 0.55),
        (&["authorise"], 0.08),
        (&["query_with_consent"], 0.27),
        (&["dispute"], 0.004),
        (&["correct", "uphold"], 0.004),
        (&["reward", "penalise"], 0.08),
        (&["revoke"], 0.012),
    ];
    for (kinds, share) in expected {
        let seen = run.share(|name, _| kinds.iter().any(|kind| name.ends_with(kind)));
        let error = (share * (1.0 - share) / 40_000.0_f64).sqrt();
        assert!(
            (seen - share).abs() < 5.0 * error,
            "{kinds:?}: {seen} and not {share}: {:?}",
            run.tally
        );
    }
    assert!(run.city.workload().check(&run.state).unwrap() > 30_000);
    assert!(
        run.tally.contains_key(&("credit.uphold", "applied")),
        "{:?}",
        run.tally
    );
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let only_attacks = WorkloadSetup {
        mistake_ppm: 0,
        ..town(50_000)
    };
    let mut run = Run::new(build("credit", &only_attacks), 2);
    run.blocks(40, 1_000);
    let prying =
        run.share(|kind, outcome| kind == "credit.query_with_consent" && outcome == "no_consent");
    assert!((0.004..0.006).contains(&prying), "{prying}");
    assert_eq!(
        prying,
        run.share(|_, outcome| outcome != "applied"),
        "{:?}",
        run.tally
    );

    let mut run = Run::new(build("credit", &town(50_000)), 2);
    run.blocks(40, 1_000);
    let refused = run.share(|_, outcome| outcome != "applied");
    assert!(
        (0.022..0.03).contains(&refused),
        "{refused}: {:?}",
        run.tally
    );
}

#[test]
fn five_departments_send_most_from_many_accounts() {
    let setup = town(100_000);
    let mut run = Run::new(build("credit", &setup), 6);
    let first = setup.people.department(0, 0).0;
    let mut sent = vec![0_u32; 50 * 64];
    for signed in run.draw(40_000) {
        if let (Body::Credit(CreditTx::Submit { .. }), Some(seat)) = (
            &signed.transaction.body,
            signed.transaction.sender.0.checked_sub(first),
        ) {
            sent[seat as usize] += 1;
        }
    }
    let hot: u32 = sent[..5 * 64].iter().sum();
    let share = f64::from(hot) / f64::from(sent.iter().sum::<u32>());
    assert!((0.79..0.81).contains(&share), "{share}");
    assert!(sent[..5 * 64].iter().all(|count| (20..120).contains(count)));
}

/// A state whose records are those of `state` after `change`.
fn forge(state: &State, change: impl FnOnce(&mut Genesis)) -> State {
    let mut genesis = Genesis::new(state.accounts(), 1_000_000);
    state.for_each::<Records>(|key, value| genesis.put::<Records>(&key, &value));
    state.for_each::<Subjects>(|key, value| genesis.put::<Subjects>(&key, &value));
    state.for_each::<Consents>(|key, value| genesis.put::<Consents>(&key, &value));
    state.for_each::<AuditRows>(|key, value| genesis.put::<AuditRows>(&key, &value));
    state.for_each::<QueryCounts>(|key, value| genesis.put::<QueryCounts>(&key, &value));
    change(&mut genesis);
    State::genesis(&genesis)
}

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("credit", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = forge(&self.0.state, |genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }
}

#[test]
fn a_faithful_copy_passes() {
    let Town(run) = Town::new();
    assert!(
        run.city
            .workload()
            .check(&forge(&run.state, |_| {}))
            .is_ok()
    );
}

#[test]
fn the_law_notices_queries_without_consent_or_audit() {
    let town = Town::new();
    let mut rows = Vec::new();
    town.0
        .state
        .for_each::<AuditRows>(|id, row| rows.push((id, row)));
    let (id, row) = rows[0];
    let key = row.consent;
    let consent = town.0.state.get::<Consents>(&key).unwrap();

    let live = "no query without a live consent";
    let expired = Consent {
        expires_ns: row.asked_ns,
        ..consent
    };
    assert_eq!(town.law::<Consents>(key, expired), live);
    let revoked = Consent {
        revoked_ns: Some(row.asked_ns - 1),
        ..consent
    };
    assert_eq!(town.law::<Consents>(key, revoked), live);
    let overdrawn = Consent {
        uses: consent.used - 1,
        ..consent
    };
    assert_eq!(town.law::<Consents>(key, overdrawn), live);
    assert_eq!(
        town.law::<AuditRows>(id, AuditRow { usage: 0, ..row }),
        live
    );
    let nobody = ConsentKey {
        number: u32::MAX,
        ..key
    };
    assert_eq!(
        town.law::<AuditRows>(
            id,
            AuditRow {
                consent: nobody,
                ..row
            }
        ),
        live
    );
    assert_eq!(
        town.law::<AuditRows>(TxId([7; 32]), row),
        live,
        "one use, two rows"
    );

    let audited = "every query has an audit row";
    let asked = town.0.state.get::<QueryCounts>(&row.teller).unwrap();
    assert_eq!(town.law::<QueryCounts>(row.teller, asked + 1), audited);
    let unseen = Consent {
        uses: consent.uses + 1,
        used: consent.used + 1,
        ..consent
    };
    assert_eq!(town.law::<Consents>(key, unseen), audited);
}

#[test]
fn the_law_notices_scores_that_are_no_fold() {
    let town = Town::new();
    let mut records = Vec::new();
    town.0
        .state
        .for_each::<Records>(|key, record| records.push((key, record)));
    let (key, record) = records[0];
    let subject = town.0.state.get::<Subjects>(&key.subject).unwrap();
    let fold = "a score is the fold of its records";
    let better = Subject {
        score: subject.score + 1,
        ..subject.clone()
    };
    assert_eq!(town.law::<Subjects>(key.subject, better), fold);
    let fewer = Subject {
        records: subject.records - 1,
        ..subject.clone()
    };
    assert_eq!(town.law::<Subjects>(key.subject, fewer), fold);
    let unnamed = Subject {
        newest: VecDeque::new(),
        ..subject
    };
    assert_eq!(town.law::<Subjects>(key.subject, unnamed), fold);
    let heavier = Record {
        weight: 99,
        standing: Standing::Active,
        ..record
    };
    assert_eq!(town.law::<Records>(key, heavier), fold);
    let orphan = RecordKey {
        subject: AccountId(u64::MAX),
        number: 0,
    };
    assert_eq!(town.law::<Records>(orphan, record), fold);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("credit", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
