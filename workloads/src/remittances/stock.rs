//! The world of remittances at genesis: who is who, and a stock of quotes and locked money.

use groma_ledger::patterns::escrow::{Lock, Pot, PotId, Stage};
use groma_ledger::remittance::{
    Quote, QuoteId, Quotes, Registries, Registry, RemittanceLocks, RemittancePots, Transfer,
    Transfers, pot,
};
use groma_ledger::{AccountId, Genesis};
use std::collections::BTreeMap;

use super::{COMPLIANCE, GOOD_NS, Sent, VAULT};
use crate::people::{BANKS, OPENING_BALANCE, People, TERMINALS, endow};

/// Cents of each remittance of the stock.
const AMOUNT: u64 = 100;
/// The rate of its quotes: CNY to USD (estimate).
pub(super) const RATE_PPM: u32 = 140_000;
/// A quote that was good once.
pub(super) const EXPIRED: QuoteId = QuoteId {
    bank: 0,
    number: u64::MAX,
};

/// What is done next with a piece of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Quote(QuoteId),
    Locked,
    Cleared,
    Late,
}

/// The stock, the same whenever it is asked for: of eight pieces one is a quote, three are to be
/// cleared, three to be released, and of one the time has come.
pub(super) fn remittances(people: People, stock: u32) -> impl Iterator<Item = (Sent, Shelf)> {
    (0..stock).map(move |number| {
        let quote = quote(number);
        let shelf = match number % 8 {
            0 => Shelf::Quote(quote),
            1..=3 => Shelf::Locked,
            4..=6 => Shelf::Cleared,
            _ => Shelf::Late,
        };
        let sent = Sent {
            payer: people.citizen(u64::from(number) % people.citizens()),
            payee: people.citizen(u64::from(number) * 7 % people.citizens()),
            vault: people.department(VAULT, number / 8 % TERMINALS),
            number: number.into(),
            late: shelf == Shelf::Late,
        };
        (sent, shelf)
    })
}

fn quote(number: u32) -> QuoteId {
    QuoteId {
        bank: (number / 8 % BANKS) as u16,
        number: (number / 8 * 8).into(),
    }
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        banks: people.banks(),
        compliance: people.departments(COMPLIANCE, 1),
        vaults: people.departments(VAULT, 1),
    };
    genesis.put::<Registries>(&(), &registry);
    put_quote(genesis, EXPIRED, 0);
    let mut pots: BTreeMap<PotId, Pot> = BTreeMap::new();
    for (sent, shelf) in remittances(people, stock) {
        if let Shelf::Quote(quote) = shelf {
            put_quote(genesis, quote, GOOD_NS);
            continue;
        }
        let pot = pots.entry(pot(sent.vault)).or_default();
        pot.paid_in += AMOUNT;
        pot.locked += AMOUNT;
        let bureau: AccountId = people.tax((sent.number % u64::from(TERMINALS)) as u32);
        endow(genesis, bureau, sent.vault, AMOUNT);
        put_remittance(genesis, sent, shelf);
    }
    for (id, pot) in pots {
        genesis.put::<RemittancePots>(&id, &pot);
    }
}

fn put_quote(genesis: &mut Genesis, id: QuoteId, until_ns: u64) {
    let quote = Quote {
        rate_ppm: RATE_PPM,
        until_ns,
    };
    genesis.put::<Quotes>(&id, &quote);
}

fn put_remittance(genesis: &mut Genesis, sent: Sent, shelf: Shelf) {
    let transfer = Transfer {
        quote: quote(sent.number as u32),
        hash: sent.hash(),
        arrives: AMOUNT * u64::from(RATE_PPM) / 1_000_000,
        cleared: (shelf != Shelf::Locked).then_some(true),
        preimage: None,
        ended_ns: None,
    };
    let lock = Lock {
        pot: pot(sent.vault),
        amount: AMOUNT,
        payee: sent.payee,
        payer: Some(sent.payer),
        until_ns: if sent.late { 0 } else { GOOD_NS },
        stage: Stage::Locked,
        paid_to: None,
    };
    genesis.put::<Transfers>(&sent.id(), &transfer);
    genesis.put::<RemittanceLocks>(&sent.id(), &lock);
}
