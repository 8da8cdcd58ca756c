//! Bank drafts (docs/sources.md W6): firms draw on banks, pay each other by endorsement, pledge and
//! discount; on the day the holder presents the draft, and the bank pays or, now and then, refuses.
//!
//! The mix keeps the ratio of drafts issued and discounted of 2017; the rest is an estimate. Three
//! drafts in ten are paid on; they change hands four times on average, one after the other, and at most
//! ten times: chains of transactions that each need the one before. Drafts are remembered in bounded
//! lists and followed up once the lag has passed; a stock exists at genesis, and should a list run dry
//! all the same, a draft is issued instead.
//!
//! Attackers sell twice, pay twice, pay on what is pledged or another's, take recourse though they never
//! signed, or pay the wrong holder. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::bank_draft::{BankDraft, BankDraftTx};
use groma_ledger::patterns::instrument::{Instrument, PieceId};
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::{Cycle, another_of, any_of, next_of};
use crate::parents::Parents;
use crate::people::{MAJOR_FIRMS, People};
use crate::population::{Chance, Sampler, Skew, Weighted, below, log_normal};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In thousandths (W6): issue, accept, endorse, discount, rediscount, pledge, release, present, pay,
/// refuse, recourse.
pub(crate) const MIX: Weighted<11> = Weighted::new([200, 200, 240, 55, 20, 20, 20, 120, 112, 8, 5]);
/// Places in the mix.
pub(crate) const ISSUE: usize = 0;
pub(crate) const ACCEPT: usize = 1;
pub(crate) const DISCOUNT: usize = 3;
/// Bytes on the wire (estimate: W6 gives none): less than a receivable with its invoice.
const WIRE_BYTES: usize = 520;
/// Drawers by how much they buy (W6 names no skew; Zipf with 0.99 is the catalogue's default).
const DRAWER_SKEW: Skew = Skew::Zipf { theta: 0.99 };
/// Amounts (estimates): CNY 100,000 at the median, and e^3 between 95 % limits.
const MEDIAN_AMOUNT: f64 = 10_000_000.0;
const SIGMA: f64 = 1.5;
/// How many accepted drafts are paid on, and how many are again (estimates): with these, endorsements
/// are as many as the mix asks for, and a little more.
const MOVES_SHARE: f64 = 0.32;
const MOVES_AGAIN: f64 = 0.75;
/// Drafts remembered per list.
const REMEMBERED: usize = 1 << 17;
/// Spent drafts remembered for attacks.
const SPENT: usize = 1 << 12;

/// A draft as its holder knows it.
#[derive(Clone, Copy, Debug)]
struct Paper {
    piece: PieceId,
    acceptor: AccountId,
    holder: AccountId,
    /// Who held it before: at tier 1 the drawer.
    previous: AccountId,
    tier: u8,
}

impl Paper {
    /// In the next hand.
    fn to(self, holder: AccountId) -> Paper {
        Paper {
            holder,
            previous: self.holder,
            tier: self.tier + 1,
            ..self
        }
    }
}

/// The workload "drafts".
#[derive(Debug)]
pub struct Drafts {
    people: People,
    stock: u32,
    lag: Duration,
    drawers: Sampler,
    moves: Chance,
    moves_again: Chance,
    numbers: u64,
    proposed: Parents<Paper>,
    /// To be paid on.
    moving: Parents<Paper>,
    /// To be discounted, pledged or kept until the day.
    resting: Parents<Paper>,
    /// Held by a bank that can sell it.
    discounted: Parents<Paper>,
    /// At the end of its chain: nothing is left but to present it.
    last: Parents<Paper>,
    /// With the bank to which it is pledged.
    pledged: Parents<(Paper, AccountId)>,
    presented: Parents<Paper>,
    refused: Parents<Paper>,
    /// As they were before they were discounted.
    sold: Parents<Paper>,
    paid: Parents<Paper>,
}

