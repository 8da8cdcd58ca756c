//! Cross-border payments (docs/sources.md W12): banks quote, citizens lock money under a hash, compliance
//! clears it, payees show the preimage, and what nobody took goes back.
//!
//! A tenth of the remittances is not taken: half of these fail compliance, of the others the payee never
//! comes. They are locked for one lag, and refunded after two. What is followed up on is remembered in
//! bounded lists; a stock exists at genesis, endowed by the tax bureau; should a list run dry all the
//! same, a bank quotes instead. The check by compliance, of 200 to 2,000 ms outside the ledger, is part
//! of the lag.
//!
//! Attackers release without clearance, with a wrong secret or another's money, and take back too early
//! or what was released. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::remittance::{Order, QuoteId, RemittanceTx, TransferId, hash_of};
use groma_ledger::{AccountId, Body, Genesis, Hash, State};
use rand::Rng;

use crate::cycle::{Cycle, any_of};
use crate::parents::Parents;
use crate::people::{BANKS, People, TERMINALS};
use crate::population::{Chance, Weighted, below, log_uniform};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In thousandths (estimate): quote, lock, clear, release, refund.
const MIX: Weighted<5> = Weighted::new([200, 280, 270, 225, 25]);
/// The share of remittances that nobody takes (estimate).
const LATE_SHARE: f64 = 0.1;
/// Amounts are spread evenly over the doublings from CNY 1 to 1,024, as with payments (estimate).
const LEAST: u64 = 100;
const DOUBLINGS: u32 = 10;
/// How long quotes and what will be released are good for: a day (estimate).
const GOOD_NS: u64 = 86_400 * 1_000_000_000;
/// The department whose accounts are vaults: nobody signs for them.
pub(crate) const VAULT: u32 = 36;
/// The compliance office (estimate).
pub(crate) const COMPLIANCE: u32 = 29;
/// Remittances remembered per list: at a lag of 2 s, enough for 65,000 new ones a second.
const REMEMBERED: usize = 1 << 17;
const SPENT: usize = 1 << 12;

/// A remittance, as payer and payee know it.
#[derive(Clone, Copy, Debug)]
struct Sent {
    payer: AccountId,
    payee: AccountId,
    vault: AccountId,
    /// From which the secret follows.
    number: u64,
    late: bool,
}

impl Sent {
    fn id(&self) -> TransferId {
        TransferId {
            payer: self.payer,
            number: self.number,
        }
    }

    fn secret(&self) -> [u8; 32] {
        Hash::of(&[b"secret", &self.number.to_le_bytes()]).0
    }

    fn hash(&self) -> [u8; 32] {
        hash_of(&self.secret())
    }
}

/// The workload "remittances".
#[derive(Debug)]
pub struct Remittances {
    people: People,
    stock: u32,
    lag: Duration,
    lates: Chance,
    /// Counts quotes and remittances alike, so that no number is ever used twice.
    numbers: u64,
    quotes: Parents<QuoteId>,
    locked: Parents<Sent>,
    cleared: Parents<Sent>,
    late: Parents<Sent>,
    released: Parents<Sent>,
    refunded: Parents<Sent>,
}

impl Remittances {
    /// The remittances of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let mut remittances = Self {
            people: setup.people,
            stock: setup.stock,
            lag: setup.lag,
            lates: Chance::new(LATE_SHARE),
            numbers: u64::from(setup.stock),
            quotes: Parents::new(setup.lag, REMEMBERED),
            locked: Parents::new(setup.lag, REMEMBERED),
            cleared: Parents::new(setup.lag, REMEMBERED),
            late: Parents::new(setup.lag, REMEMBERED),
            released: Parents::new(setup.lag, SPENT),
            refunded: Parents::new(setup.lag, SPENT),
        };
        for (sent, shelf) in stock::remittances(setup.people, setup.stock) {
            match shelf {
                stock::Shelf::Quote(quote) => remittances.quotes.stock(quote),
                stock::Shelf::Locked => remittances.locked.stock(sent),
                stock::Shelf::Cleared => remittances.cleared.stock(sent),
                stock::Shelf::Late => remittances.late.stock(sent),
            }
        }
        remittances
    }

    fn quote(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        self.numbers += 1;
        let quote = QuoteId {
            bank: below(rng, u64::from(BANKS)) as u16,
            number: self.numbers,
        };
        self.quotes.push(now, quote);
        self.quotation(quote, now, rng)
    }

    /// Quotes are good for many remittances; one in eight is forgotten with each (estimate), so that
    /// the list stays young.
    fn lock(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let quote = if below(rng, 8) == 0 {
            self.quotes.take(now, rng)?
        } else {
            *self.quotes.look(now, rng)?
        };
        let sent = self.sent(rng);
        self.locked.push(now, sent);
        let good_ns = if sent.late {
            self.lag.as_nanos() as u64
        } else {
            GOOD_NS
        };
        let amount = log_uniform(rng, LEAST, DOUBLINGS);
        Some(locking(
            sent,
            quote,
            amount,
            now.as_nanos() as u64 + good_ns,
        ))
    }

    fn clear(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let sent = self.locked.take(now, rng)?;
        let passed = !sent.late || below(rng, 2) == 0;
        if sent.late {
            self.late.push(now, sent);
        } else {
            self.cleared.push(now, sent);
        }
        let sender = any_of(self.people.departments(COMPLIANCE, 1), rng);
        Some(clearance(sender, sent, passed))
    }

    fn release(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let sent = self.cleared.take(now, rng)?;
        self.released.push(now, sent);
        Some(taking(sent.payee, sent, sent.secret()))
    }

    fn refund(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let sent = self.late.take(now, rng)?;
        self.refunded.push(now, sent);
        Some(returning(sent))
    }

    /// A remittance between two citizens, on any vault.
    fn sent(&mut self, rng: &mut dyn Rng) -> Sent {
        self.numbers += 1;
        Sent {
            payer: self.people.any_citizen(rng),
            payee: self.people.any_citizen(rng),
            vault: any_of(self.people.departments(VAULT, 1), rng),
            number: self.numbers,
            late: self.lates.draw(rng),
        }
    }

    fn quotation(&self, quote: QuoteId, now: Duration, rng: &mut dyn Rng) -> Draft {
        let tx = RemittanceTx::Quote {
            quote,
            // CNY to USD, give or take a half per cent (estimate).
            rate_ppm: stock::RATE_PPM + below(rng, 700) as u32,
            until_ns: now.as_nanos() as u64 + GOOD_NS,
        };
        draft(self.people.bank(quote.bank.into(), seat(rng)), tx)
    }
}

