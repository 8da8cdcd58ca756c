//! Joint signatures: several parties sign one record, each once and in any order.
//!
//! A transaction has one signer, so each party sends its own. The kind says which party the sender is
//! and how many are needed; this file knows neither.

use crate::account::AccountId;
use crate::receipt::Reason;
use borsh::{BorshDeserialize, BorshSerialize};

/// Which parties have signed, by their place in the kind's list of at most eight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Signatures(pub u8);

impl Signatures {
    /// Adds a party's signature.
    ///
    /// # Errors
    /// `AlreadyExists` if it has signed, `Malformed` if there is no such place.
    pub fn sign(&mut self, party: u8) -> Result<(), Reason> {
        let bit = 1_u8
            .checked_shl(u32::from(party))
            .ok_or(Reason::Malformed)?;
        if self.0 & bit != 0 {
            return Err(Reason::AlreadyExists);
        }
        self.0 |= bit;
        Ok(())
    }

    /// Whether this party has signed.
    pub fn has(self, party: u8) -> bool {
        1_u8.checked_shl(u32::from(party))
            .is_some_and(|bit| self.0 & bit != 0)
    }

    /// How many have signed.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether all of so many parties have signed.
    pub fn are_all_of(self, parties: usize) -> bool {
        self.count() as usize == parties
    }
}

/// The place of an account in a list of parties.
///
/// # Errors
/// `NotPermitted` if it is none of them.
pub fn place_of(account: AccountId, parties: &[AccountId]) -> Result<u8, Reason> {
    let place = parties.iter().position(|party| *party == account);
    // A list has at most eight parties.
    place.map(|place| place as u8).ok_or(Reason::NotPermitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_party_signs_once() {
        let mut signatures = Signatures::default();
        assert_eq!(signatures.sign(3), Ok(()));
        assert_eq!(signatures.sign(3), Err(Reason::AlreadyExists));
        assert_eq!(signatures.sign(8), Err(Reason::Malformed));
        assert_eq!(signatures.sign(0), Ok(()));
        assert_eq!(signatures.count(), 2);
        assert!(signatures.are_all_of(2) && !signatures.are_all_of(3));
        let parties = [AccountId(5), AccountId(9)];
        assert_eq!(place_of(AccountId(9), &parties), Ok(1));
        assert_eq!(place_of(AccountId(6), &parties), Err(Reason::NotPermitted));
        assert_eq!(
            [0, 1, 3, 9].map(|party| signatures.has(party)),
            [true, false, true, false]
        );
    }
}
