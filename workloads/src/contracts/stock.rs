//! The world of contracts at genesis: a stock of them to follow up on. Nobody has a role here.

use groma_ledger::contract::{Contract, ContractId, Contracts, Stage};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{Genesis, Hash};

use super::{MOST, Paper};
use crate::people::{OPENING_BALANCE, People};

/// What is done next with a contract of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Drafted,
    Open,
    Signed,
    Complete,
}

/// The stock, the same whenever it is asked for: of twenty contracts as many on each shelf as the mix
/// takes from it during a lag. All are between small firms, of which there are more than three.
pub(super) fn papers(people: People, stock: u32) -> impl Iterator<Item = (Paper, Shelf)> {
    let firms = people.minor_firms();
    (0..stock).map(move |number| {
        let firm = |shift: u32| {
            let mut account = firms.first;
            account.0 += u64::from((number + shift) % firms.institutions);
            account
        };
        let invited = 2 + number / 20 % 3;
        let (shelf, signed) = match number % 20 {
            0..=3 => (Shelf::Drafted, 0),
            4..=14 => (Shelf::Open, number % invited),
            15..=18 => (Shelf::Signed, invited),
            _ => (Shelf::Complete, invited),
        };
        let mut parties = [firm(0); MOST];
        for (shift, party) in (0..).zip(&mut parties) {
            *party = firm(shift);
        }
        let paper = Paper {
            contract: ContractId {
                drafter: firm(0),
                number: u64::from(number),
            },
            digest: Hash::of(&[b"contract", &number.to_le_bytes()]).0,
            parties,
            invited: invited as u8,
            signed: signed as u8,
        };
        (paper, shelf)
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    for (paper, shelf) in papers(people, stock) {
        let invited = match shelf {
            Shelf::Drafted => &[],
            _ => paper.parties(),
        };
        let mut signatures = Signatures::default();
        for (place, &party) in (0..paper.signed).zip(invited) {
            let signed = signatures.sign(place, party);
            signed.expect("each party signs once");
        }
        let contract = Contract {
            digest: paper.digest,
            drafted_ns: 0,
            parties: invited.into(),
            signatures,
            stage: match shelf {
                Shelf::Drafted => Stage::Drafted,
                Shelf::Open | Shelf::Signed => Stage::Open,
                Shelf::Complete => Stage::Complete { at_ns: 0 },
            },
        };
        genesis.put::<Contracts>(&paper.contract, &contract);
    }
}
