//! Medical records against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Tables, Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::envelope::{WRAP_BYTES, sealed_bytes};
use groma_ledger::medical::{Grants, Medical, MedicalTx, Reading, Readings, Records, Referrals};
use groma_ledger::patterns::audit::{Counts, Row};
use groma_ledger::{AccountId, Body, TxId};

/// Bytes on the wire by kind (docs/sources.md W11: payloads of 1 to 4 kB; the rest is an estimate).
fn catalogue_bytes(tx: &MedicalTx) -> usize {
    match tx {
        MedicalTx::Create { bytes, .. } => 300 + sealed_bytes((*bytes).into(), 2),
        MedicalTx::Grant { .. } => 300 + WRAP_BYTES,
        MedicalTx::Refer { .. } => 300,
        _ => 260,
    }
}

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("medical", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let Body::Medical(tx) = &signed.transaction.body else {
                panic!("{signed:?}")
            };
            assert_eq!(signed.wire_bytes as usize, catalogue_bytes(tx), "{tx:?}");
            if let MedicalTx::Create { bytes, .. } = tx {
                assert!((1_024..4_096).contains(bytes), "{bytes}");
            }
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["create"], 0.3),
            (&["grant"], 0.2),
            (&["revoke"], 0.03),
            (&["refer"], 0.06),
            (&["read"], 0.4),
            (&["break_glass"], 0.001),
            (&["destroy"], 0.009),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 40_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    assert_refusals("medical", &["no_consent", "not_permitted", "wrong_state"]);
}

/// What the law reads.
const TABLES: Tables = &[
    copy::<Records>,
    copy::<Grants>,
    copy::<Referrals>,
    copy::<Readings>,
    copy::<Counts<Medical>>,
];

#[test]
fn the_law_notices_readings_without_consent_or_row() {
    let town = Town::new("medical", TABLES);
    let (id, row) =
        town.find::<Readings>(|_, row| matches!(row.what, Reading::Consented { usage: 2, .. }));
    let Reading::Consented { grant, usage } = row.what else {
        unreachable!()
    };
    let audit = "every reading has an audit row";
    let unlogged = town.changed::<Readings>(id, |row| row.by = AccountId(0));
    let twice = town.law::<Readings>(TxId([9; 32]), row);
    let uncounted = town.law::<Counts<Medical>>(AccountId(1), 3);
    assert_eq!([unlogged, twice, uncounted], [audit; 3]);

    let consented = "no reading without a live consent";
    let again = town.changed::<Readings>(id, |row| {
        let usage = usage + 1;
        row.what = Reading::Consented { grant, usage };
    });
    let ended = town.changed::<Grants>(grant, |consent| consent.revoked_ns = Some(row.at_ns - 1));
    let unused = town.changed::<Grants>(grant, |consent| consent.used = 1);
    assert_eq!([again, ended, unused], [consented; 3]);
    if town.get::<Grants>(&grant).granted_ns > 0 {
        let before = town.changed::<Readings>(id, |row| row.at_ns = 0);
        assert_eq!(before, consented);
    }
}

#[test]
fn the_law_notices_false_emergencies_shredded_records_and_strange_referrals() {
    let town = Town::new("medical", TABLES);
    let (id, row) = town.find::<Readings>(|_, row| matches!(row.what, Reading::Emergency { .. }));
    let shredded = town.changed::<Records>(row.what.record(), |record| {
        record.destroyed_ns = Some(row.at_ns - 1);
    });
    assert_eq!(shredded, "nothing is read after its key was destroyed");
    // A doctor of a community hospital, whose count is right: he read by consent in truth.
    let (_, consented) = town.find::<Readings>(
        |_, row| matches!(row.what, Reading::Consented { grant, .. } if grant.hospital >= 4),
    );
    let strange = town.law_of(|genesis| {
        let by = consented.by;
        let count = |account| town.get::<Counts<Medical>>(&account);
        genesis.put::<Readings>(&id, &Row { by, ..row });
        genesis.put::<Counts<Medical>>(&row.by, &(count(row.by) - 1));
        genesis.put::<Counts<Medical>>(&by, &(count(by) + 1));
    });
    assert_eq!(strange, "a tertiary hospital answers for an emergency");

    let (id, _) = town.find::<Referrals>(|_, _| true);
    let upwards = "a referral goes upwards and rests on a consent";
    let downwards = town.changed::<Referrals>(id, |referral| referral.by = 0);
    let late = town.changed::<Referrals>(id, |referral| referral.at_ns = u64::MAX);
    assert_eq!([downwards, late], [upwards; 2]);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("medical");
}