impl Drafts {
    /// The bank drafts of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let list = || Parents::new(setup.lag, REMEMBERED);
        let mut drafts = Self {
            people: setup.people,
            stock: setup.stock,
            lag: setup.lag,
            drawers: Sampler::new(u64::from(MAJOR_FIRMS), DRAWER_SKEW).expect("there are drawers"),
            moves: Chance::new(MOVES_SHARE),
            moves_again: Chance::new(MOVES_AGAIN),
            numbers: u64::from(setup.stock),
            proposed: list(),
            moving: list(),
            resting: list(),
            discounted: list(),
            last: list(),
            pledged: Parents::new(setup.lag, REMEMBERED),
            presented: list(),
            refused: list(),
            sold: Parents::new(setup.lag, SPENT),
            paid: Parents::new(setup.lag, SPENT),
        };
        for (paper, shelf) in stock::papers(setup.people, setup.stock) {
            match shelf {
                stock::Shelf::Proposed => drafts.proposed.stock(paper),
                stock::Shelf::Moving => drafts.moving.stock(paper),
                stock::Shelf::Resting => drafts.resting.stock(paper),
                stock::Shelf::Discounted => drafts.discounted.stock(paper),
                stock::Shelf::Pledged(bank) => drafts.pledged.stock((paper, bank)),
                stock::Shelf::Presented => drafts.presented.stock(paper),
                stock::Shelf::Refused => drafts.refused.stock(paper),
            }
        }
        drafts
    }

    fn issue(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawer = self.drawer(rng);
        let payee = self.firm(rng);
        let acceptor = self.bank(rng);
        let amount = log_normal(rng, MEDIAN_AMOUNT, SIGMA).max(1);
        self.numbers += 1;
        let number = self.numbers;
        let paper = Paper {
            piece: PieceId::whole(drawer, number),
            acceptor,
            holder: payee,
            previous: drawer,
            tier: 1,
        };
        self.proposed.push(now, paper);
        // Accepted after one lag, it can be presented after two: the day has come by then.
        let due_ns = (now + self.lag).as_nanos() as u64;
        let tx = BankDraftTx::Issue {
            number,
            payee,
            acceptor,
            amount,
            due_ns,
        };
        draft(drawer, tx)
    }

    fn accept(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.proposed.take(now, rng)?;
        let moves = self.moves.draw(rng);
        self.shelve(now, paper, moves);
        let piece = paper.piece;
        Some(draft(paper.acceptor, BankDraftTx::Accept { piece }))
    }

    fn endorse(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.moving.take(now, rng)?;
        let to = another_of(self.people.minor_firms(), paper.holder, rng);
        let moves = self.moves_again.draw(rng);
        self.shelve(now, paper.to(to), moves);
        Some(endorsement(paper, paper.holder, to))
    }

    fn discount(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.resting.take(now, rng)?;
        self.sold.push(now, paper);
        let bank = another_of(self.people.banks(), paper.acceptor, rng);
        self.shelve_discounted(now, paper.to(bank));
        Some(discounting(paper, bank))
    }

    fn rediscount(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.discounted.take(now, rng)?;
        let Paper { piece, tier, .. } = paper;
        let mut bank = self.bank(rng);
        while bank == paper.holder || bank == paper.acceptor {
            bank = next_of(self.people.banks(), bank);
        }
        self.shelve_discounted(now, paper.to(bank));
        let tx = BankDraftTx::Rediscount { piece, tier, bank };
        Some(draft(paper.holder, tx))
    }

    fn pledge(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.resting.take(now, rng)?;
        let (piece, bank) = (paper.piece, self.bank(rng));
        self.pledged.push(now, (paper, bank));
        Some(draft(paper.holder, BankDraftTx::Pledge { piece, bank }))
    }

    fn release(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let (paper, bank) = self.pledged.take(now, rng)?;
        self.resting.push(now, paper);
        let piece = paper.piece;
        Some(draft(bank, BankDraftTx::Release { piece }))
    }

    fn present(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        // One in three is presented by a bank (estimate).
        let list = match below(rng, 3) {
            0 => &mut self.discounted,
            _ => &mut self.resting,
        };
        let taken = self.last.take(now, rng);
        let paper = taken.or_else(|| list.take(now, rng))?;
        self.presented.push(now, paper);
        let piece = paper.piece;
        Some(draft(paper.holder, BankDraftTx::Present { piece }))
    }

    fn pay(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.presented.take(now, rng)?;
        self.paid.push(now, paper);
        Some(payment(paper, paper.holder))
    }

    fn refuse(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.presented.take(now, rng)?;
        self.refused.push(now, paper);
        let piece = paper.piece;
        Some(draft(paper.acceptor, BankDraftTx::Refuse { piece }))
    }

    /// The one before the holder pays, or the drawer at once, each in one half of the cases.
    fn recourse(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paper = self.refused.take(now, rng)?;
        let drawer = paper.piece.maker;
        let before = paper.previous != drawer && below(rng, 2) == 0;
        let (tier, liable) = if before {
            (paper.tier - 1, paper.previous)
        } else {
            (0, drawer)
        };
        if before {
            // Who held it before that is forgotten: then the drawer pays.
            let back = Paper {
                holder: liable,
                previous: drawer,
                tier,
                ..paper
            };
            self.refused.push(now, back);
        }
        Some(recourse(paper, tier, liable))
    }

    /// Where a draft goes that a firm holds now.
    fn shelve(&mut self, now: Duration, paper: Paper, moves: bool) {
        let list = match moves {
            _ if paper.tier == BankDraft::TIERS => &mut self.last,
            true => &mut self.moving,
            false => &mut self.resting,
        };
        list.push(now, paper);
    }

    fn shelve_discounted(&mut self, now: Duration, paper: Paper) {
        let list = match paper.tier {
            BankDraft::TIERS => &mut self.last,
            _ => &mut self.discounted,
        };
        list.push(now, paper);
    }

    fn drawer(&self, rng: &mut dyn Rng) -> AccountId {
        self.people.any_terminal(self.drawers.draw(rng) as u32, rng)
    }

    fn firm(&self, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.minor_firms(), rng)
    }

    fn bank(&self, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.banks(), rng)
    }
}

