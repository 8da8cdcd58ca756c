//! Credit records against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Tables, Town, copy};
use common::{Run, assert_lawful, assert_shares, build, town};
use groma_ledger::credit::{
    AuditRows, Consent, Consents, CreditTx, QueryCounts, RecordKey, Records, Standing, Subjects,
};
use groma_ledger::{AccountId, Body, TxId};
use groma_workloads::WorkloadSetup;

/// Bytes on the wire by kind (docs/sources.md W2).
fn catalogue_bytes(tx: &CreditTx) -> u32 {
    match tx {
        CreditTx::Submit { .. } => 480,
        CreditTx::Authorise { .. }
        | CreditTx::Revoke { .. }
        | CreditTx::Expire { .. }
        | CreditTx::Archive { .. } => 300,
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
    assert_shares(
        &run,
        &[
            (&["submit_record"], 0.55),
            (&["authorise"], 0.08),
            (&["query_with_consent"], 0.27),
            (&["dispute"], 0.004),
            (&["correct", "uphold"], 0.004),
            (&["reward", "penalise"], 0.08),
            (&["revoke"], 0.012),
        ],
    );
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

/// What the law reads.
const TABLES: Tables = &[
    copy::<Records>,
    copy::<Subjects>,
    copy::<Consents>,
    copy::<AuditRows>,
    copy::<QueryCounts>,
];

#[test]
fn the_law_notices_queries_without_consent_or_audit() {
    let town = Town::new("credit", TABLES);
    let (id, row) = town.find::<AuditRows>(|_, _| true);
    let key = row.consent;

    let live = "no query without a live consent";
    let consent = |change: &dyn Fn(&mut Consent)| town.changed::<Consents>(key, change);
    let expired = consent(&|consent| consent.expires_ns = row.asked_ns);
    let revoked = consent(&|consent| consent.revoked_ns = Some(row.asked_ns - 1));
    let overdrawn = consent(&|consent| consent.uses = consent.used - 1);
    let unused = town.changed::<AuditRows>(id, |row| row.usage = 0);
    let nobody = town.changed::<AuditRows>(id, |row| row.consent.number = u32::MAX);
    let two_rows = town.law::<AuditRows>(TxId([7; 32]), row);
    assert_eq!(
        [expired, revoked, overdrawn, unused, nobody, two_rows],
        [live; 6]
    );

    let audited = "every query has an audit row";
    let asked = town.changed::<QueryCounts>(row.teller, |asked| *asked += 1);
    let unseen = consent(&|consent| {
        consent.uses += 1;
        consent.used += 1;
    });
    assert_eq!([asked, unseen], [audited; 2]);
}

#[test]
fn the_law_notices_scores_that_are_no_fold() {
    let town = Town::new("credit", TABLES);
    let (key, record) = town.find::<Records>(|_, _| true);
    let fold = "a score is the fold of its records";
    let better = town.changed::<Subjects>(key.subject, |subject| subject.score += 1);
    let fewer = town.changed::<Subjects>(key.subject, |subject| subject.records -= 1);
    let unnamed = town.changed::<Subjects>(key.subject, |subject| subject.newest.clear());
    let heavier = town.changed::<Records>(key, |record| {
        record.weight = 99;
        record.standing = Standing::Active;
    });
    let orphan = RecordKey {
        subject: AccountId(u64::MAX),
        number: 0,
    };
    let orphan = town.law::<Records>(orphan, record);
    assert_eq!([better, fewer, unnamed, heavier, orphan], [fold; 5]);
}

#[test]
fn records_expire_and_are_archived_once_they_are_old() {
    let mut run = Run::new(build("credit", &common::honest()), 7);
    run.blocks(50, 1_000);
    assert!(!run.tally.contains_key(&("credit.expire", "applied")));
    run.blocks(40, 1_000);
    for kind in ["credit.expire", "credit.archive"] {
        let applied = run.tally[&(kind, "applied")];
        assert!((15..80).contains(&applied), "{:?}", run.tally);
    }
    let refused = run.share(|_, outcome| outcome != "applied");
    assert_eq!(refused, 0.0, "{:?}", run.tally);
    run.city.workload().check(&run.state).unwrap();

    let town = Town::of(run, TABLES);
    let (key, _) = town.find::<Records>(|_, record| record.standing == Standing::Archived);
    let told = town.changed::<Records>(key, |record| record.weight = 1);
    assert_eq!(told, "of an archived record only the digest is left");
    let counted = town.changed::<Records>(key, |record| {
        record.standing = Standing::Active;
        record.weight = 1;
    });
    assert_eq!(counted, "a score is the fold of its records");
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("credit");
}
