//! SmallBank (docs/sources.md SmallBank): six operations on the savings and the checking account of a
//! customer, in two books.
//!
//! [`Book::Original`] is Alomari's benchmark: money is conserved but for what customers bring and take,
//! and the tallies of the senders say how much that was. [`Book::Blockbench`] does what the contract of
//! BLOCKBENCH does, faults included: its Amalgamate copies one account and forgets another, nothing is
//! refused for want of money, and its WriteCheck charges the fee to those who can pay. It keeps no tally.
//!
//! An account that was never written holds what [`opening`] says, so that a million customers cost no
//! memory. Any account of the ledger may send for any customer, as in the original.

use crate::access::Access;
use crate::patterns::tally::{self, Tallied, Tallies};
use crate::patterns::unwritten::spread;
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};

/// Whose rules hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub enum Book {
    /// Alomari's.
    Original,
    /// Those of the contract of BLOCKBENCH.
    Blockbench,
}

/// A customer of a book.
pub type Customer = (Book, u64);

/// One operation in one book.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SmallBankTx {
    /// In which book.
    pub book: Book,
    /// What.
    pub operation: Operation,
}

/// What may be asked of the bank. Amounts are in cents.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Operation {
    /// Reads both accounts.
    Balance {
        /// Whose.
        customer: u64,
    },
    /// Brings money to the checking account.
    DepositChecking {
        /// Whose.
        customer: u64,
        /// How much.
        amount: u64,
    },
    /// Brings money to the savings account, or takes it from there.
    TransactSavings {
        /// Whose.
        customer: u64,
        /// How much; negative to take.
        amount: i64,
    },
    /// Moves all that one customer has to the checking account of another.
    Amalgamate {
        /// Whose money.
        from: u64,
        /// Who receives it.
        to: u64,
    },
    /// Takes money from the checking account, with a fee if both accounts hold less.
    WriteCheck {
        /// Whose.
        customer: u64,
        /// How much.
        amount: u64,
    },
    /// Moves money between two checking accounts.
    SendPayment {
        /// Who pays.
        from: u64,
        /// Who receives.
        to: u64,
        /// How much.
        amount: u64,
    },
}

/// The largest amount of one operation, in cents.
pub const AMOUNT_LIMIT: u64 = 1_000_000_000_000;
/// What a check costs that overdraws: one dollar.
pub const OVERDRAFT_FEE: i64 = 100;
/// The smallest opening balance of the original (10,000 dollars) and the largest (50,000).
pub const OPENING: (i64, i64) = (1_000_000, 5_000_000);

/// What the savings and the checking account of a customer hold before anything is written.
pub fn opening((book, customer): Customer) -> (i64, i64) {
    match book {
        Book::Original => {
            let range = (OPENING.1 - OPENING.0 + 1) as u64;
            let of = |account| OPENING.0 + spread(customer, account, range) as i64;
            (of(0), of(1))
        }
        Book::Blockbench => (0, 0),
    }
}

/// How many customers a book has. Written at genesis.
pub struct Customers;

impl Table for Customers {
    const ID: u8 = 184;
    const NAME: &'static str = "smallbank_customers";
    type Key = Book;
    type Value = u64;
}

/// Savings accounts, in cents.
pub struct Savings;

impl Table for Savings {
    const ID: u8 = 185;
    const NAME: &'static str = "smallbank_savings";
    type Key = Customer;
    type Value = i64;
}

/// Checking accounts, in cents.
pub struct Checking;

impl Table for Checking {
    const ID: u8 = 186;
    const NAME: &'static str = "smallbank_checking";
    type Key = Customer;
    type Value = i64;
}

/// The bank, as a keeper of tallies: what each sender brought, less what it took, in cents.
pub struct SmallBank;

impl Tallied for SmallBank {
    const TALLIES: u8 = 187;
    const TALLIES_NAME: &'static str = "smallbank_tallies";
    type Tally = i64;
}

/// Tallies by sender, for those who look into the state.
pub type SmallBankTallies = Tallies<SmallBank>;