fn endorsement(paper: Paper, holder: AccountId, to: AccountId) -> Draft {
    let Paper { piece, tier, .. } = paper;
    draft(holder, BankDraftTx::Endorse { piece, tier, to })
}

fn discounting(paper: Paper, bank: AccountId) -> Draft {
    let Paper { piece, tier, .. } = paper;
    draft(paper.holder, BankDraftTx::Discount { piece, tier, bank })
}

fn payment(paper: Paper, holder: AccountId) -> Draft {
    let piece = paper.piece;
    draft(paper.acceptor, BankDraftTx::Pay { piece, holder })
}

fn recourse(paper: Paper, tier: u8, liable: AccountId) -> Draft {
    let tx = BankDraftTx::Recourse {
        piece: paper.piece,
        tier,
        holder: paper.holder,
    };
    draft(liable, tx)
}

fn draft(sender: AccountId, tx: BankDraftTx) -> Draft {
    Draft::sized(sender, Body::BankDraft(tx), WIRE_BYTES)
}

impl Cycle for Drafts {
    const NAME: &'static str = "drafts";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.accept(now, rng),
            2 => self.endorse(now, rng),
            3 => self.discount(now, rng),
            4 => self.rediscount(now, rng),
            5 => self.pledge(now, rng),
            6 => self.release(now, rng),
            7 => self.present(now, rng),
            8 => self.pay(now, rng),
            9 => self.refuse(now, rng),
            _ => self.recourse(now, rng),
        };
        drawn.unwrap_or_else(|| self.issue(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let citizen = self.people.any_citizen(rng);
        match below(rng, 6) {
            0 => {
                // Sold before: the old holder sells it once more.
                let paper = *self.sold.look(now, rng)?;
                Some(discounting(paper, self.bank(rng)))
            }
            1 => {
                let paper = *self.paid.look(now, rng)?;
                Some(payment(paper, paper.holder))
            }
            2 => {
                let (paper, _) = *self.pledged.look(now, rng)?;
                let to = another_of(self.people.minor_firms(), paper.holder, rng);
                Some(endorsement(paper, paper.holder, to))
            }
            3 => {
                // A citizen never holds a draft, nor signs one.
                let paper = *self.moving.look(now, rng)?;
                Some(endorsement(paper, citizen, self.firm(rng)))
            }
            4 => {
                let paper = *self.refused.look(now, rng)?;
                Some(recourse(paper, 0, citizen))
            }
            _ => {
                let paper = *self.presented.look(now, rng)?;
                Some(payment(paper, citizen))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 4) {
            0 => {
                let tx = BankDraftTx::Issue {
                    number: 0,
                    payee: self.firm(rng),
                    acceptor: self.bank(rng),
                    amount: 0,
                    due_ns: 0,
                };
                Some(draft(self.drawer(rng), tx))
            }
            1 => {
                // Another bank accepts what was not drawn on it.
                let paper = *self.proposed.look(now, rng)?;
                let other = another_of(self.people.banks(), paper.acceptor, rng);
                let piece = paper.piece;
                Some(draft(other, BankDraftTx::Accept { piece }))
            }
            2 => {
                // To somebody who holds no drafts.
                let paper = *self.moving.look(now, rng)?;
                let citizen = self.people.any_citizen(rng);
                Some(endorsement(paper, paper.holder, citizen))
            }
            _ => {
                // It names another place in the chain than its own.
                let mut paper = *self.moving.look(now, rng)?;
                paper.tier += 1;
                let to = another_of(self.people.minor_firms(), paper.holder, rng);
                Some(endorsement(paper, paper.holder, to))
            }
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
