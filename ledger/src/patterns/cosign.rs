//! Joint signatures: several parties sign one record, each once and in any order.
//!
//! A transaction has one signer, so each party sends its own. The kind says which party the sender is
//! and how many are needed; this file knows neither.

use crate::account::AccountId;
use crate::receipt::Reason;
use borsh::{BorshDeserialize, BorshSerialize};

/// Who has signed, by place in the kind's list of parties. A place costs one byte, and eight more once
/// it is signed: so much it takes for a law to see by whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Signatures<const PLACES: usize>([Option<AccountId>; PLACES]);

impl<const PLACES: usize> Default for Signatures<PLACES> {
    fn default() -> Self {
        Self([None; PLACES])
    }
}

impl<const PLACES: usize> Signatures<PLACES> {
    /// Adds a party's signature.
    ///
    /// # Errors
    /// `AlreadyExists` if it has signed, `Malformed` if there is no such place.
    pub fn sign(&mut self, party: u8, by: AccountId) -> Result<(), Reason> {
        let place = self.0.get_mut(usize::from(party));
        let place = place.ok_or(Reason::Malformed)?;
        if place.is_some() {
            return Err(Reason::AlreadyExists);
        }
        *place = Some(by);
        Ok(())
    }

    /// The account that signed for this party.
    pub fn by(&self, party: u8) -> Option<AccountId> {
        self.0.get(usize::from(party)).copied().flatten()
    }

    /// Whether this party has signed.
    pub fn has(&self, party: u8) -> bool {
        self.by(party).is_some()
    }

    /// How many have signed.
    pub fn count(&self) -> u32 {
        self.0.iter().flatten().count() as u32
    }

    /// Whether all of so many parties have signed.
    pub fn are_all_of(&self, parties: usize) -> bool {
        self.count() as usize == parties
    }

    /// Whether every account that signed may sign for its party.
    pub fn are_by(&self, may: impl Fn(u8, AccountId) -> bool) -> bool {
        let signed = (0_u8..).zip(&self.0);
        signed
            .filter_map(|(party, by)| by.map(|by| (party, by)))
            .all(|(party, by)| may(party, by))
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
        let mut signatures = Signatures::<4>::default();
        let [one, other] = [AccountId(7), AccountId(8)];
        assert_eq!(signatures.sign(3, one), Ok(()));
        assert_eq!(signatures.sign(3, other), Err(Reason::AlreadyExists));
        assert_eq!(signatures.sign(4, other), Err(Reason::Malformed));
        assert_eq!(signatures.sign(0, other), Ok(()));
        assert_eq!(signatures.count(), 2);
        assert_eq!(
            [0, 3, 4].map(|party| signatures.by(party)),
            [Some(other), Some(one), None]
        );
        assert!(signatures.are_by(|party, by| by == if party == 0 { other } else { one }));
        assert!(!signatures.are_by(|_, by| by == one));
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
