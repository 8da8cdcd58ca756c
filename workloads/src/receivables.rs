//! Receivables (docs/sources.md W5): suppliers state what core firms owe them, pass it down the tiers,
//! split it, sell it to banks, and are paid on the day.
//!
//! The mix and the size are the catalogue's. Pieces are remembered in bounded lists and followed up
//! once the lag has passed, whether or not they are final; a stock exists at genesis, and should a
//! list run dry all the same, a receivable is issued instead. Of the pieces that the mix makes (a
//! split makes 3.5), 24 % can be split again, so that trees are flatter than the catalogue's geometric
//! depth with 0.45; the limit of six stays.
//!
//! Attackers discount twice, settle twice, sell what they divided, split into more than the whole,
//! pass on what is another's, or pay the wrong holder. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::patterns::instrument::{Instrument, PieceId};
use groma_ledger::receivable::{Receivable, ReceivableTx, SPLIT_LIMIT};
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::{Cycle, another_of, any_of};
use crate::parents::Parents;
use crate::people::{BANKS, MAJOR_FIRMS, People, TERMINALS};
use crate::population::{Chance, Sampler, Skew, Weighted, below, divide, log_normal};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In per cent (W5): issue, acknowledge, transfer, split, discount, settle, query.
pub(crate) const MIX: Weighted<7> = Weighted::new([12, 12, 30, 18, 9, 14, 5]);
/// Its place in the mix.
pub(crate) const ISSUE: usize = 0;
/// Bytes on the wire (W5).
const WIRE_BYTES: usize = 650;
/// Core firms by how much they buy (W5 names no skew; Zipf with 0.99 is the catalogue's default).
const DEBTOR_SKEW: Skew = Skew::Zipf { theta: 0.99 };
/// Amounts (W5: log-normal; both figures are estimates): CNY 200,000, and e^3 between 95 % limits.
const MEDIAN_AMOUNT: f64 = 20_000_000.0;
const SIGMA: f64 = 1.5;
/// The least amount that is worth a split, in cents (estimate).
const LEAST_SPLIT: u64 = 1_000;
/// How many pieces are kept for a split (estimate): a little more than the mix asks for.
const SPLIT_SHARE: f64 = 0.28;
/// Pieces remembered per list: at a lag of 2 s, enough for 65,000 follow-ups a second.
const REMEMBERED: usize = 1 << 17;
/// Spent pieces remembered for attacks.
const SPENT: usize = 1 << 12;

/// A piece as its holder knows it.
#[derive(Clone, Copy, Debug)]
struct Claim {
    piece: PieceId,
    debtor: AccountId,
    holder: AccountId,
    amount: u64,
    tier: u8,
}

/// The workload "receivables".
#[derive(Debug)]
pub struct Receivables {
    people: People,
    stock: u32,
    lag: Duration,
    debtors: Sampler,
    divides: Chance,
    numbers: u64,
    proposed: Parents<Claim>,
    divisible: Parents<Claim>,
    movable: Parents<Claim>,
    /// Held by a bank, or in the last tier: nothing is left but to be paid.
    payable: Parents<Claim>,
    /// As they were before they were discounted or divided.
    sold: Parents<Claim>,
    settled: Parents<Claim>,
}

impl Receivables {
    /// The receivables of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let list = || Parents::new(setup.lag, REMEMBERED);
        let mut receivables = Self {
            people: setup.people,
            stock: setup.stock,
            lag: setup.lag,
            debtors: Sampler::new(u64::from(MAJOR_FIRMS), DEBTOR_SKEW)
                .expect("there are core firms"),
            divides: Chance::new(SPLIT_SHARE),
            numbers: u64::from(setup.stock),
            proposed: list(),
            divisible: list(),
            movable: list(),
            payable: list(),
            sold: Parents::new(setup.lag, SPENT),
            settled: Parents::new(setup.lag, SPENT),
        };
        for (claim, shelf) in stock::claims(setup.people, setup.stock) {
            match shelf {
                stock::Shelf::Proposed => receivables.proposed.stock(claim),
                stock::Shelf::Divisible => receivables.divisible.stock(claim),
                stock::Shelf::Movable => receivables.movable.stock(claim),
                stock::Shelf::Discounted => receivables.payable.stock(claim),
            }
        }
        receivables
    }

    fn issue(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let holder = self.supplier(rng);
        let debtor = self
            .people
            .terminal(self.debtors.draw(rng) as u32, seat(rng));
        let amount = log_normal(rng, MEDIAN_AMOUNT, SIGMA).max(1);
        self.numbers += 1;
        let number = self.numbers;
        let claim = Claim {
            piece: PieceId::whole(holder, number),
            debtor,
            holder,
            amount,
            tier: 1,
        };
        self.proposed.push(now, claim);
        // Acknowledged after one lag, it can be paid after two: the day has come by then.
        let due_ns = (now + self.lag).as_nanos() as u64;
        let tx = ReceivableTx::Issue {
            number,
            debtor,
            amount,
            due_ns,
        };
        draft(holder, tx)
    }

    fn acknowledge(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let claim = self.proposed.take(now, rng)?;
        self.shelve(now, claim, rng);
        let piece = claim.piece;
        Some(draft(claim.debtor, ReceivableTx::Acknowledge { piece }))
    }

    fn transfer(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let claim = self.movable.take(now, rng)?;
        let to = another_of(self.people.minor_firms(), claim.holder, rng);
        let moved = Claim {
            holder: to,
            tier: claim.tier + 1,
            ..claim
        };
        self.shelve(now, moved, rng);
        let piece = claim.piece;
        Some(draft(claim.holder, ReceivableTx::Transfer { piece, to }))
    }

    fn split(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let claim = self.divisible.take(now, rng)?;
        self.sold.push(now, claim);
        let parts = divided(claim.amount, rng);
        for (place, &amount) in (0..).zip(&parts) {
            let piece = claim.piece.part(place);
            self.shelve(
                now,
                Claim {
                    piece,
                    amount,
                    ..claim
                },
                rng,
            );
        }
        let tx = ReceivableTx::Split {
            piece: claim.piece,
            parts: parts.into(),
        };
        Some(draft(claim.holder, tx))
    }

    fn discount(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let claim = self.movable.take(now, rng)?;
        let bank = self.bank(rng);
        self.sold.push(now, claim);
        let holder = bank;
        self.payable.push(now, Claim { holder, ..claim });
        let piece = claim.piece;
        Some(draft(claim.holder, ReceivableTx::Discount { piece, bank }))
    }

    fn settle(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let taken = self.payable.take(now, rng);
        let claim = taken.or_else(|| self.movable.take(now, rng))?;
        self.settled.push(now, claim);
        Some(settlement(claim, claim.holder))
    }

    fn query(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let Claim { piece, amount, .. } = *self.movable.look(now, rng)?;
        let amount = amount + u64::from(wrong);
        Some(draft(self.bank(rng), ReceivableTx::Query { piece, amount }))
    }

    /// Where a piece goes that somebody holds now.
    fn shelve(&mut self, now: Duration, claim: Claim, rng: &mut dyn Rng) {
        let may_divide = claim.piece.depth() < Receivable::DEPTH && claim.amount >= LEAST_SPLIT;
        if claim.tier == Receivable::TIERS {
            self.payable.push(now, claim);
        } else if may_divide && self.divides.draw(rng) {
            self.divisible.push(now, claim);
        } else {
            self.movable.push(now, claim);
        }
    }

    fn supplier(&self, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.minor_firms(), rng)
    }

    fn bank(&self, rng: &mut dyn Rng) -> AccountId {
        let bank = below(rng, u64::from(BANKS)) as u32;
        self.people.bank(bank, seat(rng))
    }
}

