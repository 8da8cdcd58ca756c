//! Medical records against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::envelope::{WRAP_BYTES, sealed_bytes};
use groma_ledger::medical::{
    Grants, Medical, MedicalTx, Reading, Readings, Record, Records, Referral, Referrals,
};
use groma_ledger::patterns::audit::{Counts, Row};
use groma_ledger::patterns::consent::Consent;
use groma_ledger::{AccountId, Body, Genesis, State, Table, TxId};
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("medical", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        state.for_each::<Records>(|key, value| genesis.put::<Records>(&key, &value));
        state.for_each::<Grants>(|key, value| genesis.put::<Grants>(&key, &value));
        state.for_each::<Referrals>(|key, value| genesis.put::<Referrals>(&key, &value));
        state.for_each::<Readings>(|key, value| genesis.put::<Readings>(&key, &value));
        state.for_each::<Counts<Medical>>(|key, value| {
            genesis.put::<Counts<Medical>>(&key, &value);
        });
        change(&mut genesis);
        State::genesis(&genesis)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = self.forge(|genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    /// Some reading that satisfies a filter.
    fn reading(&self, filter: impl Fn(&Reading) -> bool) -> (TxId, Row<Reading>) {
        let mut found = None;
        self.0.state.for_each::<Readings>(|id, row| {
            if filter(&row.what) {
                found = Some((id, row));
            }
        });
        found.unwrap()
    }
}

#[test]
fn the_law_notices_readings_without_consent_or_row() {
    let town = Town::new();
    assert!(town.0.city.workload().check(&town.forge(|_| {})).is_ok());
    let (id, row) = town.reading(|what| matches!(what, Reading::Consented { usage: 2, .. }));
    let Reading::Consented { grant, usage } = row.what else {
        unreachable!()
    };
    let audit = "every reading has an audit row";
    let unlogged = Row {
        by: AccountId(0),
        ..row
    };
    assert_eq!(town.law::<Readings>(id, unlogged), audit);
    assert_eq!(town.law::<Readings>(TxId([9; 32]), row), audit);
    assert_eq!(town.law::<Counts<Medical>>(AccountId(1), 3), audit);

    let consented = "no reading without a live consent";
    let (before, again) = (
        Row { at_ns: 0, ..row },
        Row {
            what: Reading::Consented {
                grant,
                usage: usage + 1,
            },
            ..row
        },
    );
    let consent = town.0.state.get::<Grants>(&grant).unwrap();
    let ended = Consent {
        revoked_ns: Some(row.at_ns - 1),
        ..consent
    };
    let unused = Consent { used: 1, ..consent };
    assert_eq!(town.law::<Readings>(id, again), consented);
    assert_eq!(town.law::<Grants>(grant, ended), consented);
    assert_eq!(town.law::<Grants>(grant, unused), consented);
    if consent.granted_ns > 0 {
        assert_eq!(town.law::<Readings>(id, before), consented);
    }
}

#[test]
fn the_law_notices_false_emergencies_shredded_records_and_strange_referrals() {
    let town = Town::new();
    let (id, row) = town.reading(|what| matches!(what, Reading::Emergency { .. }));
    let record = town.0.state.get::<Records>(&row.what.record()).unwrap();
    let shredded = Record {
        destroyed_ns: Some(row.at_ns - 1),
        ..record
    };
    assert_eq!(
        town.law::<Records>(row.what.record(), shredded),
        "nothing is read after its key was destroyed"
    );
    // A doctor of a community hospital, whose count is right: he read by consent in truth.
    let (_, consented) = town
        .reading(|what| matches!(what, Reading::Consented { grant, .. } if grant.hospital >= 4));
    let forged = town.forge(|genesis| {
        let strange = Row {
            by: consented.by,
            ..row
        };
        let count = |account| town.0.state.get::<Counts<Medical>>(&account).unwrap();
        genesis.put::<Readings>(&id, &strange);
        genesis.put::<Counts<Medical>>(&row.by, &(count(row.by) - 1));
        genesis.put::<Counts<Medical>>(&consented.by, &(count(consented.by) + 1));
    });
    assert_eq!(
        town.0.city.workload().check(&forged).unwrap_err().law,
        "a tertiary hospital answers for an emergency"
    );

    let mut referrals = Vec::new();
    town.0
        .state
        .for_each::<Referrals>(|id, referral| referrals.push((id, referral)));
    let (id, referral) = referrals[0];
    let upwards = "a referral goes upwards and rests on a consent";
    let downwards = Referral { by: 0, ..referral };
    assert_eq!(town.law::<Referrals>(id, downwards), upwards);
    let late = Referral {
        at_ns: u64::MAX,
        ..referral
    };
    assert_eq!(town.law::<Referrals>(id, late), upwards);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        assert_lawful("medical", citizens, seed, lag);
    }
}
