//! Goods against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::patterns::custody::Link;
use groma_ledger::traceability::{Article, Articles, Place, Size, Unit, UnitId, UnitLinks, Units};
use groma_ledger::{AccountId, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

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
struct Town(Run);

impl Town {
    fn new() -> Self {
        let lag = core::time::Duration::from_millis(200);
        let setup = WorkloadSetup {
            lag,
            ..town(20_000)
        };
        let mut run = Run::new(build("traceability", &setup), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        state.for_each::<Units>(|key, value| genesis.put::<Units>(&key, &value));
        state.for_each::<UnitLinks>(|key, value| genesis.put::<UnitLinks>(&key, &value));
        state.for_each::<Articles>(|key, value| genesis.put::<Articles>(&key, &value));
        change(&mut genesis);
        State::genesis(&genesis)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = self.forge(|genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    fn unit(&self, filter: impl Fn(&Unit) -> bool) -> (UnitId, Unit) {
        let mut found = None;
        self.0.state.for_each::<Units>(|id, unit| {
            if filter(&unit) {
                found = Some((id, unit));
            }
        });
        found.unwrap()
    }
}

#[test]
fn pallets_are_opened_and_the_items_of_their_cases_sold() {
    let town = Town::new();
    let (pallet, unit) = town.unit(|unit| unit.size == Size::Pallet && unit.place == Place::Opened);
    assert_eq!((unit.parts, unit.items), (20, 400));
    let case = UnitId {
        number: unit.first,
        ..pallet
    };
    let case = town.0.state.get::<Units>(&case).unwrap();
    assert_eq!((case.parts, case.items), (20, 20));
    town.unit(|unit| unit.place == Place::Sold && unit.custody.hops == 1);
    town.unit(|unit| unit.size == Size::Case && unit.custody.hops == 2);
}

#[test]
fn the_law_notices_broken_chains_and_lost_items() {
    let town = Town::new();
    assert!(town.0.city.workload().check(&town.forge(|_| {})).is_ok());
    let chain = "a custody chain is unbroken";
    let (id, unit) = town.unit(|unit| unit.custody.hops == 2);
    let mut stolen = unit;
    stolen.custody.holder = AccountId(0);
    assert_eq!(town.law::<Units>(id, stolen), chain);
    let mut longer = unit;
    longer.custody.hops = 3;
    assert_eq!(town.law::<Units>(id, longer), chain);
    let link = town.0.state.get::<UnitLinks>(&(id, 1)).unwrap();
    let elsewhere = Link {
        from: AccountId(0),
        ..link
    };
    assert_eq!(town.law::<UnitLinks>((id, 1), elsewhere), chain);
    let backwards = Link { at_ns: 0, ..link };
    assert_eq!(town.law::<UnitLinks>((id, 1), backwards), chain);
    let nobody = UnitId {
        maker: AccountId(0),
        number: 0,
    };
    assert_eq!(town.law::<UnitLinks>((nobody, 0), link), chain);

    let counts = "packing conserves counts";
    let (id, case) = town.unit(|unit| unit.parts > 0 && unit.place == Place::Free);
    let fuller = Unit {
        items: case.items + 1,
        ..case
    };
    assert_eq!(town.law::<Units>(id, fuller), counts);
    let opened = Unit {
        place: Place::Opened,
        ..case
    };
    assert_eq!(town.law::<Units>(id, opened), counts);
    let (id, item) = town.unit(|unit| matches!(unit.place, Place::Packed { .. }));
    let loose = Unit {
        place: Place::Free,
        ..item
    };
    assert_eq!(town.law::<Units>(id, loose), counts);

    let counted = "an article's counters count its items";
    let article = town.0.state.get::<Articles>(&item.sku).unwrap();
    let more = Article {
        made: article.made + 1,
        ..article
    };
    assert_eq!(town.law::<Articles>(item.sku, more), counted);
    assert_eq!(town.law::<Articles>(u32::MAX, Article::default()), counted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("traceability", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
