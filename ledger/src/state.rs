//! The state: accounts and tables as one immutable, authenticated value.
//!
//! Cloning is O(1) and shares everything. The root is SHA-256 over a version, the
//! number of accounts, the accounts' digest, and each table's id and digest in
//! order of id; an empty table is left out. The keyring is not part of it.

use crate::account::{Account, AccountId};
use crate::crypto::Keyring;
use crate::genesis::Genesis;
use crate::hash::Hash;
use crate::pages::Accounts;
use crate::proof::Proof;
use crate::record::Table;
use crate::trie::{Batch, KeyBytes, Trie, path_of};
use borsh::BorshDeserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names the layout that the root commits to.
const LAYOUT: &[u8] = b"groma ledger state 1";

/// The ledger's state after some block.
#[derive(Clone, Debug)]
pub struct State {
    accounts: Accounts,
    tables: Arc<BTreeMap<u8, Trie>>,
    keyring: Arc<Keyring>,
    root: Hash,
}

/// What a block writes, before it is committed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) accounts: Vec<(AccountId, Account)>,
    pub(crate) tables: BTreeMap<u8, Batch>,
}

impl Changes {
    /// Adds another group's changes, which touch other keys.
    pub(crate) fn append(&mut self, other: Changes) {
        self.accounts.extend(other.accounts);
        for (id, batch) in other.tables {
            self.tables.entry(id).or_default().append(&batch);
        }
    }

    pub(crate) fn len(&self) -> u64 {
        let records: usize = self.tables.values().map(Batch::len).sum();
        (self.accounts.len() + records) as u64
    }
}

/// Facts for conservation laws, from a full scan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audit {
    /// How many accounts exist.
    pub accounts: u64,
    /// Sum of all balances, in cents.
    pub total_balance: u128,
    /// Records by table id.
    pub records: BTreeMap<u8, u64>,
}

impl State {
    /// The first state.
    ///
    /// Accounts cost nothing until they are touched, so this takes time and memory
    /// for the listed balances and records only.
    pub fn genesis(genesis: &Genesis) -> State {
        let accounts = Accounts::uniform(genesis.accounts, genesis.balance);
        let mut changes = Changes::default();
        let listed = genesis
            .balances
            .iter()
            .filter(|(id, _)| id.0 < genesis.accounts);
        changes
            .accounts
            .extend(listed.map(|(&id, &balance)| (id, Account::new(balance))));
        for (&table, records) in &genesis.records {
            let batch = changes.tables.entry(table).or_default();
            for (key, value) in records {
                batch.push(path_of(table, key), &Raw(key), Some(&Raw(value)));
            }
        }
        let empty = State {
            accounts,
            tables: Arc::default(),
            keyring: Arc::clone(&genesis.keyring),
            root: Hash::ZERO,
        };
        empty.commit(changes, false)
    }

    /// The digest of everything in the state.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Whose signatures count.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// An account, if there is one.
    pub fn account(&self, id: AccountId) -> Option<Account> {
        self.accounts.get(id)
    }

    /// How many accounts exist.
    pub fn accounts(&self) -> u64 {
        self.accounts.count()
    }

    /// A record, if there is one.
    pub fn get<T: Table>(&self, key: &T::Key) -> Option<T::Value> {
        self.locate::<T>(key).1
    }

    /// A key's path, and its record if there is one.
    pub(crate) fn locate<T: Table>(&self, key: &T::Key) -> (u128, Option<T::Value>) {
        let key = KeyBytes::of(key);
        let path = path_of(T::ID, key.as_slice());
        let trie = self.tables.get(&T::ID);
        (
            path,
            trie.and_then(|trie| trie.get(path, key.as_slice()))
                .map(decode),
        )
    }

    /// How many records a table holds.
    pub fn count<T: Table>(&self) -> u64 {
        self.tables.get(&T::ID).map_or(0, Trie::len)
    }

    /// Calls `visit` with every record of a table, in an order that depends on
    /// the keys alone.
    pub fn for_each<T: Table>(&self, mut visit: impl FnMut(T::Key, T::Value)) {
        if let Some(trie) = self.tables.get(&T::ID) {
            trie.for_each(&mut |key, value| visit(decode(key), decode(value)));
        }
    }

    /// Sums up the state: O(touched pages), not O(accounts).
    pub fn audit(&self) -> Audit {
        Audit {
            accounts: self.accounts.count(),
            total_balance: self.accounts.total_balance(),
            records: self
                .tables
                .iter()
                .map(|(&id, trie)| (id, trie.len()))
                .collect(),
        }
    }

    /// Proves what an account holds; `None` if there is no such account.
    pub fn prove_account(&self, id: AccountId) -> Option<Proof> {
        let (siblings, page) = self.accounts.path(id)?;
        Some(Proof::of_account(id, siblings, page, self.summary()))
    }

    /// Proves what a key of a table holds, or that it holds nothing.
    pub fn prove<T: Table>(&self, key: &T::Key) -> Proof {
        let key = KeyBytes::of(key).as_slice().to_vec();
        let (siblings, page) = match self.tables.get(&T::ID) {
            Some(trie) => trie.path(path_of(T::ID, &key)),
            None => (Vec::new(), None),
        };
        Proof::of_record(T::ID, key, siblings, page, self.summary())
    }

    fn summary(&self) -> Summary {
        Summary {
            accounts: self.accounts.count(),
            accounts_digest: self.accounts.digest(),
            tables: self
                .tables
                .iter()
                .map(|(&id, trie)| (id, trie.digest()))
                .collect(),
        }
    }

    /// The next state. Each key occurs once in `changes`, in any order.
    pub(crate) fn commit(&self, mut changes: Changes, parallel: bool) -> State {
        sort(&mut changes.accounts);
        let accounts = self.accounts.update(&changes.accounts, parallel);
        let mut tables = BTreeMap::clone(&self.tables);
        for (&id, batch) in &changes.tables {
            let trie = tables.entry(id).or_insert_with(|| Trie::new(id));
            *trie = trie.update(batch, parallel);
        }
        tables.retain(|_, trie| trie.len() > 0);
        let mut next = State {
            accounts,
            tables: Arc::new(tables),
            keyring: Arc::clone(&self.keyring),
            root: Hash::ZERO,
        };
        next.root = next.summary().root();
        next
    }
}

/// Sorts by account; the slots are moved once.
fn sort(accounts: &mut Vec<(AccountId, Account)>) {
    let mut order: Vec<(AccountId, usize)> = accounts
        .iter()
        .enumerate()
        .map(|(position, (id, _))| (*id, position))
        .collect();
    order.sort_unstable();
    *accounts = order
        .iter()
        .map(|(_, position)| accounts[*position])
        .collect();
}

/// What the root is the hash of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Summary {
    pub(crate) accounts: u64,
    pub(crate) accounts_digest: Hash,
    pub(crate) tables: BTreeMap<u8, Hash>,
}

impl Summary {
    pub(crate) fn root(&self) -> Hash {
        let mut bytes = LAYOUT.to_vec();
        bytes.extend_from_slice(&self.accounts.to_le_bytes());
        bytes.extend_from_slice(&self.accounts_digest.0);
        for (id, digest) in &self.tables {
            bytes.push(*id);
            bytes.extend_from_slice(&digest.0);
        }
        Hash::of(&[&bytes])
    }
}

/// Bytes that are encoded already.
struct Raw<'b>(&'b [u8]);

impl borsh::BorshSerialize for Raw<'_> {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(self.0)
    }
}

fn decode<V: BorshDeserialize>(bytes: &[u8]) -> V {
    borsh::from_slice(bytes).expect("the state holds only what this type encoded")
}
