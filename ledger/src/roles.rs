//! Who may act as what: institutions hold contiguous blocks of accounts.
//!
//! A role is a block of seats and not a record per account, so that a rule finds out in a few
//! nanoseconds for whom a sender speaks, and a city of a billion accounts needs no table of roles.
//! Knows nothing of any record kind.

use crate::account::AccountId;
use borsh::{BorshDeserialize, BorshSerialize};

/// Accounts `first ..` of which every `each` in a row belong to one institution.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Seats {
    /// The first account of the first institution.
    pub first: AccountId,
    /// How many institutions there are.
    pub institutions: u32,
    /// How many accounts each of them has.
    pub each: u32,
}

impl Seats {
    /// The institution, from zero, for which this account speaks.
    pub fn holder(&self, account: AccountId) -> Option<u32> {
        let holder = self.seat(account)?.checked_div(self.each)?;
        (holder < self.institutions).then_some(holder)
    }

    /// The account's place among all the seats, if it is one of them.
    pub fn seat(&self, account: AccountId) -> Option<u32> {
        let seat = u32::try_from(account.0.checked_sub(self.first.0)?).ok()?;
        let seats = u64::from(self.institutions) * u64::from(self.each);
        (u64::from(seat) < seats).then_some(seat)
    }

    /// The first account after the last seat.
    pub fn end(&self) -> AccountId {
        AccountId(self.first.0 + u64::from(self.institutions) * u64::from(self.each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_have_edges() {
        let seats = Seats {
            first: AccountId(10),
            institutions: 3,
            each: 4,
        };
        let holders: Vec<_> = [9, 10, 13, 14, 21, 22]
            .map(|id| seats.holder(AccountId(id)))
            .into();
        assert_eq!(holders, [None, Some(0), Some(0), Some(1), Some(2), None]);
        assert_eq!(seats.seat(AccountId(21)), Some(11));
        assert_eq!(seats.end(), AccountId(22));
        assert_eq!(
            Seats::default().holder(AccountId(0)),
            None,
            "no seats, no holders"
        );
        assert_eq!(seats.holder(AccountId(u64::MAX)), None);
    }
}
