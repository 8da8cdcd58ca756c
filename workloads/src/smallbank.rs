//! SmallBank (docs/sources.md SmallBank): six operations on the accounts of a bank's customers.
//!
//! Three workloads: "smallbank" is the original on a million customers, "smallbank-hotspot" sends 90 %
//! of it to a hundred of them, and "smallbank-blockbench" is what BLOCKBENCH runs: another mix, fewer
//! customers, amounts of zero, and the faults of its contract.
//!
//! Laws: in the original all balances are the opening balances and what customers brought. Of the book
//! of BLOCKBENCH no conservation can be claimed, because its Amalgamate does not conserve; amounts of
//! zero hide that, and that they leave every balance at zero is all that can be checked.

use core::marker::PhantomData;
use core::time::Duration;

use groma_ledger::smallbank::{
    Book, Checking, Customers, Operation, Savings, SmallBankTallies, SmallBankTx, opening,
};
use groma_ledger::{Body, Genesis, State};
use rand::Rng;

use crate::benchmarks::Clients;
use crate::checks::Checks;
use crate::cycle::Cycle;
use crate::population::{Sampler, Scatter, Skew, Weighted};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// Amounts in cents (docs/sources.md SmallBank).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amounts {
    deposit: u64,
    savings: i64,
    check: u64,
    payment: u64,
}

/// A bank and how its customers behave.
pub(crate) trait Variant: Send + 'static {
    const NAME: &'static str;
    const BOOK: Book;
    const CUSTOMERS: u64;
    const SKEW: Skew;
    /// Amalgamate, balance, deposit checking, send payment, transact savings, write check.
    const MIX: Weighted<6>;
    const AMOUNTS: Amounts;
}

/// The mix and the amounts of OLTP-Bench.
const MIX: Weighted<6> = Weighted::new([15, 15, 15, 25, 15, 15]);
const AMOUNTS: Amounts = Amounts {
    deposit: 130,
    savings: 2_020,
    check: 500,
    payment: 500,
};
const MILLION: u64 = 1_000_000;

/// The original.
#[derive(Debug)]
pub(crate) struct Original;

impl Variant for Original {
    const NAME: &'static str = "smallbank";
    const BOOK: Book = Book::Original;
    const CUSTOMERS: u64 = MILLION;
    const SKEW: Skew = Skew::Uniform;
    const MIX: Weighted<6> = MIX;
    const AMOUNTS: Amounts = AMOUNTS;
}

/// The original, of which a hundred customers make 90 %.
#[derive(Debug)]
pub(crate) struct Hotspot;

impl Variant for Hotspot {
    const NAME: &'static str = "smallbank-hotspot";
    const BOOK: Book = Book::Original;
    const CUSTOMERS: u64 = MILLION;
    const SKEW: Skew = Skew::HotSet {
        fraction: 100.0 / MILLION as f64,
        share: 0.9,
    };
    const MIX: Weighted<6> = MIX;
    const AMOUNTS: Amounts = AMOUNTS;
}

/// What BLOCKBENCH runs.
#[derive(Debug)]
pub(crate) struct Blockbench;

impl Variant for Blockbench {
    const NAME: &'static str = "smallbank-blockbench";
    const BOOK: Book = Book::Blockbench;
    const CUSTOMERS: u64 = 100_000;
    const SKEW: Skew = Skew::Uniform;
    const MIX: Weighted<6> = Weighted::new([1; 6]);
    const AMOUNTS: Amounts = Amounts {
        deposit: 0,
        savings: 0,
        check: 0,
        payment: 0,
    };
}

/// One of the workloads of SmallBank.
#[derive(Debug)]
pub(crate) struct SmallBank<V> {
    clients: Clients,
    customers: Sampler,
    scatter: Scatter,
    variant: PhantomData<V>,
}

