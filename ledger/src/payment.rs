//! Retail payments (docs/sources.md W14): money moves between accounts, none is made.

use crate::access::Access;
use crate::account::AccountId;
use crate::receipt::Reason;
use crate::record::{Context, Rule, Touches};
use borsh::{BorshDeserialize, BorshSerialize};

/// What a payer may do.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Payment {
    /// Moves `amount` cents from the sender to `to`.
    Transfer {
        /// Who receives.
        to: AccountId,
        /// In cents; zero is malformed.
        amount: u64,
    },
    /// Gives back `amount` cents of an earlier payment; as a transfer, but
    /// counted apart.
    Refund {
        /// Who receives.
        to: AccountId,
        /// In cents; zero is malformed.
        amount: u64,
    },
    /// A red packet: the sender gives `each` cents to every account listed,
    /// to all or to none.
    Split {
        /// Who receives; 1 to [`SPLIT_LIMIT`] accounts.
        to: Box<[AccountId]>,
        /// In cents for each; zero is malformed.
        each: u64,
    },
    /// Reads an account's balance: ordered and paid for, writes nothing.
    Balance {
        /// Whose balance.
        of: AccountId,
    },
}

/// The most accounts that one [`Payment::Split`] may name.
pub const SPLIT_LIMIT: usize = 64;

impl Rule for Payment {
    fn kind(&self) -> &'static str {
        match self {
            Payment::Transfer { .. } => "payment.transfer",
            Payment::Refund { .. } => "payment.refund",
            Payment::Split { .. } => "payment.split",
            Payment::Balance { .. } => "payment.balance",
        }
    }

    fn touches(&self, _context: &Context, touches: &mut Touches) {
        match self {
            Payment::Transfer { to, .. } | Payment::Refund { to, .. } => touches.account(*to),
            Payment::Split { to, .. } => to.iter().for_each(|&to| touches.account(to)),
            Payment::Balance { of } => touches.read_account(*of),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        match self {
            Payment::Transfer { to, amount } | Payment::Refund { to, amount } => {
                access.transfer(context.sender, *to, *amount)
            }
            Payment::Split { to, each } => {
                if to.is_empty() || to.len() > SPLIT_LIMIT {
                    return Err(Reason::Malformed);
                }
                to.iter()
                    .try_for_each(|&to| access.transfer(context.sender, to, *each))
            }
            Payment::Balance { of } => access.balance(*of).map(|_| ()).ok_or(Reason::UnknownRecord),
        }
    }
}
