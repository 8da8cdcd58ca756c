//! What the ledger starts with.

use crate::account::AccountId;
use crate::crypto::Keyring;
use crate::record::Table;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first state, described. [`crate::State::genesis`] builds it.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// How many accounts exist: ids `0..accounts`.
    pub accounts: u64,
    /// What each holds, in cents.
    pub balance: u64,
    /// Accounts that hold another balance than the rest, in cents.
    pub balances: BTreeMap<AccountId, u64>,
    /// Whose signatures count. Not part of the state root: real and priced
    /// signatures give equal roots.
    pub keyring: Arc<Keyring>,
    pub(crate) records: BTreeMap<u8, BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Default for Genesis {
    fn default() -> Genesis {
        Genesis::new(0, 0)
    }
}

impl Genesis {
    /// `accounts` accounts with `balance` cents each, no records, priced signatures.
    pub fn new(accounts: u64, balance: u64) -> Genesis {
        Genesis {
            accounts,
            balance,
            balances: BTreeMap::new(),
            keyring: Arc::new(Keyring::priced()),
            records: BTreeMap::new(),
        }
    }

    /// Puts a record into the first state (a role, a quota); the last one wins.
    pub fn put<T: Table>(&mut self, key: &T::Key, value: &T::Value) {
        let key = borsh::to_vec(key).expect("writing to memory cannot fail");
        let value = borsh::to_vec(value).expect("writing to memory cannot fail");
        self.records.entry(T::ID).or_default().insert(key, value);
    }
}
