//! The rules of the address registry, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::address::{
    AddressEvents, AddressTx, Addresses, Bindings, ChangeId, Changes, Registries, Registry, SeatId,
    Step,
};
use groma_ledger::patterns::history::History;
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;

/// Three departments of two accounts, and inspectors.
const DEPARTMENT: u64 = 10;
const INSPECTOR: u64 = 16;
const OWNER: u64 = 1;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        departments: seats(DEPARTMENT, 3, 2),
        inspectors: seats(INSPECTOR, 1, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn register(address: u64, limit: u16) -> AddressTx {
    AddressTx::Register {
        address,
        limit,
        digest: [1; 32],
    }
}

fn seat(enterprise: u64) -> SeatId {
    SeatId {
        address: 7,
        enterprise,
    }
}

fn bind(enterprise: u64) -> AddressTx {
    AddressTx::Bind {
        seat: seat(enterprise),
    }
}

fn unbind(enterprise: u64) -> AddressTx {
    AddressTx::Unbind {
        seat: seat(enterprise),
    }
}

const FREEZE: AddressTx = AddressTx::Freeze { address: 7 };
const THAW: AddressTx = AddressTx::Thaw { address: 7 };
const INSPECT: AddressTx = AddressTx::Inspect {
    address: 7,
    findings: [5; 32],
};

fn change(number: u64) -> ChangeId {
    ChangeId { address: 7, number }
}

fn propose(number: u64, digest: u8) -> AddressTx {
    AddressTx::Propose {
        change: change(number),
        digest: [digest; 32],
    }
}

fn sign(number: u64) -> AddressTx {
    AddressTx::Sign {
        change: change(number),
    }
}

fn query(digest: u8) -> AddressTx {
    AddressTx::Query {
        address: 7,
        digest: [digest; 32],
    }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, AddressTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Address(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn enterprises_come_up_to_the_limit_and_not_while_it_is_frozen() {
    use Reason::*;
    let mut desk = desk();
    play(
        &mut desk,
        vec![
            (OWNER, register(7, 2), Some(NotPermitted)),
            (DEPARTMENT, register(7, 0), Some(Malformed)),
            (OWNER, bind(1), Some(Dependency)),
            (DEPARTMENT + 4, register(7, 2), None),
            (DEPARTMENT, register(7, 2), Some(AlreadyExists)),
            (OWNER, bind(1), None),
            (OWNER, bind(1), Some(AlreadyExists)),
            (OWNER, FREEZE, Some(NotPermitted)),
            (INSPECTOR, THAW, Some(WrongState)),
            (INSPECTOR + 1, FREEZE, None),
            (INSPECTOR, FREEZE, Some(WrongState)),
            (OWNER, bind(2), Some(WrongState)),
            (OWNER, INSPECT, Some(NotPermitted)),
            (INSPECTOR, INSPECT, None),
            (INSPECTOR, THAW, None),
            (OWNER, bind(2), None),
            (OWNER, bind(3), Some(QuotaExceeded)),
            (2, unbind(2), Some(NotPermitted)),
            (OWNER, unbind(3), Some(Dependency)),
            (OWNER, unbind(2), None),
            (OWNER, unbind(2), Some(WrongState)),
            (OWNER, bind(3), None),
        ],
    );
    let address = desk.record::<Addresses>(&7);
    assert_eq!((address.bound, address.history.events), (2, 8));
    let mut events = Vec::new();
    desk.state
        .for_each::<AddressEvents>(|(_, id), event| events.push((event.place, id, event)));
    events.sort_unstable_by_key(|(place, _, _)| *place);
    let steps: Vec<_> = events.iter().map(|(_, _, event)| event.what).collect();
    let expected = [
        Step::Registered,
        Step::Bound(1),
        Step::Frozen,
        Step::Inspected([5; 32]),
        Step::Thawed,
        Step::Bound(2),
        Step::Unbound(2),
        Step::Bound(3),
    ];
    assert_eq!(steps, expected);
    let replayed = events
        .iter()
        .try_fold(History::default(), |history, (_, id, _)| history.with(*id));
    assert_eq!(replayed, Ok(address.history));
}

#[test]
fn two_of_three_departments_change_an_address() {
    use Reason::*;
    let mut desk = desk();
    play(
        &mut desk,
        vec![
            (DEPARTMENT, propose(1, 2), Some(Dependency)),
            (DEPARTMENT, register(7, 2), None),
            (OWNER, propose(1, 2), Some(NotPermitted)),
            (DEPARTMENT, propose(1, 2), None),
            (DEPARTMENT + 2, propose(1, 3), Some(AlreadyExists)),
            (DEPARTMENT + 1, sign(1), Some(AlreadyExists)),
            (INSPECTOR, sign(1), Some(NotPermitted)),
            (DEPARTMENT + 2, sign(2), Some(Dependency)),
            (OWNER, query(1), None),
            (OWNER, query(2), Some(FalseClaim)),
            (DEPARTMENT + 4, sign(1), None),
            (OWNER, query(2), None),
            (DEPARTMENT + 2, sign(1), Some(WrongState)),
        ],
    );
    assert_eq!(desk.record::<Changes>(&change(1)).signatures.count(), 2);
}

/// Any transaction about few addresses, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let tx = (0..9_u8, 0..5_u64).prop_map(|(kind, number)| match kind {
        0 => register(7, 2),
        1 | 2 => bind(number),
        3 => unbind(number),
        4 => INSPECT,
        5 => FREEZE,
        6 => THAW,
        7 => propose(number, number as u8),
        _ => sign(number),
    });
    (prop_oneof![Just(OWNER), 9..18_u64], tx).prop_map(|(sender, tx)| (sender, Body::Address(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_keeps_the_limit_and_the_history(shots in proptest::collection::vec(shot(), 1..500)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut active = 0;
        desk.state.for_each::<Bindings>(|_, binding| active += u16::from(binding.ended_ns.is_none()));
        if let Some(address) = desk.state.get::<Addresses>(&7) {
            prop_assert_eq!(address.bound, active);
            prop_assert!(active <= address.limit);
            prop_assert_eq!(u64::from(address.history.events), desk.state.count::<AddressEvents>());
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
