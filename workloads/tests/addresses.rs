//! Addresses against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Tables, Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::address::{
    Address, AddressEvents, AddressTx, Addresses, Binding, Bindings, ChangeId, Changes, SeatId,
    Step,
};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::patterns::history::Event;
use groma_ledger::{AccountId, Body, Genesis, TxId};

#[test]
fn the_mix_and_the_sizes_are_the_catalogues_and_some_buildings_are_hot() {
    let mut run = Run::new(build("addresses", &honest()), 1);
    let (mut asked, mut first) = (0, 0);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let Body::Address(tx) = &signed.transaction.body else {
                panic!("{signed:?}")
            };
            let bytes = match tx {
                AddressTx::Query { address, .. } => {
                    asked += 1;
                    first += u64::from(*address == 0);
                    240
                }
                AddressTx::Register { .. }
                | AddressTx::Inspect { .. }
                | AddressTx::Propose { .. } => 420,
                _ => 300,
            };
            assert_eq!(signed.wire_bytes, bytes, "{tx:?}");
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["register"], 0.015),
            (&["address.bind"], 0.06),
            (&["unbind"], 0.025),
            (&["inspect"], 0.025),
            (&["freeze"], 0.005),
            (&["thaw"], 0.004),
            (&["propose"], 0.008),
            (&["sign"], 0.008),
            (&["query"], 0.85),
        ],
    );
    // The sum of k^-1.2 over 2,000 buildings is 4.5.
    let share = first as f64 / asked as f64;
    assert!((0.2..0.25).contains(&share), "{share}");
    assert!(run.city.workload().check(&run.state).unwrap() > 10_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "quota_exceeded",
        "wrong_state",
        "already_exists",
        "not_permitted",
    ];
    assert_refusals("addresses", &reasons);
}

#[test]
fn a_building_that_is_full_is_asked_no_more() {
    // Of 40 buildings the first 16 are large, and the others are asked for often enough to fill up.
    let setup = groma_workloads::WorkloadSetup {
        stock: 40,
        ..honest()
    };
    let mut run = Run::new(build("addresses", &setup), 8);
    run.blocks(50, 2_000);
    let mut came = [0; 40];
    run.state
        .for_each::<AddressEvents>(|(address, _), event| match event.what {
            Step::Bound(_) if address < 40 => came[address as usize] += 1,
            _ => {}
        });
    assert_eq!(came[16..].iter().max(), Some(&50), "{came:?}");
    assert_eq!(run.share(|_, outcome| outcome != "applied"), 0.0);
}

/// What the law reads.
const TABLES: Tables = &[
    copy::<Addresses>,
    copy::<AddressEvents>,
    copy::<Bindings>,
    copy::<Changes>,
];

/// Binds one more enterprise to an address, as its history knows.
fn bind(number: u64, address: Address, genesis: &mut Genesis) {
    let (id, by, enterprise) = (TxId([0xee; 32]), AccountId(0), u64::MAX);
    let event = Event {
        place: address.history.events,
        by,
        at_ns: 9,
        what: Step::Bound(enterprise),
    };
    let forged = Address {
        bound: address.bound + 1,
        history: address.history.with(id).unwrap(),
        ..address
    };
    let seat = SeatId {
        address: number,
        enterprise,
    };
    let binding = Binding {
        owner: by,
        since_ns: 9,
        ended_ns: None,
    };
    genesis.put::<AddressEvents>(&(number, id), &event);
    genesis.put::<Addresses>(&number, &forged);
    genesis.put::<Bindings>(&seat, &binding);
}

#[test]
fn the_law_notices_who_came_too_much_or_while_it_was_frozen() {
    let town = Town::new("addresses", TABLES);
    let come = |filter: fn(&Address) -> bool| {
        let (number, address) = town.find::<Addresses>(|_, address| filter(address));
        let checked = town.check(|genesis| bind(number, address, genesis));
        (number, checked.err().map(|breach| breach.law))
    };
    let (_, full) = come(|address| address.bound == address.limit);
    let (_, frozen) = come(|address| address.frozen);
    let (number, open) = come(|address| !address.frozen && address.bound < address.limit);
    assert_eq!(full, Some("active bindings stay within the limit"));
    assert_eq!(frozen, Some("nobody binds to a frozen address"));
    assert_eq!(open, None, "an honest one");

    let complete = "the history of an address is complete";
    let bound = town.changed::<Addresses>(number, |address| address.bound += 1);
    let frozen = town.changed::<Addresses>(number, |address| address.frozen = true);
    let head = town.changed::<Addresses>(number, |address| address.history.head = [1; 32]);
    let longer = town.changed::<Addresses>(number, |address| address.history.events += 1);
    let nowhere = Event {
        place: 0,
        by: AccountId(0),
        at_ns: 0,
        what: Step::Registered,
    };
    let again = town.law::<AddressEvents>((number, TxId([1; 32])), nowhere);
    let of_nothing = town.law::<AddressEvents>((u64::MAX, TxId([1; 32])), nowhere);
    assert_eq!(
        [bound, frozen, head, longer, again, of_nothing],
        [complete; 6]
    );
}

#[test]
fn the_law_notices_strange_bindings_and_lonely_signatures() {
    let town = Town::new("addresses", TABLES);
    let bound = "a binding is what the history says";
    let (id, binding) = town.find::<Bindings>(|_, binding| binding.ended_ns.is_none());
    let gone = town.changed::<Bindings>(id, |binding| binding.ended_ns = Some(9));
    let stranger = SeatId {
        enterprise: u64::MAX,
        ..id
    };
    assert_eq!([gone, town.law::<Bindings>(stranger, binding)], [bound; 2]);

    let signed = "two of three departments change an address";
    let ((address, _), event) =
        town.find::<AddressEvents>(|_, event| matches!(event.what, Step::Changed(_)));
    let Step::Changed(number) = event.what else {
        unreachable!()
    };
    let id = ChangeId { address, number };
    let change = town.get::<Changes>(&id);
    let first = (0..3).find(|place| change.signatures.has(*place)).unwrap();
    let by = change.signatures.by(first).unwrap();
    let mut lonely = Signatures::default();
    lonely.sign(first, by).unwrap();
    // One department for two.
    let mut twice = lonely;
    twice.sign((first + 1) % 3, by).unwrap();
    let few =
        [lonely, twice].map(|few| town.changed::<Changes>(id, |change| change.signatures = few));
    let other = town.changed::<Changes>(id, |change| change.digest = [7; 32]);
    assert_eq!((few, other), ([signed; 2], signed));
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("addresses");
}
