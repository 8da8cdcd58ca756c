//! The rules of urban components, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::component::{
    Batches, ComponentEvents, ComponentTx, Components, Registries, Registry, Stage, Step,
};
use groma_ledger::patterns::history::History;
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Two owners of two accounts, two gateways.
const OWNER: u64 = 10;
const GATEWAY: u64 = 14;
const ANYBODY: u64 = 1;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        owners: seats(OWNER, 2, 2),
        gateways: seats(GATEWAY, 2, 1),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn register(component: u64) -> ComponentTx {
    let digest = [1; 32];
    ComponentTx::Register { component, digest }
}

fn inspect(component: u64) -> ComponentTx {
    let findings = [2; 32];
    ComponentTx::Inspect {
        component,
        findings,
    }
}

fn report(component: u64) -> ComponentTx {
    let report = [3; 32];
    ComponentTx::ReportFault { component, report }
}

fn repair(component: u64) -> ComponentTx {
    let work = [4; 32];
    ComponentTx::Repair { component, work }
}

fn retire(component: u64) -> ComponentTx {
    ComponentTx::Retire { component }
}

fn sense(number: u64, readings: u16) -> ComponentTx {
    ComponentTx::Sense {
        number,
        root: [5; 32],
        readings,
    }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, ComponentTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Component(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn a_component_is_in_one_state_until_it_is_retired() {
    use Reason::*;
    let mut desk = desk();
    play(
        &mut desk,
        vec![
            (ANYBODY, register(7), Some(NotPermitted)),
            (OWNER, inspect(7), Some(Dependency)),
            (ANYBODY, report(7), Some(Dependency)),
            (OWNER, register(7), None),
            (OWNER + 2, register(7), Some(AlreadyExists)),
            (OWNER, repair(7), Some(WrongState)),
            (OWNER + 2, inspect(7), Some(NotPermitted)),
            (OWNER + 1, inspect(7), None),
            (ANYBODY, report(7), None),
            (ANYBODY, report(7), Some(WrongState)),
            (OWNER, inspect(7), None),
            (ANYBODY, repair(7), Some(NotPermitted)),
            (OWNER + 2, repair(7), Some(NotPermitted)),
            (OWNER, repair(7), None),
            (ANYBODY, retire(7), Some(NotPermitted)),
            (ANYBODY, report(7), None),
            (OWNER, retire(7), None),
            (OWNER, retire(7), Some(WrongState)),
            (OWNER, repair(7), Some(WrongState)),
            (OWNER, inspect(7), Some(WrongState)),
            (ANYBODY, report(7), Some(WrongState)),
            (OWNER, register(7), Some(AlreadyExists)),
        ],
    );
    let component = desk.record::<Components>(&7);
    assert_eq!(
        (component.stage, component.history.events),
        (Stage::Retired, 7)
    );
}

#[test]
fn a_gateway_sends_a_batch_once() {
    use Reason::*;
    let mut desk = desk();
    play(
        &mut desk,
        vec![
            (ANYBODY, sense(1, 9), Some(NotPermitted)),
            (GATEWAY, sense(1, 0), Some(Malformed)),
            (GATEWAY, sense(1, 1_001), Some(Malformed)),
            (GATEWAY, sense(1, 1_000), None),
            (GATEWAY, sense(1, 9), Some(AlreadyExists)),
            (GATEWAY + 1, sense(1, 9), None),
        ],
    );
    assert_eq!(
        desk.record::<Batches>(&(AccountId(GATEWAY), 1)).readings,
        1_000
    );
}

/// Any transaction about few components, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let tx = (0..6_u8, 7..9_u64).prop_map(|(kind, number)| match kind {
        0 => register(number),
        1 => inspect(number),
        2 => report(number),
        3 => repair(number),
        4 => retire(number),
        _ => sense(number, 9),
    });
    (prop_oneof![Just(OWNER), 9..16_u64], tx).prop_map(|(sender, tx)| (sender, Body::Component(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_leaves_histories_that_lead_to_the_state(shots in proptest::collection::vec(shot(), 1..500)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut events: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        desk.state.for_each::<ComponentEvents>(|(key, id), event| {
            events.entry(key).or_default().push((event.place, id, event.what));
        });
        for (key, mut own) in events {
            own.sort_unstable_by_key(|(place, _, _)| *place);
            let component = desk.record::<Components>(&key);
            let (mut stage, mut history) = (None, History::default());
            for (_, id, what) in own {
                stage = Step::after(what, stage);
                history = history.with(id).unwrap();
            }
            prop_assert_eq!((stage, history), (Some(component.stage), component.history));
        }
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
