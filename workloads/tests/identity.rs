//! Identities against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::identity::{
    Attribute, Attributes, Identities, Identity, Key, Keys, Presentation, Presentations, Unified,
};
use groma_ledger::patterns::audit::{Counts, Row};
use groma_ledger::{AccountId, Genesis, State, Table, TxId};
use proptest::prelude::*;

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("identity", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            assert_eq!(signed.wire_bytes, 320, "{signed:?}");
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["enrol"], 0.05),
            (&["issue"], 0.15),
            (&["present"], 0.76),
            (&["rotate"], 0.03),
            (&["revoke"], 0.01),
        ],
    );
    let mut again = 0;
    run.state
        .for_each::<Keys>(|(_, serial), key| again += u32::from(serial > 1 && key.from > 0));
    assert!(again > 1_000, "{again}");
    assert!(run.city.workload().check(&run.state).unwrap() > 60_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    assert_refusals("identity", &["bad_signature", "bad_proof", "not_permitted"]);
}

#[test]
fn when_everybody_is_enrolled_attributes_are_issued() {
    let mut run = Run::new(build("identity", &town(100)), 4);
    run.blocks(10, 500);
    assert_eq!(run.state.count::<Identities>(), 100);
    assert!(run.city.workload().check(&run.state).is_ok());
}

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("identity", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        state.for_each::<Identities>(|key, value| genesis.put::<Identities>(&key, &value));
        state.for_each::<Keys>(|key, value| genesis.put::<Keys>(&key, &value));
        state.for_each::<Attributes>(|key, value| genesis.put::<Attributes>(&key, &value));
        state.for_each::<Presentations>(|key, value| genesis.put::<Presentations>(&key, &value));
        state.for_each::<Counts<Unified>>(|key, value| {
            genesis.put::<Counts<Unified>>(&key, &value);
        });
        change(&mut genesis);
        State::genesis(&genesis)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = self.forge(|genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    /// Some presentation with a key that has ended by now.
    fn presentation(&self) -> (TxId, Row<Presentation>, Key) {
        let mut found = None;
        self.0.state.for_each::<Presentations>(|id, row| {
            let key = self.0.state.get::<Keys>(&(row.by, row.what.key)).unwrap();
            if key.until.is_some() && key.from > 0 {
                found = Some((id, row, key));
            }
        });
        found.unwrap()
    }
}

#[test]
fn the_law_notices_what_is_signed_by_an_old_key() {
    let town = Town::new();
    assert!(town.0.city.workload().check(&town.forge(|_| {})).is_ok());
    let (id, row, key) = town.presentation();
    let signed = "nothing is signed by a key that is not current";
    let until = key.until.unwrap();
    let with = |height| Row { height, ..row };
    assert_eq!(town.law::<Presentations>(id, with(until + 1)), signed);
    assert_eq!(town.law::<Presentations>(id, with(key.from - 1)), signed);
    let ended_sooner = Key {
        until: Some(row.height - 1),
        ..key
    };
    assert_eq!(
        town.law::<Keys>((row.by, row.what.key), ended_sooner),
        signed
    );

    let issued = "what is shown was issued to the subject";
    let attribute = town.0.state.get::<Attributes>(&row.what.attribute).unwrap();
    let later = Attribute {
        issued: row.height + 1,
        ..attribute
    };
    assert_eq!(town.law::<Attributes>(row.what.attribute, later), issued);
    let fewer = Attribute {
        fields: row.what.index,
        ..attribute
    };
    assert_eq!(town.law::<Attributes>(row.what.attribute, fewer), issued);

    let audit = "every presentation has an audit row";
    assert_eq!(town.law::<Counts<Unified>>(row.by, 0), audit);
    assert_eq!(town.law::<Presentations>(TxId([7; 32]), row), audit);
}

#[test]
fn the_law_notices_gaps_between_keys() {
    let town = Town::new();
    let follow = "keys follow each other without a gap";
    let (_, row, key) = town.presentation();
    let subject = row.by;
    let identity = town.0.state.get::<Identities>(&subject).unwrap();
    let beyond = (subject, identity.key + 2);
    assert_eq!(town.law::<Keys>(beyond, key), follow);
    assert_eq!(town.law::<Keys>((AccountId(u64::MAX), 1), key), follow);
    let (newest, revoked) = (
        town.0.state.get::<Keys>(&(subject, identity.key)).unwrap(),
        !identity.revoked,
    );
    let wrong = Identity {
        revoked,
        ..identity
    };
    assert_eq!(town.law::<Identities>(subject, wrong), follow);
    let sooner = Key { from: 0, ..newest };
    assert_eq!(town.law::<Keys>((subject, identity.key), sooner), follow);
    let nobody = Identity {
        key: 1,
        revoked: false,
    };
    assert_eq!(town.law::<Identities>(AccountId(u64::MAX), nobody), follow);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        assert_lawful("identity", citizens, seed, lag);
    }
}
