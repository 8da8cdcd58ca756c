//! The world of receivables at genesis: who is who, and a stock of pieces to follow up on.

use groma_ledger::patterns::instrument::{Piece, PieceId, Stage};
use groma_ledger::receivable::{ReceivablePieces, Registries, Registry};
use groma_ledger::{AccountId, Genesis};

use super::Claim;
use crate::people::{BANKS, MAJOR_FIRMS, OPENING_BALANCE, People, TERMINALS};

/// What is done next with a piece of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Proposed,
    Divisible,
    Movable,
    Discounted,
}

/// The stock, the same whenever it is asked for: of eight pieces one is to be acknowledged, two
/// split, four passed on or sold, and a bank holds one.
pub(super) fn claims(people: People, stock: u32) -> impl Iterator<Item = (Claim, Shelf)> {
    let suppliers = people.minor_firms();
    (0..stock).map(move |number| {
        let maker = AccountId(suppliers.first.0 + u64::from(number % suppliers.institutions));
        let shelf = match number % 8 {
            0 => Shelf::Proposed,
            1 | 2 => Shelf::Divisible,
            3..=6 => Shelf::Movable,
            _ => Shelf::Discounted,
        };
        let holder = match shelf {
            Shelf::Discounted => people.bank(number / 8 % BANKS, number / 8 % TERMINALS),
            _ => maker,
        };
        let claim = Claim {
            piece: PieceId::whole(maker, u64::from(number)),
            debtor: people.terminal(number / 8 % MAJOR_FIRMS, number / 512 % TERMINALS),
            holder,
            amount: 1_000_000 << (number % 8),
            tier: 1,
        };
        (claim, shelf)
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        core: people.major_firms(),
        suppliers: people.minor_firms(),
        banks: people.banks(),
    };
    genesis.put::<Registries>(&(), &registry);
    for (claim, shelf) in claims(people, stock) {
        let piece = Piece {
            amount: claim.amount,
            debtor: claim.debtor,
            holder: claim.holder,
            tier: claim.tier,
            due_ns: 0,
            stage: match shelf {
                Shelf::Proposed => Stage::Proposed,
                Shelf::Divisible | Shelf::Movable => Stage::Held,
                Shelf::Discounted => Stage::Discounted,
            },
        };
        genesis.put::<ReceivablePieces>(&claim.piece, &piece);
    }
}