impl<V: Variant> SmallBank<V> {
    /// The bank of a city.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        Self {
            clients: Clients::new(setup),
            customers: Sampler::new(V::CUSTOMERS, V::SKEW).expect("a bank has customers"),
            scatter: Scatter::new(V::CUSTOMERS, 184).expect("a bank has customers"),
            variant: PhantomData,
        }
    }

    fn customer(&self, rng: &mut dyn Rng) -> u64 {
        self.scatter.identity(self.customers.draw(rng))
    }

    /// Two customers, who are not the same.
    fn pair(&self, rng: &mut dyn Rng) -> (u64, u64) {
        let (one, other) = (self.customer(rng), self.customer(rng));
        let next = (one + 1) % V::CUSTOMERS;
        (one, if one == other { next } else { other })
    }

    fn operation(&self, rng: &mut dyn Rng) -> Operation {
        let amounts = V::AMOUNTS;
        match V::MIX.draw(rng) {
            0 => {
                let (from, to) = self.pair(rng);
                Operation::Amalgamate { from, to }
            }
            1 => Operation::Balance {
                customer: self.customer(rng),
            },
            2 => Operation::DepositChecking {
                customer: self.customer(rng),
                amount: amounts.deposit,
            },
            3 => {
                let (from, to) = self.pair(rng);
                let amount = amounts.payment;
                Operation::SendPayment { from, to, amount }
            }
            4 => Operation::TransactSavings {
                customer: self.customer(rng),
                amount: amounts.savings,
            },
            _ => Operation::WriteCheck {
                customer: self.customer(rng),
                amount: amounts.check,
            },
        }
    }
}

impl<V: Variant> Cycle for SmallBank<V> {
    const NAME: &'static str = V::NAME;

    fn genesis(&self, genesis: &mut Genesis) {
        self.clients.open(genesis);
        genesis.put::<Customers>(&V::BOOK, &V::CUSTOMERS);
    }

    fn honest(&mut self, _now: Duration, rng: &mut dyn Rng) -> Draft {
        let (book, operation) = (V::BOOK, self.operation(rng));
        let body = Body::SmallBank(SmallBankTx { book, operation });
        Draft::sized(self.clients.draw(rng), body, 0)
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        check::<V>(state)
    }
}

const CONSERVED: &str = "all balances are the opening balances and what customers brought";
const COVERED: &str = "no savings are below zero";
const KNOWN: &str = "only customers have accounts";
const NOTHING: &str = "amounts of zero leave every balance at zero";

/// Scans the accounts of the variant's book.
fn check<V: Variant>(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let (mut gained, mut rows) = (0_i128, 0_u64);
    state.for_each::<Savings>(|key, held| {
        if key.0 == V::BOOK {
            rows += 1;
            gained += i128::from(held) - i128::from(opening(key).0);
            checks.hold(COVERED, held >= 0, || format!("{key:?} holds {held}"));
            check_account::<V>(key.1, held, &mut checks);
        }
    });
    state.for_each::<Checking>(|key, held| {
        if key.0 == V::BOOK {
            rows += 1;
            gained += i128::from(held) - i128::from(opening(key).1);
            check_account::<V>(key.1, held, &mut checks);
        }
    });
    if V::BOOK == Book::Original {
        let mut brought = 0_i128;
        state.for_each::<SmallBankTallies>(|_, tally| {
            rows += 1;
            brought += i128::from(tally);
        });
        if rows > 0 {
            checks.hold(CONSERVED, gained == brought, || {
                format!("customers brought {brought} cents, and balances grew by {gained}")
            });
        }
    }
    checks.result()
}

fn check_account<V: Variant>(customer: u64, held: i64, checks: &mut Checks) {
    checks.hold(KNOWN, customer < V::CUSTOMERS, || {
        format!("{customer} is no customer")
    });
    if V::BOOK == Book::Blockbench {
        checks.hold(NOTHING, held == 0, || format!("{customer} holds {held}"));
    }
}
