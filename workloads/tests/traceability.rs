//! Goods against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::AccountId;
use groma_ledger::traceability::{Article, Articles, Place, Size, Unit, UnitId, UnitLinks, Units};
use groma_workloads::WorkloadSetup;

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    // Enough for the first nine lags, after which goods have gone all the way.
    let setup = WorkloadSetup {
        stock: 9_000,
        ..honest()
    };
    let mut run = Run::new(build("traceability", &setup), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        assert!(block.iter().all(|signed| signed.wire_bytes == 350));
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["produce"], 0.130),
            (&[".pack"], 0.131),
            (&["ship"], 0.176),
            (&["receive"], 0.176),
            (&["customs"], 0.020),
            (&["unpack"], 0.131),
            (&["sell"], 0.234),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 100_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "broken_custody",
        "already_spent",
        "false_claim",
        "unbalanced",
    ];
    assert_refusals("traceability", &reasons);
}

/// A town after 20,000 transactions at a short lag: pallets have been opened.
fn short() -> Town {
    let lag = core::time::Duration::from_millis(200);
    let setup = WorkloadSetup {
        lag,
        ..town(20_000)
    };
    let tables = &[copy::<Units>, copy::<UnitLinks>, copy::<Articles>];
    Town::after("traceability", &setup, (20, 1_000), tables)
}

/// Some unit that satisfies a filter.
fn unit(town: &Town, filter: impl Fn(&Unit) -> bool) -> (UnitId, Unit) {
    town.find::<Units>(|_, unit| filter(unit))
}

#[test]
fn pallets_are_opened_and_the_items_of_their_cases_sold() {
    let town = short();
    let (pallet, opened) = unit(&town, |unit| {
        unit.size == Size::Pallet && unit.place == Place::Opened
    });
    assert_eq!((opened.parts, opened.items), (20, 400));
    let case = UnitId {
        number: opened.first,
        ..pallet
    };
    let case = town.get::<Units>(&case);
    assert_eq!((case.parts, case.items), (20, 20));
    unit(&town, |unit| {
        unit.place == Place::Sold && unit.custody.hops == 1
    });
    unit(&town, |unit| {
        unit.size == Size::Case && unit.custody.hops == 2
    });
}

#[test]
fn the_law_notices_broken_chains_and_lost_items() {
    let town = short();
    let chain = "a custody chain is unbroken";
    let (id, _) = unit(&town, |unit| unit.custody.hops == 2);
    let stolen = town.changed::<Units>(id, |unit| unit.custody.holder = AccountId(0));
    let longer = town.changed::<Units>(id, |unit| unit.custody.hops = 3);
    let elsewhere = town.changed::<UnitLinks>((id, 1), |link| link.from = AccountId(0));
    let backwards = town.changed::<UnitLinks>((id, 1), |link| link.at_ns = 0);
    let nobody = UnitId {
        maker: AccountId(0),
        number: 0,
    };
    let nobody = town.law::<UnitLinks>((nobody, 0), town.get::<UnitLinks>(&(id, 1)));
    assert_eq!([stolen, longer, elsewhere, backwards, nobody], [chain; 5]);

    let counts = "packing conserves counts";
    let (id, _) = unit(&town, |unit| unit.parts > 0 && unit.place == Place::Free);
    let fuller = town.changed::<Units>(id, |case| case.items += 1);
    let opened = town.changed::<Units>(id, |case| case.place = Place::Opened);
    let (id, item) = unit(&town, |unit| matches!(unit.place, Place::Packed { .. }));
    let loose = town.changed::<Units>(id, |item| item.place = Place::Free);
    assert_eq!([fuller, opened, loose], [counts; 3]);

    let counted = "an article's counters count its items";
    let more = town.changed::<Articles>(item.sku, |article| article.made += 1);
    let unknown = town.law::<Articles>(u32::MAX, Article::default());
    assert_eq!([more, unknown], [counted; 2]);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("traceability");
}