impl Operation {
    /// The one or two customers that it names.
    fn customers(&self) -> (u64, Option<u64>) {
        match *self {
            Operation::Balance { customer }
            | Operation::DepositChecking { customer, .. }
            | Operation::TransactSavings { customer, .. }
            | Operation::WriteCheck { customer, .. } => (customer, None),
            Operation::Amalgamate { from, to } | Operation::SendPayment { from, to, .. } => {
                (from, Some(to))
            }
        }
    }

    /// Whether money comes from outside or goes there.
    fn crosses(&self) -> bool {
        matches!(
            self,
            Operation::DepositChecking { .. }
                | Operation::TransactSavings { .. }
                | Operation::WriteCheck { .. }
        )
    }
}

impl Rule for SmallBankTx {
    fn kind(&self) -> &'static str {
        match self.operation {
            Operation::Balance { .. } => "smallbank.balance",
            Operation::DepositChecking { .. } => "smallbank.deposit_checking",
            Operation::TransactSavings { .. } => "smallbank.transact_savings",
            Operation::Amalgamate { .. } => "smallbank.amalgamate",
            Operation::WriteCheck { .. } => "smallbank.write_check",
            Operation::SendPayment { .. } => "smallbank.send_payment",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        let of = |customer| (self.book, customer);
        touches.read::<Customers>(&self.book);
        match self.operation {
            Operation::Balance { customer } => {
                touches.read::<Savings>(&of(customer));
                touches.read::<Checking>(&of(customer));
            }
            Operation::DepositChecking { customer, .. } => {
                touches.write::<Checking>(&of(customer));
            }
            Operation::TransactSavings { customer, .. } => touches.write::<Savings>(&of(customer)),
            Operation::Amalgamate { from, to } => {
                touches.write::<Checking>(&of(from));
                match self.book {
                    Book::Original => {
                        touches.write::<Savings>(&of(from));
                        touches.write::<Checking>(&of(to));
                    }
                    Book::Blockbench => {
                        touches.read::<Savings>(&of(from));
                        touches.read::<Checking>(&of(to));
                        touches.write::<Savings>(&of(to));
                    }
                }
            }
            Operation::WriteCheck { customer, .. } => {
                touches.read::<Savings>(&of(customer));
                touches.write::<Checking>(&of(customer));
            }
            Operation::SendPayment { from, to, .. } => {
                touches.write::<Checking>(&of(from));
                touches.write::<Checking>(&of(to));
            }
        }
        if self.book == Book::Original && self.operation.crosses() {
            tally::touch::<SmallBank>(self.book as u8, context, touches);
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let known = *access
            .get::<Customers>(&self.book)
            .ok_or(Reason::UnknownRecord)?;
        let (one, other) = self.operation.customers();
        if one >= known || other.is_some_and(|other| other >= known) {
            return Err(Reason::UnknownRecord);
        }
        let mut teller = Teller {
            book: self.book,
            access,
        };
        match self.book {
            Book::Original => {
                let brought = original(&self.operation, &mut teller)?;
                if self.operation.crosses() {
                    tally::count::<SmallBank>(self.book as u8, context, access, |tally| {
                        *tally = tally.wrapping_add(brought);
                    });
                }
                Ok(())
            }
            Book::Blockbench => blockbench(&self.operation, &mut teller),
        }
    }
}

/// The accounts of one book.
struct Teller<'d, 'a> {
    book: Book,
    access: &'d mut Access<'a>,
}

impl Teller<'_, '_> {
    fn savings(&mut self, customer: u64) -> i64 {
        let key = (self.book, customer);
        let held = self.access.get::<Savings>(&key).copied();
        held.unwrap_or_else(|| opening(key).0)
    }

    fn checking(&mut self, customer: u64) -> i64 {
        let key = (self.book, customer);
        let held = self.access.get::<Checking>(&key).copied();
        held.unwrap_or_else(|| opening(key).1)
    }

    fn set_savings(&mut self, customer: u64, amount: i64) {
        self.access.put::<Savings>((self.book, customer), amount);
    }

