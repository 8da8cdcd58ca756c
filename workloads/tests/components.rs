//! Components against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Tables, Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::component::{Batches, ComponentEvents, ComponentTx, Components, Stage, Step};
use groma_ledger::patterns::history::Event;
use groma_ledger::{AccountId, Body, TxId};

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("components", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            assert_eq!(signed.wire_bytes, 280, "{signed:?}");
            if let Body::Component(ComponentTx::Sense { readings, .. }) = signed.transaction.body {
                assert!((32..=1_000).contains(&readings), "{readings}");
            }
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["register"], 0.025),
            (&["inspect"], 0.15),
            (&["report_fault"], 0.06),
            (&["repair"], 0.057),
            (&["retire"], 0.008),
            (&["sense"], 0.7),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 30_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = ["wrong_state", "not_permitted", "already_exists"];
    assert_refusals("components", &reasons);
}

/// What the law reads.
const TABLES: Tables = &[copy::<Components>, copy::<ComponentEvents>, copy::<Batches>];

/// A town and a repair in it.
fn repaired() -> (Town, (u64, TxId), Event<Step>) {
    let town = Town::new("components", TABLES);
    let (key, event) =
        town.find::<ComponentEvents>(|_, event| matches!(event.what, Step::Repaired(_)));
    (town, key, event)
}

#[test]
fn the_law_notices_gaps_in_a_history_and_a_second_state() {
    let (town, key, event) = repaired();
    let complete = "the history of a component is complete";
    let moved = town.changed::<ComponentEvents>(key, |event| event.place += 1);
    let added = town.law::<ComponentEvents>((key.0, TxId([1; 32])), event);
    let head = town.changed::<Components>(key.0, |component| component.history.head = [1; 32]);
    assert_eq!([moved, added, head], [complete; 3]);

    let in_state = "a component is in the state of its history";
    let elsewhere = town.changed::<Components>(key.0, |component| {
        component.stage = match component.stage {
            Stage::Retired => Stage::Faulty,
            _ => Stage::Retired,
        };
    });
    // The chain is of transactions; what they did is checked by the states that they lead to.
    let retired = town.changed::<ComponentEvents>(key, |event| event.what = Step::Retired);
    assert_eq!([elsewhere, retired], [in_state; 2]);
}

#[test]
fn the_law_notices_strange_owners_and_gateways() {
    let (town, key, _) = repaired();
    let owned = "whoever answers for a component takes its steps";
    let stranger = town.changed::<ComponentEvents>(key, |event| event.by = AccountId(0));
    let owner = town.changed::<Components>(key.0, |component| {
        component.owner = (component.owner + 1) % 6;
    });
    assert_eq!([stranger, owner], [owned; 2]);

    let by_gateways = "readings are deposited by gateways";
    let (key, batch) = town.find::<Batches>(|_, _| true);
    let by_citizen = town.law::<Batches>((AccountId(0), 1), batch);
    let empty = town.changed::<Batches>(key, |batch| batch.readings = 0);
    assert_eq!([by_citizen, empty], [by_gateways; 2]);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("components");
}
