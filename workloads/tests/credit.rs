//! Credit records against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::VecDeque;

use common::{Run, build, town};
use groma_ledger::credit::{
    AuditRow, AuditRows, Consent, Consents, CreditTx, QueryCounts, Record, Records, Standing,
    Subject, Subjects,
};
use groma_ledger::{Body, Genesis, State, TxId};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

/// Bytes on the wire by kind (WORKLOADS W2).
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

#[test]
fn the_law_notices_every_corruption() {
    let mut run = Run::new(build("credit", &town(20_000)), 5);
    run.blocks(20, 1_000);
    let state = &run.state;
    let law = |forged: State| run.city.workload().check(&forged).unwrap_err().law;
    assert!(
        run.city.workload().check(&forge(state, |_| {})).is_ok(),
        "a faithful copy passes"
    );

    let mut rows = Vec::new();
    state.for_each::<AuditRows>(|id, row| rows.push((id, row)));
    let (id, row) = rows[0];
    let consent = state.get::<Consents>(&row.consent).unwrap();

    let live = "no query without a live consent";
    let expired = Consent {
        expires_ns: row.asked_ns,
        ..consent
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Consents>(&row.consent, &expired))),
        live
    );
    let revoked = Consent {
        revoked_ns: Some(row.asked_ns - 1),
        ..consent
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Consents>(&row.consent, &revoked))),
        live
    );
    let overdrawn = Consent {
        uses: consent.used - 1,
        ..consent
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Consents>(&row.consent, &overdrawn))),
        live
    );
    let early = AuditRow { usage: 0, ..row };
    assert_eq!(
        law(forge(state, |to| to.put::<AuditRows>(&id, &early))),
        live
    );
    let again = TxId([7; 32]);
    assert_eq!(
        law(forge(state, |to| to.put::<AuditRows>(&again, &row))),
        live,
        "one use, two rows"
    );

    let audited = "every query has an audit row";
    let more = state.get::<QueryCounts>(&row.teller).unwrap() + 1;
    assert_eq!(
        law(forge(state, |to| to.put::<QueryCounts>(&row.teller, &more))),
        audited
    );
    let unseen = Consent {
        uses: consent.uses + 1,
        used: consent.used + 1,
        ..consent
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Consents>(&row.consent, &unseen))),
        audited
    );

    let fold = "a score is the fold of its records";
    let mut records = Vec::new();
    state.for_each::<Records>(|key, record| records.push((key, record)));
    let (key, record) = *records
        .iter()
        .find(|(_, record)| record.weight != 0)
        .unwrap();
    let subject = state.get::<Subjects>(&key.subject).unwrap();
    let better = Subject {
        score: subject.score + 1,
        ..subject.clone()
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Subjects>(&key.subject, &better))),
        fold
    );
    let fewer = Subject {
        records: subject.records - 1,
        ..subject.clone()
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Subjects>(&key.subject, &fewer))),
        fold
    );
    let unnamed = Subject {
        newest: VecDeque::new(),
        ..subject
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Subjects>(&key.subject, &unnamed))),
        fold
    );
    let heavier = Record {
        weight: record.weight + 1,
        standing: Standing::Active,
        ..record
    };
    assert_eq!(
        law(forge(state, |to| to.put::<Records>(&key, &heavier))),
        fold
    );
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
