//! The world of identities at genesis: who is who, and a stock of people with keys and attributes.

use groma_ledger::Genesis;
use groma_ledger::identity::{
    Attribute, Attributes, Identities, Identity, Key, Keys, Registries, Registry,
};

use super::{FIELDS, Holder, REGISTRAR, public};
use crate::people::{DEPARTMENTS, OPENING_BALANCE, People};
use crate::population::Scatter;

/// What is done next with somebody of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Enrolled,
    Holding,
    Revoked,
}

/// In which order citizens are enrolled.
pub(super) fn subjects(people: People) -> Scatter {
    Scatter::new(people.citizens(), 18).expect("a population is a valid set")
}

/// How many people the stock holds: nobody is enrolled twice.
pub(super) fn size(people: People, stock: u32) -> u64 {
    people.citizens().min(stock.into())
}

/// The stock, the same whenever it is asked for: of eight people one waits for an attribute, one has
/// lost his key, and six hold both.
pub(super) fn holders(people: People, stock: u32) -> impl Iterator<Item = (Holder, Shelf)> {
    let subjects = subjects(people);
    (0..size(people, stock)).map(move |number| {
        let holder = Holder {
            subject: people.citizen(subjects.identity(number)),
            key: 1,
            department: (number / 8 % u64::from(DEPARTMENTS)) as u32,
            number,
        };
        let shelf = match number % 8 {
            0 => Shelf::Enrolled,
            1 => Shelf::Revoked,
            _ => Shelf::Holding,
        };
        (holder, shelf)
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        registrar: people.departments(REGISTRAR, 1),
        departments: people.departments(0, DEPARTMENTS),
        verifiers: people.banks(),
    };
    genesis.put::<Registries>(&(), &registry);
    for (holder, shelf) in holders(people, stock) {
        let revoked = shelf == Shelf::Revoked;
        let Holder { subject, key, .. } = holder;
        genesis.put::<Identities>(&subject, &Identity { key, revoked });
        let first = Key {
            public: public(subject, key),
            from: 0,
            until: revoked.then_some(0),
        };
        genesis.put::<Keys>(&(subject, key), &first);
        if shelf != Shelf::Enrolled {
            let attribute = Attribute {
                root: holder.batch().root(),
                fields: FIELDS,
                issued: 0,
            };
            genesis.put::<Attributes>(&holder.attribute(), &attribute);
        }
    }
}
