//! The world of addresses at genesis: who is who, buildings with an enterprise each, and other addresses
//! to freeze and to change.

use groma_ledger::address::{
    Address, Addresses, Binding, Bindings, Change, Changes, Registries, Registry, SeatId, Step,
};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{AccountId, Genesis};
use rand::Rng;

use super::{DEPARTMENT, INSPECTOR, Known, LIMIT, Proposed, SIGNERS, Seat, form, limit};
use crate::chronicle::put_history;
use crate::people::{OPENING_BALANCE, People};
use crate::population::below;

/// What is done next with an address that is no building.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shelf {
    Open,
    Frozen,
    Proposed(Proposed),
    /// It has room for one, and one is there.
    Full,
}

/// How many buildings there are.
pub(super) fn buildings(stock: u32) -> u64 {
    u64::from(stock).max(1)
}

/// How many other addresses.
pub(super) fn others(stock: u32) -> u64 {
    buildings(stock) / 4
}

/// Who sits at a building.
pub(super) fn seat(people: People, building: u64) -> Seat {
    Seat {
        id: SeatId {
            address: building,
            enterprise: building,
        },
        owner: people.citizen(building % people.citizens()),
    }
}

/// The other addresses, the same whenever they are asked for: after the buildings, of four one is full,
/// one frozen, one about to be changed and one open.
pub(super) fn known(stock: u32) -> impl Iterator<Item = (Known, Shelf)> {
    let first = buildings(stock);
    (0..others(stock)).map(move |place| {
        let known = Known {
            address: first + place,
            version: 0,
        };
        let shelf = match place % 4 {
            0 => Shelf::Full,
            1 => Shelf::Frozen,
            2 => Shelf::Proposed(Proposed {
                known,
                number: place,
                department: (place / 4 % u64::from(SIGNERS)) as u32,
            }),
            _ => Shelf::Open,
        };
        (known, shelf)
    })
}

/// An address of the stock that is full.
pub(super) fn full(stock: u32, rng: &mut dyn Rng) -> Option<u64> {
    let fulls = others(stock).div_ceil(4);
    (fulls > 0).then(|| buildings(stock) + 4 * below(rng, fulls))
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        departments: people.departments(DEPARTMENT, SIGNERS),
        inspectors: people.departments(INSPECTOR, 1),
    };
    genesis.put::<Registries>(&(), &registry);
    let by = people.department(DEPARTMENT, 0);
    for building in 0..buildings(stock) {
        put(genesis, by, seat(people, building), limit(building));
    }
    for (known, shelf) in known(stock) {
        let address = known.address;
        match shelf {
            Shelf::Full => put(genesis, by, seat(people, address), 1),
            Shelf::Open => put_empty(genesis, by, address, &[Step::Registered]),
            Shelf::Frozen => {
                put_empty(genesis, by, address, &[Step::Registered, Step::Frozen]);
            }
            Shelf::Proposed(proposed) => {
                put_empty(genesis, by, address, &[Step::Registered]);
                let mut signatures = Signatures::default();
                let by = people.department(DEPARTMENT + proposed.department, 0);
                signatures
                    .sign(proposed.department as u8, by)
                    .expect("nobody has signed a new change");
                let digest = form(address, 1);
                let change = Change { digest, signatures };
                genesis.put::<Changes>(&proposed.id(), &change);
            }
        }
    }
}

/// An address with one enterprise.
fn put(genesis: &mut Genesis, by: AccountId, seat: Seat, limit: u16) {
    let SeatId {
        address: number,
        enterprise,
    } = seat.id;
    let steps = [Step::Registered, Step::Bound(enterprise)];
    let address = Address {
        digest: form(number, 0),
        limit,
        bound: 1,
        frozen: false,
        history: put_history::<Addresses>(genesis, number, by, &steps),
    };
    let binding = Binding {
        owner: seat.owner,
        since_ns: 0,
        ended_ns: None,
    };
    genesis.put::<Addresses>(&number, &address);
    genesis.put::<Bindings>(&seat.id, &binding);
}

/// An address with nobody.
fn put_empty(genesis: &mut Genesis, by: AccountId, number: u64, steps: &[Step]) {
    let address = Address {
        digest: form(number, 0),
        limit: LIMIT,
        bound: 0,
        frozen: steps.last() == Some(&Step::Frozen),
        history: put_history::<Addresses>(genesis, number, by, steps),
    };
    genesis.put::<Addresses>(&number, &address);
}
