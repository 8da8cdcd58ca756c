//! Components against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::component::{
    Batch, Batches, Component, ComponentEvents, ComponentTx, Components, Stage, Step,
};
use groma_ledger::patterns::history::Event;
use groma_ledger::{AccountId, Body, Genesis, State, Table, TxId};
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("components", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        state.for_each::<Components>(|key, value| genesis.put::<Components>(&key, &value));
        state.for_each::<ComponentEvents>(|key, value| {
            genesis.put::<ComponentEvents>(&key, &value);
        });
        state.for_each::<Batches>(|key, value| genesis.put::<Batches>(&key, &value));
        change(&mut genesis);
        State::genesis(&genesis)
    }

    fn law_of(&self, change: impl FnOnce(&mut Genesis)) -> &'static str {
        let forged = self.forge(change);
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        self.law_of(|genesis| genesis.put::<T>(&key, &value))
    }

    /// Some event that satisfies a filter, and where it stands.
    fn event(&self, filter: impl Fn(&Step) -> bool) -> ((u64, TxId), Event<Step>) {
        let mut found = None;
        self.0.state.for_each::<ComponentEvents>(|key, event| {
            if filter(&event.what) {
                found = Some((key, event));
            }
        });
        found.unwrap()
    }
}

#[test]
fn the_law_notices_gaps_in_a_history_and_a_second_state() {
    let town = Town::new();
    assert!(town.0.city.workload().check(&town.forge(|_| {})).is_ok());
    let (key, event) = town.event(|step| matches!(step, Step::Repaired(_)));
    let component = town.0.state.get::<Components>(&key.0).unwrap();
    let complete = "the history of a component is complete";
    let moved = Event {
        place: event.place + 1,
        ..event
    };
    assert_eq!(town.law::<ComponentEvents>(key, moved), complete);
    let added = (key.0, TxId([1; 32]));
    assert_eq!(town.law::<ComponentEvents>(added, event), complete);
    let mut history = component.history;
    history.head = [1; 32];
    let with = |forged| town.law::<Components>(key.0, forged);
    assert_eq!(
        with(Component {
            history,
            ..component
        }),
        complete
    );

    let in_state = "a component is in the state of its history";
    let stage = Stage::Retired;
    let elsewhere = if component.stage == stage {
        Stage::Faulty
    } else {
        stage
    };
    let stage = elsewhere;
    assert_eq!(with(Component { stage, ..component }), in_state);
    // The chain is of transactions; what they did is checked by the states that they lead to.
    let what = Step::Retired;
    assert_eq!(
        town.law::<ComponentEvents>(key, Event { what, ..event }),
        in_state
    );
}

#[test]
fn the_law_notices_strange_owners_and_gateways() {
    let town = Town::new();
    let (key, event) = town.event(|step| matches!(step, Step::Repaired(_)));
    let owned = "whoever answers for a component takes its steps";
    let by = AccountId(0);
    assert_eq!(
        town.law::<ComponentEvents>(key, Event { by, ..event }),
        owned
    );
    let component = town.0.state.get::<Components>(&key.0).unwrap();
    let owner = (component.owner + 1) % 6;
    assert_eq!(
        town.law::<Components>(key.0, Component { owner, ..component }),
        owned
    );

    let mut batches = Vec::new();
    town.0
        .state
        .for_each::<Batches>(|key, batch| batches.push((key, batch)));
    let (key, batch) = batches[0];
    let by_gateways = "readings are deposited by gateways";
    assert_eq!(town.law::<Batches>((AccountId(0), 1), batch), by_gateways);
    let readings = 0;
    assert_eq!(
        town.law::<Batches>(key, Batch { readings, ..batch }),
        by_gateways
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        assert_lawful("components", citizens, seed, lag);
    }
}
