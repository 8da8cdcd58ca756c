//! Identities against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::identity::{
    Attributes, Identities, Identity, Key, Keys, Presentation, Presentations, Unified,
};
use groma_ledger::patterns::audit::{Counts, Row};
use groma_ledger::{AccountId, TxId};

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

/// A town, and some presentation with a key that has ended by now.
fn shown() -> (Town, TxId, Row<Presentation>, Key) {
    let tables = &[
        copy::<Identities>,
        copy::<Keys>,
        copy::<Attributes>,
        copy::<Presentations>,
        copy::<Counts<Unified>>,
    ];
    let town = Town::new("identity", tables);
    let key = |row: &Row<Presentation>| town.get::<Keys>(&(row.by, row.what.key));
    let (id, row) = town.find::<Presentations>(|_, row| {
        let key = key(row);
        key.until.is_some() && key.from > 0
    });
    let key = key(&row);
    (town, id, row, key)
}

#[test]
fn the_law_notices_what_is_signed_by_an_old_key() {
    let (town, id, row, key) = shown();
    let signed = "nothing is signed by a key that is not current";
    let after = key.until.unwrap() + 1;
    let late = town.changed::<Presentations>(id, |row| row.height = after);
    let early = town.changed::<Presentations>(id, |row| row.height = key.from - 1);
    let ended_sooner = town.changed::<Keys>((row.by, row.what.key), |key| {
        key.until = Some(row.height - 1);
    });
    assert_eq!([late, early, ended_sooner], [signed; 3]);

    let issued = "what is shown was issued to the subject";
    let attribute = row.what.attribute;
    let later = town.changed::<Attributes>(attribute, |it| it.issued = row.height + 1);
    let fewer = town.changed::<Attributes>(attribute, |it| it.fields = row.what.index);
    assert_eq!([later, fewer], [issued; 2]);

    let audit = "every presentation has an audit row";
    let uncounted = town.law::<Counts<Unified>>(row.by, 0);
    let twice = town.law::<Presentations>(TxId([7; 32]), row);
    assert_eq!([uncounted, twice], [audit; 2]);
}

#[test]
fn the_law_notices_gaps_between_keys() {
    let (town, _, row, key) = shown();
    let follow = "keys follow each other without a gap";
    let subject = row.by;
    let newest = town.get::<Identities>(&subject).key;
    let beyond = town.law::<Keys>((subject, newest + 2), key);
    let strange = town.law::<Keys>((AccountId(u64::MAX), 1), key);
    let wrong = town.changed::<Identities>(subject, |it| it.revoked = !it.revoked);
    let sooner = town.changed::<Keys>((subject, newest), |key| key.from = 0);
    let nobody = Identity {
        key: 1,
        revoked: false,
    };
    let nobody = town.law::<Identities>(AccountId(u64::MAX), nobody);
    assert_eq!([beyond, strange, wrong, sooner, nobody], [follow; 5]);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("identity");
}
