//! The world of components at genesis: who is who, and a stock of components in every state.

use groma_ledger::Genesis;
use groma_ledger::component::{Component, Components, Registries, Registry, Stage, Step};

use super::{GATEWAY, GATEWAYS, Known, OWNER, OWNERS, digest};
use crate::chronicle::put_history;
use crate::people::{OPENING_BALANCE, People};

/// What is done next with a component of the stock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shelf {
    InService,
    Faulty,
    Retired,
}

/// The stock, the same whenever it is asked for: of eight components two are at fault, one is retired
/// and five are in service.
pub(super) fn components(stock: u32) -> impl Iterator<Item = (Known, Shelf)> {
    (0..stock).map(|number| {
        let known = Known {
            component: number.into(),
            owner: number / 8 % OWNERS,
        };
        let shelf = match number % 8 {
            0 | 1 => Shelf::Faulty,
            2 => Shelf::Retired,
            _ => Shelf::InService,
        };
        (known, shelf)
    })
}

/// Who is who.
pub(super) fn registry(people: People) -> Registry {
    Registry {
        owners: people.departments(OWNER, OWNERS),
        gateways: people.departments(GATEWAY, GATEWAYS),
    }
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    genesis.put::<Registries>(&(), &registry(people));
    for (known, shelf) in components(stock) {
        let number = known.component;
        let (stage, step) = match shelf {
            Shelf::InService => (Stage::InService, Step::Inspected(digest(number))),
            Shelf::Faulty => (Stage::Faulty, Step::Reported(digest(number))),
            Shelf::Retired => (Stage::Retired, Step::Retired),
        };
        let by = people.department(OWNER + known.owner, 0);
        let steps = [Step::Registered, step];
        let component = Component {
            owner: known.owner as u16,
            digest: digest(number),
            stage,
            history: put_history::<Components>(genesis, number, by, &steps),
        };
        genesis.put::<Components>(&number, &component);
    }
}
