//! One account: balance and replay window, in a dense slot of 32 bytes.
//!
//! Knows nothing of pages or hashing.

use borsh::{BorshDeserialize, BorshSerialize};

/// An account's index. Accounts exist from genesis and are dense: `0..accounts`.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct AccountId(pub u64);

/// How many nonces below the highest are still told apart.
pub const WINDOW: u64 = 128;

/// What the state holds for one account.
///
/// Replay protection is the sliding window of RFC 4303 section 3.4.3 (128
/// wide): one sender's transactions may arrive out of order by up to 127, and
/// each nonce counts once. `top` is the highest nonce seen plus one, zero when
/// none was; bit `i` of `seen` stands for nonce `top - 1 - i`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// In cents.
    pub balance: u64,
    /// Highest nonce seen plus one; zero when none was seen.
    pub top: u64,
    /// The window below `top`.
    pub seen: u128,
}

impl Account {
    /// Bytes of a slot.
    pub const BYTES: usize = 32;

    /// An account that has sent nothing.
    pub const fn new(balance: u64) -> Account {
        Account {
            balance,
            top: 0,
            seen: 0,
        }
    }

    /// Whether a transaction with this nonce would be taken as new.
    pub fn is_fresh(&self, nonce: u64) -> bool {
        if nonce >= self.top {
            return nonce != u64::MAX;
        }
        let age = self.top - 1 - nonce;
        age < WINDOW && self.seen & (1 << age) == 0
    }

    /// Uses up the nonce; false when it was seen before, has left the window,
    /// or is `u64::MAX` (which would overflow `top`).
    #[must_use]
    pub fn take_nonce(&mut self, nonce: u64) -> bool {
        if !self.is_fresh(nonce) {
            return false;
        }
        if nonce >= self.top {
            let shift = nonce + 1 - self.top;
            let kept = if shift < WINDOW {
                self.seen << shift
            } else {
                0
            };
            self.seen = kept | 1;
            self.top = nonce + 1;
        } else {
            self.seen |= 1 << (self.top - 1 - nonce);
        }
        true
    }

    /// The slot as bytes, little-endian: what the state root commits to.
    pub fn to_bytes(&self) -> [u8; Account::BYTES] {
        let mut bytes = [0; Account::BYTES];
        bytes[..8].copy_from_slice(&self.balance.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.top.to_le_bytes());
        bytes[16..].copy_from_slice(&self.seen.to_le_bytes());
        bytes
    }

    /// The inverse of [`Account::to_bytes`].
    pub fn from_bytes(bytes: &[u8; Account::BYTES]) -> Account {
        let (balance, rest) = bytes.split_first_chunk().expect("32 bytes hold 8");
        let (top, rest) = rest.split_first_chunk().expect("24 bytes hold 8");
        let (seen, _) = rest.split_first_chunk().expect("16 bytes hold 16");
        Account {
            balance: u64::from_le_bytes(*balance),
            top: u64::from_le_bytes(*top),
            seen: u128::from_le_bytes(*seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn window_edges() {
        let mut account = Account::new(5);
        assert!(account.take_nonce(0));
        assert!(!account.take_nonce(0));
        assert!(account.take_nonce(127));
        assert!(!account.take_nonce(0));
        assert!(
            account.take_nonce(1),
            "127 back is the last nonce in the window"
        );
        assert!(account.take_nonce(128));
        assert!(!account.take_nonce(0), "left the window");
        assert!(account.take_nonce(1_000_000));
        assert!(!account.take_nonce(128));
        assert!(!account.take_nonce(u64::MAX));
        assert!(account.take_nonce(u64::MAX - 1));
        assert_eq!(account.balance, 5);
    }

    proptest! {
        #[test]
        fn every_nonce_counts_once(nonces in proptest::collection::vec(0u64..400, 0..300)) {
            let mut account = Account::default();
            let mut taken = BTreeSet::new();
            for nonce in nonces {
                let highest = taken.last().copied();
                let inside = highest.is_none_or(|highest| nonce + WINDOW > highest);
                prop_assert_eq!(account.take_nonce(nonce), inside && taken.insert(nonce));
            }
        }

        #[test]
        fn slot_round_trip(balance: u64, top: u64, seen: u128) {
            let account = Account { balance, top, seen };
            prop_assert_eq!(Account::from_bytes(&account.to_bytes()), account);
        }
    }
}
