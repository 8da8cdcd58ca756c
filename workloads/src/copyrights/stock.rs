//! The world of works at genesis: the bureau, hits, and a stock of works to follow up on.

use std::collections::BTreeMap;

use groma_ledger::copyright::{
    License, Licenses, Registries, Registry, RoyaltyPositions, Work, Works,
};
use groma_ledger::patterns::shares::{Share, Shares, WHOLE};
use groma_ledger::{AccountId, Genesis, Hash, TxId};

use super::{BUREAU, HIT_ONCE_IN, Known, MOST_HITS};
use crate::people::{OPENING_BALANCE, People};

/// What is done next with a work of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    /// Everybody wants it. It is older than all others, and nobody sells it.
    Hit,
    Resting,
    /// Licensed once, to that account.
    Earning(AccountId),
}

/// The stock, the same whenever it is asked for: hits first; of the others one in four has earned
/// something.
pub(super) fn works(people: People, stock: u32) -> impl Iterator<Item = (Known, Shelf)> {
    let firms = people.minor_firms();
    let hits = (stock / HIT_ONCE_IN).min(MOST_HITS);
    (0..stock).map(move |number| {
        let firm = |shift: u32| {
            let place = u64::from((number + shift) % firms.institutions);
            AccountId(firms.first.0 + place)
        };
        let shelf = match number % 4 {
            _ if number < hits => Shelf::Hit,
            3 => Shelf::Earning(firm(2)),
            _ => Shelf::Resting,
        };
        let half = |owner| Share {
            owner,
            points: WHOLE / 2,
        };
        let known = Known {
            work: Hash::of(&[b"work", &number.to_le_bytes()]).0,
            price: 1_000 << (number % 8),
            shares: Shares(vec![half(firm(0)), half(firm(1))]),
        };
        (known, shelf)
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let bureau = people.departments(BUREAU, 1);
    genesis.put::<Registries>(&(), &Registry { bureau });
    let mut owed: BTreeMap<AccountId, i64> = BTreeMap::new();
    for (known, shelf) in works(people, stock) {
        let mut work = Work {
            shares: known.shares,
            price: known.price,
            registered_ns: u64::from(shelf != Shelf::Hit),
            collected: 0,
            paid: 0,
            taken_down: None,
        };
        if let Shelf::Earning(licensee) = shelf {
            work.collected = known.price;
            *owed.entry(licensee).or_default() -= known.price as i64;
            let license = License {
                work: known.work,
                licensee,
                fee: known.price,
                at_ns: 1,
            };
            genesis.put::<Licenses>(&TxId(known.work), &license);
        }
        genesis.put::<Works>(&known.work, &work);
    }
    for (account, position) in owed {
        genesis.put::<RoyaltyPositions>(&account, &position);
    }
}
