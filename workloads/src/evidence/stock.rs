//! The world of evidence at genesis: who is who, and a stock of deposits to follow up on.

use groma_ledger::Genesis;
use groma_ledger::evidence::{
    AUTHORITY as STAMP, CaseId, Deposit, Deposits, Exhibit, Exhibits, Registries, Registry,
};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::roles::Seats;

use super::{AUTHORITY, COURT, COURTS, Deposited, JUDGES, NOTARIES, NOTARY, SOURCE, SOURCES};
use crate::people::{OPENING_BALANCE, People, seats};
use crate::population::Scatter;

/// When the stock was deposited.
const SINCE_NS: u64 = 1;

/// What is done next with a deposit of the stock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shelf {
    Fresh,
    Stamped,
    Submitted(CaseId),
}

/// The stock, the same whenever it is asked for: of eight deposits six are fresh, one is stamped and
/// one lies before a court.
pub(super) fn deposits(people: People, stock: u32) -> impl Iterator<Item = (Deposited, Shelf)> {
    let depositors = Scatter::new(people.citizens(), 4).expect("a population is a valid set");
    (0..stock).map(move |number| {
        let rank = u64::from(number) % people.citizens();
        let deposited = Deposited {
            depositor: people.citizen(depositors.identity(rank)),
            seed: u64::from(number),
            leaves: 1 + (number % 16) as u16,
            // One and not zero, so that somebody can claim an earlier time.
            at_ns: SINCE_NS,
        };
        let shelf = match number % 8 {
            0 => Shelf::Stamped,
            1 => Shelf::Submitted(CaseId {
                court: (number / 8 % COURTS) as u16,
                number: u64::from(number),
            }),
            _ => Shelf::Fresh,
        };
        (deposited, shelf)
    })
}

/// The seats of the courts.
pub(super) fn courts(people: People) -> Seats {
    seats(people.department(COURT, 0), COURTS, JUDGES)
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        sources: seats(people.department(SOURCE, 0), SOURCES, 1),
        authority: people.departments(AUTHORITY, 1),
        notaries: people.departments(NOTARY, NOTARIES),
        courts: courts(people),
    };
    genesis.put::<Registries>(&(), &registry);
    for (deposited, shelf) in deposits(people, stock) {
        let mut deposit = Deposit {
            depositor: deposited.depositor,
            leaves: deposited.leaves,
            since_ns: SINCE_NS,
            signatures: Signatures::default(),
        };
        match shelf {
            Shelf::Fresh => {}
            Shelf::Stamped => deposit
                .signatures
                .sign(STAMP, registry.authority.first)
                .expect("nobody has signed a new deposit"),
            Shelf::Submitted(case) => {
                let exhibit = Exhibit {
                    party: deposited.depositor,
                    since_ns: SINCE_NS,
                    by_ns: SINCE_NS,
                    submitted_ns: SINCE_NS,
                    confirmed_ns: None,
                    judge: None,
                };
                genesis.put::<Exhibits>(&(case, deposited.root()), &exhibit);
            }
        }
        genesis.put::<Deposits>(&deposited.root(), &deposit);
    }
}
