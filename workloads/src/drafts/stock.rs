//! The world of bank drafts at genesis: who is who, and a stock of drafts to follow up on.

use groma_ledger::bank_draft::{DraftChain, DraftPieces, Registries, Registry};
use groma_ledger::patterns::endorsement::Endorsement;
use groma_ledger::patterns::instrument::{Piece, PieceId, Stage};
use groma_ledger::{AccountId, Genesis};

use super::Paper;
use crate::people::{BANKS, MAJOR_FIRMS, OPENING_BALANCE, People, TERMINALS};

/// What is done next with a draft of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Proposed,
    Moving,
    Resting,
    Discounted,
    Pledged(AccountId),
    Presented,
    Refused,
}

/// The stock, the same whenever it is asked for: of forty drafts as many on each shelf as the mix takes
/// from it during a lag.
pub(super) fn papers(people: People, stock: u32) -> impl Iterator<Item = (Paper, Shelf)> {
    let firms = people.minor_firms();
    (0..stock).map(move |number| {
        let turn = number / 40;
        let bank = |shift: u32| people.bank((turn + shift) % BANKS, turn % TERMINALS);
        let shelf = match number % 40 {
            0..=9 => Shelf::Proposed,
            10..=21 => Shelf::Moving,
            22..=28 => Shelf::Resting,
            29..=31 => Shelf::Discounted,
            32 => Shelf::Pledged(bank(2)),
            33..=38 => Shelf::Presented,
            _ => Shelf::Refused,
        };
        let drawer = people.terminal(number % MAJOR_FIRMS, number / 64 % TERMINALS);
        let paper = Paper {
            piece: PieceId::whole(drawer, u64::from(number)),
            acceptor: bank(0),
            holder: AccountId(firms.first.0 + u64::from(number % firms.institutions)),
            previous: drawer,
            tier: 1,
        };
        match shelf {
            Shelf::Discounted => (paper.to(bank(1)), shelf),
            _ => (paper, shelf),
        }
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        drawers: people.major_firms(),
        holders: people.minor_firms(),
        banks: people.banks(),
    };
    genesis.put::<Registries>(&(), &registry);
    for (number, (paper, shelf)) in (0_u64..).zip(papers(people, stock)) {
        let stage = match shelf {
            Shelf::Proposed => Stage::Proposed,
            Shelf::Moving | Shelf::Resting => Stage::Held,
            Shelf::Discounted => Stage::Discounted,
            Shelf::Pledged(to) => Stage::Pledged { to },
            Shelf::Presented => Stage::Presented,
            Shelf::Refused => Stage::Refused,
        };
        let piece = Piece {
            amount: 1_000_000 << (number % 8),
            debtor: paper.acceptor,
            holder: paper.holder,
            tier: paper.tier,
            due_ns: 0,
            stage,
        };
        genesis.put::<DraftPieces>(&paper.piece, &piece);
        if paper.tier == 2 {
            sign(paper.piece, 1, paper.previous, genesis);
        }
        sign(paper.piece, paper.tier, paper.holder, genesis);
    }
}

fn sign(piece: PieceId, tier: u8, holder: AccountId, genesis: &mut Genesis) {
    let name = Endorsement {
        holder,
        at_ns: 0,
        redeemed: false,
    };
    genesis.put::<DraftChain>(&(piece, tier), &name);
}
