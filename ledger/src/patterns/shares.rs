//! Shares: something has several owners, whose shares always come to the whole.
//!
//! A share is a number of ten-thousandths. It can be given away whole or in part; what the thing earns is
//! divided by shares, and what does not divide stays. Knows no kind, and nothing of state.

use crate::account::AccountId;
use crate::receipt::Reason;
use borsh::{BorshDeserialize, BorshSerialize};

/// The whole, in ten-thousandths.
pub const WHOLE: u16 = 10_000;
/// The most owners (estimate).
pub const OWNERS_LIMIT: usize = 8;

/// One owner's part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Share {
    /// Whose.
    pub owner: AccountId,
    /// In ten-thousandths, never zero.
    pub points: u16,
}

/// Who owns something: at least one, each once, and together the whole.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Shares(pub Vec<Share>);

impl Shares {
    /// These owners.
    ///
    /// # Errors
    /// `Malformed` for too many or none, for an empty share or an owner named twice; `Unbalanced` when
    /// they do not come to the whole.
    pub fn new(shares: &[Share]) -> Result<Shares, Reason> {
        let twice = |place: usize| {
            let before = &shares[..place];
            before
                .iter()
                .any(|share| share.owner == shares[place].owner)
        };
        let fits = (1..=OWNERS_LIMIT).contains(&shares.len())
            && shares.iter().all(|share| share.points > 0)
            && !(1..shares.len()).any(twice);
        if !fits {
            return Err(Reason::Malformed);
        }
        let sum: u32 = shares.iter().map(|share| u32::from(share.points)).sum();
        if sum != u32::from(WHOLE) {
            return Err(Reason::Unbalanced);
        }
        Ok(Shares(shares.into()))
    }

    /// Everybody who has a share, in order.
    pub fn owners(&self) -> impl Iterator<Item = AccountId> {
        self.0.iter().map(|share| share.owner)
    }

    /// An owner gives a part of its share, or all of it, to another.
    ///
    /// # Errors
    /// `NotPermitted` for who has none; `Malformed` for nothing, or to oneself; `InsufficientFunds` for
    /// more than it has; `QuotaExceeded` when there would be too many owners.
    pub fn give(&mut self, from: AccountId, to: AccountId, points: u16) -> Result<(), Reason> {
        let place = self.owners().position(|owner| owner == from);
        let place = place.ok_or(Reason::NotPermitted)?;
        if points == 0 || from == to {
            return Err(Reason::Malformed);
        }
        let left = self.0[place].points.checked_sub(points);
        let left = left.ok_or(Reason::InsufficientFunds)?;
        if left == 0 {
            self.0.remove(place);
        } else {
            self.0[place].points = left;
        }
        if let Some(share) = self.0.iter_mut().find(|share| share.owner == to) {
            share.points += points;
        } else if self.0.len() == OWNERS_LIMIT {
            return Err(Reason::QuotaExceeded);
        } else {
            self.0.push(Share { owner: to, points });
        }
        Ok(())
    }

    /// What each owner gets of an amount, rounded down: together at most all of it.
    pub fn divide(&self, amount: u64) -> impl Iterator<Item = (AccountId, u64)> {
        self.0.iter().map(move |share| {
            let part = u128::from(amount) * u128::from(share.points) / u128::from(WHOLE);
            (share.owner, part as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(parts: &[(u64, u16)]) -> Result<Shares, Reason> {
        let share = |&(owner, points): &(u64, u16)| Share {
            owner: AccountId(owner),
            points,
        };
        let shares: Vec<Share> = parts.iter().map(share).collect();
        Shares::new(&shares)
    }

    #[test]
    fn shares_come_to_the_whole() {
        assert!(shares(&[(1, 2_500), (2, 7_500)]).is_ok());
        assert_eq!(shares(&[]), Err(Reason::Malformed));
        assert_eq!(shares(&[(1, 10_000), (2, 0)]), Err(Reason::Malformed));
        assert_eq!(shares(&[(1, 5_000), (1, 5_000)]), Err(Reason::Malformed));
        assert_eq!(shares(&[(1, 5_000), (2, 5_001)]), Err(Reason::Unbalanced));
        // More than 16 bits hold, and no wrap.
        assert_eq!(shares(&[(1, 40_000), (2, 35_536)]), Err(Reason::Unbalanced));
        let nine: Vec<(u64, u16)> = (0..9).map(|owner| (owner, 1_111)).collect();
        assert_eq!(shares(&nine), Err(Reason::Malformed));
    }

    #[test]
    fn what_is_given_is_taken() {
        let mut owned = shares(&[(1, 2_500), (2, 7_500)]).expect("they come to the whole");
        let [a, b, c] = [1, 2, 3].map(AccountId);
        assert_eq!(owned.give(c, a, 1), Err(Reason::NotPermitted));
        assert_eq!(owned.give(a, b, 0), Err(Reason::Malformed));
        assert_eq!(owned.give(a, a, 1), Err(Reason::Malformed));
        assert_eq!(owned.give(a, c, 2_501), Err(Reason::InsufficientFunds));
        assert_eq!(owned.give(a, c, 1_000), Ok(()));
        assert_eq!(
            Ok(owned.clone()),
            shares(&[(1, 1_500), (2, 7_500), (3, 1_000)])
        );
        assert_eq!(owned.give(a, b, 1_500), Ok(()));
        assert_eq!(Ok(owned.clone()), shares(&[(2, 9_000), (3, 1_000)]));
        for owner in 4..10 {
            assert_eq!(owned.give(b, AccountId(owner), 1), Ok(()));
        }
        assert_eq!(owned.give(b, AccountId(10), 1), Err(Reason::QuotaExceeded));
    }

    #[test]
    fn what_does_not_divide_stays() {
        let owned = shares(&[(1, 3_333), (2, 6_667)]).expect("they come to the whole");
        let parts: Vec<u64> = owned.divide(100).map(|(_, part)| part).collect();
        assert_eq!(parts, [33, 66]);
        let all: u64 = owned.divide(u64::MAX).map(|(_, part)| part).sum();
        assert!(u64::MAX - all < 2);
    }
}
