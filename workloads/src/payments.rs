//! Retail payments (docs/sources.md W14): transfers between citizens, of which shops receive most, and
//! refunds.
//!
//! Of the catalogue's mix (transfer 78, refund 2, balance 20 %) the reads of a balance are left
//! out: they need no order, so they are not transactions. Law: money is neither made nor lost.
//!
//! Attackers submit a payment again that was made: the same sender, nonce and body, so the very same
//! signed transaction. Whichever comes first is applied, and the other is a duplicate. Who errs pays
//! more than anybody can hold.

use core::time::Duration;

use groma_ledger::payment::Payment;
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::Cycle;
use crate::parents::Parents;
use crate::people::{OPENING_BALANCE, People};
use crate::population::{Chance, Sampler, Scatter, Skew, below, log_uniform};
use crate::workload::{Breach, Draft, Workload, WorkloadSetup};

/// Bytes on the wire (W14).
const WIRE_BYTES: u16 = 280;
/// The envelope of 178 bytes, two tags, account and amount.
const FIXED_BYTES: u16 = 178 + 2 + 16;
/// Shops are 1 % of the accounts and receive 60 % (W14).
const SHOPS: Skew = Skew::HotSet {
    fraction: 0.01,
    share: 0.6,
};
const REFUND_SHARE: f64 = 2.0 / 80.0;
/// Transfers remembered for refunds: at a lag of 2 s, enough for 8,000 refunds a second.
const REMEMBERED: usize = 1 << 14;
/// Amounts are spread evenly over the doublings from CNY 1 to 1,024 (estimate).
const LEAST: u64 = 100;
const DOUBLINGS: u32 = 10;

/// A transfer that may be refunded, or submitted again.
#[derive(Clone, Copy, Debug)]
struct Paid {
    payer: AccountId,
    payee: AccountId,
    amount: u64,
    nonce: u64,
}

impl Paid {
    fn again(self) -> Draft {
        let (to, amount) = (self.payee, self.amount);
        draft(self.payer, Payment::Transfer { to, amount }).again(self.nonce)
    }
}

/// The workload "payments".
#[derive(Debug)]
pub struct Payments {
    people: People,
    payees: Sampler,
    scatter: Scatter,
    refund: Chance,
    paid: Parents<Paid>,
    /// The transfer drawn last, while its nonce is not known.
    drawn: Option<Paid>,
}

impl Payments {
    /// Payments among the citizens of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let citizens = setup.people.citizens();
        Self {
            people: setup.people,
            payees: Sampler::new(citizens, SHOPS).expect("a population is a valid set"),
            scatter: Scatter::new(citizens, 14).expect("a population is a valid set"),
            refund: Chance::new(REFUND_SHARE),
            paid: Parents::new(setup.lag, REMEMBERED),
            drawn: None,
        }
    }

    fn transfer(&mut self, rng: &mut dyn Rng) -> Draft {
        let (payer, payee) = self.pair(rng);
        let amount = log_uniform(rng, LEAST, DOUBLINGS);
        self.drawn = Some(Paid {
            payer,
            payee,
            amount,
            nonce: 0,
        });
        draft(payer, Payment::Transfer { to: payee, amount })
    }

    /// Who pays whom.
    fn pair(&self, rng: &mut dyn Rng) -> (AccountId, AccountId) {
        let citizens = self.people.citizens();
        let payer = self.people.citizen(below(rng, citizens));
        let drawn = self
            .people
            .citizen(self.scatter.identity(self.payees.draw(rng)));
        // Nobody pays himself, unless he is alone.
        let payee = if drawn == payer {
            self.people.citizen((drawn.0 + 1) % citizens)
        } else {
            drawn
        };
        (payer, payee)
    }
}

/// All have a memo of the same size.
pub(crate) fn draft(sender: AccountId, payment: Payment) -> Draft {
    Draft::filled(sender, WIRE_BYTES - FIXED_BYTES, Body::Payment(payment))
}

/// Checks that all accounts together hold what they did at genesis.
pub(crate) fn check_money(people: People, state: &State) -> Result<u64, Breach> {
    let (expected, found) = (u128::from(people.money()), state.audit().total_balance);
    if expected == found {
        return Ok(1);
    }
    let detail = format!("all balances together are {found} cents, and were {expected} at genesis");
    Err(Breach {
        law: "the sum of all balances is constant",
        detail,
    })
}

impl Cycle for Payments {
    const NAME: &'static str = "payments";

    fn genesis(&self, genesis: &mut Genesis) {
        genesis.accounts = self.people.accounts();
        genesis.balance = OPENING_BALANCE;
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        if self.refund.draw(rng)
            && let Some(paid) = self.paid.take(now, rng)
        {
            return draft(
                paid.payee,
                Payment::Refund {
                    to: paid.payer,
                    amount: paid.amount,
                },
            );
        }
        self.transfer(rng)
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        self.paid.look(now, rng).map(|paid| paid.again())
    }

    fn mistake(&mut self, _now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let (payer, to) = self.pair(rng);
        // More than all have together.
        let amount = self.people.money() + 1;
        Some(draft(payer, Payment::Transfer { to, amount }))
    }

    fn numbered(&mut self, now: Duration, nonce: u64) {
        if let Some(paid) = self.drawn.take() {
            self.paid.push(now, Paid { nonce, ..paid });
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        check_money(self.people, state)
    }
}

/// The workload "transfers": the same among people of whom nobody cheats or errs, for measurements in
/// which every command counts as those of a benchmark do.
#[derive(Debug)]
pub struct Transfers(Payments);

impl Transfers {
    /// Payments of the honest.
    pub fn new(setup: &WorkloadSetup) -> Self {
        Self(Payments::new(setup))
    }
}

impl Workload for Transfers {
    fn name(&self) -> &'static str {
        "transfers"
    }

    fn genesis(&self, genesis: &mut Genesis) {
        self.0.genesis(genesis);
    }

    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        self.0.honest(now, rng)
    }

    fn numbered(&mut self, now: Duration, nonce: u64) {
        self.0.numbered(now, nonce);
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        self.0.check(state)
    }
}
