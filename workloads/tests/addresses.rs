//! Addresses against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::address::{
    Address, AddressEvents, AddressTx, Addresses, Binding, Bindings, Change, ChangeId, Changes,
    SeatId, Step,
};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::patterns::history::Event;
use groma_ledger::{AccountId, Body, Genesis, State, Table, TxId};
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("addresses", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        state.for_each::<Addresses>(|key, value| genesis.put::<Addresses>(&key, &value));
        state.for_each::<AddressEvents>(|key, value| genesis.put::<AddressEvents>(&key, &value));
        state.for_each::<Bindings>(|key, value| genesis.put::<Bindings>(&key, &value));
        state.for_each::<Changes>(|key, value| genesis.put::<Changes>(&key, &value));
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

    /// Some address that satisfies a filter.
    fn address(&self, filter: impl Fn(&Address) -> bool) -> (u64, Address) {
        let mut found = None;
        self.0.state.for_each::<Addresses>(|number, address| {
            if filter(&address) {
                found = Some((number, address));
            }
        });
        found.unwrap()
    }

    /// An address with one more event, which its history knows.
    fn with(&self, number: u64, address: Address, what: Step, genesis: &mut Genesis) {
        let id = TxId([0xee; 32]);
        let event = Event {
            place: address.history.events,
            by: AccountId(0),
            at_ns: 9,
            what,
        };
        let bound = address.bound + u16::from(matches!(what, Step::Bound(_)));
        let history = address.history.with(id).unwrap();
        let forged = Address {
            bound,
            history,
            ..address
        };
        genesis.put::<AddressEvents>(&(number, id), &event);
        genesis.put::<Addresses>(&number, &forged);
        let binding = Binding {
            owner: AccountId(0),
            since_ns: 9,
            ended_ns: None,
        };
        if let Step::Bound(enterprise) = what {
            let seat = SeatId {
                address: number,
                enterprise,
            };
            genesis.put::<Bindings>(&seat, &binding);
        }
    }
}

#[test]
fn the_law_notices_who_came_too_much_or_while_it_was_frozen() {
    let town = Town::new();
    assert!(town.0.city.workload().check(&town.forge(|_| {})).is_ok());
    let full = town.address(|address| address.bound == address.limit);
    let frozen = town.address(|address| address.frozen);
    let open = town.address(|address| !address.frozen && address.bound < address.limit);
    let come = |(number, address)| {
        town.law_of(|genesis| town.with(number, address, Step::Bound(u64::MAX), genesis))
    };
    assert_eq!(come(full), "active bindings stay within the limit");
    assert_eq!(come(frozen), "nobody binds to a frozen address");
    let forged = town.forge(|genesis| town.with(open.0, open.1, Step::Bound(u64::MAX), genesis));
    assert!(
        town.0.city.workload().check(&forged).is_ok(),
        "an honest one"
    );

    let complete = "the history of an address is complete";
    let (number, address) = open;
    let bound = address.bound + 1;
    assert_eq!(
        town.law::<Addresses>(number, Address { bound, ..address }),
        complete
    );
    let frozen = true;
    assert_eq!(
        town.law::<Addresses>(number, Address { frozen, ..address }),
        complete
    );
    let mut history = address.history;
    history.head = [1; 32];
    assert_eq!(
        town.law::<Addresses>(number, Address { history, ..address }),
        complete
    );
    history = address.history;
    history.events += 1;
    assert_eq!(
        town.law::<Addresses>(number, Address { history, ..address }),
        complete
    );
    let nowhere = Event {
        place: 0,
        by: AccountId(0),
        at_ns: 0,
        what: Step::Registered,
    };
    assert_eq!(
        town.law::<AddressEvents>((number, TxId([1; 32])), nowhere),
        complete
    );
    assert_eq!(
        town.law::<AddressEvents>((u64::MAX, TxId([1; 32])), nowhere),
        complete
    );
}

#[test]
fn the_law_notices_strange_bindings_and_lonely_signatures() {
    let town = Town::new();
    let mut bindings = Vec::new();
    town.0
        .state
        .for_each::<Bindings>(|id, binding| bindings.push((id, binding)));
    let active = bindings
        .iter()
        .find(|(_, binding)| binding.ended_ns.is_none());
    let (id, binding) = *active.unwrap();
    let bound = "a binding is what the history says";
    let gone = Binding {
        ended_ns: Some(9),
        ..binding
    };
    assert_eq!(town.law::<Bindings>(id, gone), bound);
    let stranger = SeatId {
        enterprise: u64::MAX,
        ..id
    };
    assert_eq!(town.law::<Bindings>(stranger, binding), bound);

    let mut changed = None;
    town.0
        .state
        .for_each::<AddressEvents>(|(address, _), event| {
            if let Step::Changed(number) = event.what {
                changed = Some(ChangeId { address, number });
            }
        });
    let signed = "two of three departments change an address";
    let id = changed.unwrap();
    let change = town.0.state.get::<Changes>(&id).unwrap();
    let first = (0..3).find(|place| change.signatures.has(*place)).unwrap();
    let by = change.signatures.by(first).unwrap();
    let mut lonely = Signatures::default();
    lonely.sign(first, by).unwrap();
    // One department for two.
    let mut twice = lonely;
    twice.sign((first + 1) % 3, by).unwrap();
    for signatures in [lonely, twice] {
        let forged = Change {
            signatures,
            ..change
        };
        assert_eq!(town.law::<Changes>(id, forged), signed);
    }
    let other = Change {
        digest: [7; 32],
        ..change
    };
    assert_eq!(town.law::<Changes>(id, other), signed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        assert_lawful("addresses", citizens, seed, lag);
    }
}
