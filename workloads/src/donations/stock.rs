//! The world of donations at genesis: who is who, the hot project, and a stock of its money.

use groma_ledger::donation::{
    AllocationId, Allocations, DonationPots, Project, Projects, Registries, Registry,
};
use groma_ledger::patterns::escrow::{Lock, Pot, PotId, Stage};
use groma_ledger::{AccountId, Genesis};
use std::collections::BTreeMap;

use super::{CHARITIES, CHARITY, PAYOUT_NS, Part, VAULT, VAULTS, World, charity_of, digest};
use crate::people::{OPENING_BALANCE, People, TERMINALS, endow};

/// Cents of each piece of the stock.
pub(super) const AMOUNT: u64 = 100;

/// What is done next with a piece of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Free,
    Payable,
    Late,
    Paid,
}

/// The stock, the same whenever it is asked for: of eight pieces two are free, three set aside, one of
/// which the time has come, and two paid out.
pub(super) fn parts(
    people: People,
    world: World,
    stock: u32,
) -> impl Iterator<Item = (Part, Shelf)> {
    (0..u64::from(stock)).map(move |number| {
        let shards = u64::from(world.shards);
        let id = AllocationId {
            project: world.hot,
            number,
        };
        let part = Part {
            id,
            vault: AccountId(world.vault(people, world.hot).0 + number % shards),
            payee: people.citizen(number % people.citizens()),
        };
        let shelf = match number / shards % 8 {
            0 | 1 => Shelf::Free,
            2..=4 => Shelf::Payable,
            5 => Shelf::Late,
            _ => Shelf::Paid,
        };
        (part, shelf)
    })
}

/// Who is who.
pub(super) fn registry(people: People) -> Registry {
    Registry {
        charities: people.departments(CHARITY, CHARITIES),
        vaults: people.departments(VAULT, VAULTS),
    }
}

/// Writes the first state.
pub(super) fn genesis(people: People, world: World, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    genesis.put::<Registries>(&(), &registry(people));
    let charity = charity_of(world.hot);
    let project = Project {
        charity: charity as u16,
        vault: world.vault(people, world.hot),
        shards: world.shards,
        digest: digest(world.hot),
    };
    genesis.put::<Projects>(&world.hot, &project);
    let mut pots: BTreeMap<PotId, Pot> = BTreeMap::new();
    for (part, shelf) in parts(people, world, stock) {
        let id = PotId {
            purpose: world.hot,
            vault: part.vault,
        };
        let pot = pots.entry(id).or_default();
        pot.paid_in += AMOUNT;
        let terminal = (part.id.number % u64::from(TERMINALS)) as u32;
        let from = people.department(CHARITY + charity, terminal);
        let (to, stage) = match shelf {
            Shelf::Paid => (part.payee, Stage::Released),
            Shelf::Free | Shelf::Payable | Shelf::Late => (part.vault, Stage::Locked),
        };
        endow(genesis, from, to, AMOUNT);
        match shelf {
            Shelf::Free => continue,
            Shelf::Payable | Shelf::Late => pot.locked += AMOUNT,
            Shelf::Paid => pot.paid_out += AMOUNT,
        }
        let until_ns = match shelf {
            Shelf::Late => 0,
            _ => PAYOUT_NS,
        };
        let lock = Lock {
            pot: id,
            amount: AMOUNT,
            payee: part.payee,
            payer: None,
            until_ns,
            stage,
            paid_to: (stage == Stage::Released).then_some(part.payee),
        };
        genesis.put::<Allocations>(&part.id, &lock);
    }
    for (id, pot) in pots {
        genesis.put::<DonationPots>(&id, &pot);
    }
}