fn seat(rng: &mut dyn Rng) -> u32 {
    below(rng, u64::from(TERMINALS)) as u32
}

fn locking(sent: Sent, quote: QuoteId, amount: u64, until_ns: u64) -> Draft {
    let order = Order {
        number: sent.number,
        quote,
        vault: sent.vault,
        payee: sent.payee,
        amount,
        hash: sent.hash(),
        until_ns,
    };
    draft(sent.payer, RemittanceTx::Lock(Box::new(order)))
}

fn clearance(sender: AccountId, sent: Sent, passed: bool) -> Draft {
    let transfer = sent.id();
    draft(sender, RemittanceTx::Clear { transfer, passed })
}

fn taking(sender: AccountId, sent: Sent, preimage: [u8; 32]) -> Draft {
    let tx = RemittanceTx::Release {
        transfer: sent.id(),
        vault: sent.vault,
        preimage,
    };
    draft(sender, tx)
}

fn returning(sent: Sent) -> Draft {
    let Sent { number, vault, .. } = sent;
    draft(sent.payer, RemittanceTx::Refund { number, vault })
}

/// Fills a transaction up to its size (estimates).
fn draft(sender: AccountId, tx: RemittanceTx) -> Draft {
    let wire = match &tx {
        RemittanceTx::Lock(_) => 420,
        RemittanceTx::Release { .. } => 340,
        RemittanceTx::Quote { .. } | RemittanceTx::Clear { .. } | RemittanceTx::Refund { .. } => {
            280
        }
    };
    Draft::sized(sender, Body::Remittance(tx), wire)
}

impl Cycle for Remittances {
    const NAME: &'static str = "remittances";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.lock(now, rng),
            2 => self.clear(now, rng),
            3 => self.release(now, rng),
            _ => self.refund(now, rng),
        };
        drawn.unwrap_or_else(|| self.quote(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let wrong = hash_of(&[rng.next_u64() as u8; 32]);
        match below(rng, 6) {
            0 => {
                // It was not cleared yet.
                let sent = *self.locked.look(now, rng)?;
                Some(taking(sent.payee, sent, sent.secret()))
            }
            1 => {
                let sent = *self.cleared.look(now, rng)?;
                Some(taking(sent.payee, sent, wrong))
            }
            2 => {
                // The secret is right, and it is another's money.
                let sent = *self.cleared.look(now, rng)?;
                Some(taking(self.people.tax(0), sent, sent.secret()))
            }
            3 => Some(returning(*self.cleared.look(now, rng)?)),
            4 => Some(returning(*self.released.look(now, rng)?)),
            _ => {
                let sent = *self.refunded.look(now, rng)?;
                Some(taking(sent.payee, sent, sent.secret()))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let quote = *self.quotes.look(now, rng)?;
        let until_ns = now.as_nanos() as u64 + GOOD_NS;
        match below(rng, 5) {
            0 => Some(self.quotation(quote, now, rng)),
            1 => {
                let sent = self.sent(rng);
                Some(locking(sent, quote, 0, until_ns))
            }
            2 => {
                let sent = self.sent(rng);
                Some(locking(sent, stock::EXPIRED, LEAST, until_ns))
            }
            3 => {
                // More than anybody has.
                let sent = self.sent(rng);
                Some(locking(sent, quote, self.people.money() + 1, until_ns))
            }
            _ => {
                // A bank clears what only the office may.
                let sent = *self.locked.look(now, rng)?;
                Some(clearance(any_of(self.people.banks(), rng), sent, true))
            }
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(state)
    }
}
