//! Retail payments (docs/sources.md W14): transfers between citizens, of which shops receive most, and
//! refunds.
//!
//! Of the catalogue's mix (transfer 78, refund 2, balance 20 %) the reads of a balance are left
//! out: they need no order, so they are not transactions. Law: money is neither made nor lost.

use core::time::Duration;

use groma_ledger::payment::Payment;
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::parents::Parents;
use crate::people::{OPENING_BALANCE, People};
use crate::population::{Chance, Sampler, Scatter, Skew, below, log_uniform};
use crate::workload::{Breach, Draft, Intent, Workload, WorkloadSetup};

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

/// A transfer that may be refunded.
#[derive(Clone, Copy, Debug)]
struct Paid {
    payer: AccountId,
    payee: AccountId,
    amount: u64,
}

/// The workload "payments".
#[derive(Debug)]
pub struct Payments {
    people: People,
    payees: Sampler,
    scatter: Scatter,
    refund: Chance,
    paid: Parents<Paid>,
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
        }
    }

    fn transfer(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
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
        let amount = log_uniform(rng, LEAST, DOUBLINGS);
        self.paid.push(
            now,
            Paid {
                payer,
                payee,
                amount,
            },
        );
        draft(payer, Payment::Transfer { to: payee, amount })
    }
}

fn draft(sender: AccountId, payment: Payment) -> Draft {
    Draft {
        sender,
        filler: WIRE_BYTES - FIXED_BYTES,
        body: Body::Payment(payment),
        intent: Intent::Honest,
    }
}

impl Workload for Payments {
    fn name(&self) -> &'static str {
        "payments"
    }

    fn genesis(&self, genesis: &mut Genesis) {
        genesis.accounts = self.people.accounts();
        genesis.balance = OPENING_BALANCE;
    }

    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
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
        self.transfer(now, rng)
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        let (expected, found) = (u128::from(self.people.money()), state.audit().total_balance);
        if expected == found {
            return Ok(1);
        }
        let detail =
            format!("all balances together are {found} cents, and were {expected} at genesis");
        Err(Breach {
            law: "the sum of all balances is constant",
            detail,
        })
    }
}