fn seat(rng: &mut dyn Rng) -> u32 {
    below(rng, u64::from(TERMINALS)) as u32
}

/// 2 to 5 parts of an amount, which must be at least as large as their number.
fn divided(amount: u64, rng: &mut dyn Rng) -> Vec<u64> {
    let parts = 2 + below(rng, SPLIT_LIMIT as u64 - 1);
    divide(rng, amount, parts)
}

fn settlement(claim: Claim, holder: AccountId) -> Draft {
    let piece = claim.piece;
    draft(claim.debtor, ReceivableTx::Settle { piece, holder })
}

fn draft(sender: AccountId, tx: ReceivableTx) -> Draft {
    Draft::sized(sender, Body::Receivable(tx), WIRE_BYTES)
}

impl Cycle for Receivables {
    const NAME: &'static str = "receivables";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.acknowledge(now, rng),
            2 => self.transfer(now, rng),
            3 => self.split(now, rng),
            4 => self.discount(now, rng),
            5 => self.settle(now, rng),
            _ => self.query(now, false, rng),
        };
        drawn.unwrap_or_else(|| self.issue(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 6) {
            0 | 1 => {
                // Discounted before, or divided: the old holder sells it once more.
                let claim = *self.sold.look(now, rng)?;
                let (piece, bank) = (claim.piece, self.bank(rng));
                Some(draft(claim.holder, ReceivableTx::Discount { piece, bank }))
            }
            2 => {
                let claim = *self.settled.look(now, rng)?;
                Some(settlement(claim, claim.holder))
            }
            3 => {
                let claim = *self.divisible.look(now, rng)?;
                let mut parts = divided(claim.amount, rng);
                parts[0] += 1;
                let tx = ReceivableTx::Split {
                    piece: claim.piece,
                    parts: parts.into(),
                };
                Some(draft(claim.holder, tx))
            }
            4 => {
                // A citizen never holds a receivable.
                let piece = self.movable.look(now, rng)?.piece;
                let (thief, to) = (self.people.any_citizen(rng), self.supplier(rng));
                Some(draft(thief, ReceivableTx::Transfer { piece, to }))
            }
            _ => {
                let claim = *self.payable.look(now, rng)?;
                Some(settlement(claim, self.people.any_citizen(rng)))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 4) {
            0 => {
                let (number, debtor) = (0, self.people.terminal(0, seat(rng)));
                let tx = ReceivableTx::Issue {
                    number,
                    debtor,
                    amount: 0,
                    due_ns: 0,
                };
                Some(draft(self.supplier(rng), tx))
            }
            1 => {
                // Another core firm acknowledges what it does not owe.
                let claim = *self.proposed.look(now, rng)?;
                let next = (claim.debtor.0 - self.people.terminal(0, 0).0 + u64::from(TERMINALS))
                    % u64::from(MAJOR_FIRMS * TERMINALS);
                let other = AccountId(self.people.terminal(0, 0).0 + next);
                let piece = claim.piece;
                Some(draft(other, ReceivableTx::Acknowledge { piece }))
            }
            2 => {
                // To somebody who is no supplier.
                let claim = *self.movable.look(now, rng)?;
                let (piece, to) = (claim.piece, self.people.any_citizen(rng));
                Some(draft(claim.holder, ReceivableTx::Transfer { piece, to }))
            }
            _ => self.query(now, true, rng),
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