    fn set_checking(&mut self, customer: u64, amount: i64) {
        self.access.put::<Checking>((self.book, customer), amount);
    }
}

/// An amount that one operation may move.
fn amount(of: u64) -> Result<i64, Reason> {
    if of > AMOUNT_LIMIT {
        return Err(Reason::Malformed);
    }
    Ok(of as i64)
}

/// Only a supply beyond `i64::MAX` cents can overflow; refuse, never wrap.
fn sum(one: i64, other: i64) -> Result<i64, Reason> {
    one.checked_add(other).ok_or(Reason::Malformed)
}

/// Alomari's operations; how much money came from outside.
fn original(operation: &Operation, teller: &mut Teller<'_, '_>) -> Result<i64, Reason> {
    match *operation {
        Operation::Balance { customer } => {
            sum(teller.savings(customer), teller.checking(customer))?;
            Ok(0)
        }
        Operation::DepositChecking {
            customer,
            amount: brought,
        } => {
            let brought = amount(brought)?;
            let held = sum(teller.checking(customer), brought)?;
            teller.set_checking(customer, held);
            Ok(brought)
        }
        Operation::TransactSavings {
            customer,
            amount: brought,
        } => {
            amount(brought.unsigned_abs())?;
            let held = sum(teller.savings(customer), brought)?;
            if held < 0 {
                return Err(Reason::InsufficientFunds);
            }
            teller.set_savings(customer, held);
            Ok(brought)
        }
        Operation::Amalgamate { from, to } => {
            if from == to {
                return Err(Reason::Malformed);
            }
            let moved = sum(teller.savings(from), teller.checking(from))?;
            let held = sum(teller.checking(to), moved)?;
            teller.set_savings(from, 0);
            teller.set_checking(from, 0);
            teller.set_checking(to, held);
            Ok(0)
        }
        Operation::WriteCheck {
            customer,
            amount: taken,
        } => {
            let taken = amount(taken)?;
            let checking = teller.checking(customer);
            let overdraws = sum(teller.savings(customer), checking)? < taken;
            let taken = taken + if overdraws { OVERDRAFT_FEE } else { 0 };
            teller.set_checking(customer, sum(checking, -taken)?);
            Ok(-taken)
        }
        Operation::SendPayment {
            from,
            to,
            amount: moved,
        } => {
            if from == to {
                return Err(Reason::Malformed);
            }
            let moved = amount(moved)?;
            let held = teller.checking(from);
            if held < moved {
                return Err(Reason::InsufficientFunds);
            }
            let grown = sum(teller.checking(to), moved)?;
            teller.set_checking(from, held - moved);
            teller.set_checking(to, grown);
            Ok(0)
        }
    }
}

/// What the contract does: it reads all that it needs first, then writes; sums wrap around.
fn blockbench(operation: &Operation, teller: &mut Teller<'_, '_>) -> Result<(), Reason> {
    match *operation {
        Operation::Balance { customer } => {
            // What the contract returns, nobody waits for.
            let _ = teller.savings(customer);
            let _ = teller.checking(customer);
        }
        Operation::DepositChecking {
            customer,
            amount: brought,
        } => {
            let held = teller.checking(customer);
            teller.set_checking(customer, held.wrapping_add(amount(brought)?));
        }
        Operation::TransactSavings {
            customer,
            amount: brought,
        } => {
            let held = teller.savings(customer);
            teller.set_savings(customer, held.wrapping_add(brought));
        }
        Operation::Amalgamate { from, to } => {
            let copied = teller.savings(from).wrapping_add(teller.checking(to));
            teller.set_checking(from, 0);
            teller.set_savings(to, copied);
        }
        Operation::WriteCheck {
            customer,
            amount: taken,
        } => {
            let taken = amount(taken)?;
            let checking = teller.checking(customer);
            let rich = taken < checking.wrapping_add(teller.savings(customer));
            let left = checking.wrapping_sub(taken + i64::from(rich));
            teller.set_checking(customer, left);
        }
        Operation::SendPayment {
            from,
            to,
            amount: moved,
        } => {
            let moved = amount(moved)?;
            let (payer, payee) = (teller.checking(from), teller.checking(to));
            teller.set_checking(from, payer.wrapping_sub(moved));
            teller.set_checking(to, payee.wrapping_add(moved));
        }
    }
    Ok(())
}
