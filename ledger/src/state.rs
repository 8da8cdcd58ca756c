//! The state: accounts and tables as one immutable, authenticated value.
//!
//! Cloning is O(1). All versions that descend from one genesis share their nodes in
//! one store, behind a lock that is held for the length of a read or a commit. The root is SHA-256 over a version, the
//! number of accounts, the accounts' digest, and each table's id and digest in
//! order of id; an empty table is left out. The keyring is not part of it.

use crate::account::{Account, AccountId};
use crate::arena::Arena;
use crate::crypto::Keyring;
use crate::genesis::Genesis;
use crate::hash::Hash;
use crate::pages::{Accounts, Page};
use crate::proof::Proof;
use crate::record::Table;
use crate::records::{Batch, KeyBytes, Records, path_of};
use crate::tree::{self, Root};
use borsh::BorshDeserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};

/// Names the layout that the root commits to.
const LAYOUT: &[u8] = b"groma ledger state 1";

/// The ledger's state after some block.
///
/// Runs that go on side by side should each build their own genesis: descendants of one
/// genesis share a lock, and [`crate::Parallel`] on a shared thread pool may then wait for
/// itself.
#[derive(Clone)]
pub struct State(Arc<Version>);

/// A state without its nodes.
struct Version {
    store: Arc<RwLock<Store>>,
    accounts: Accounts,
    tables: BTreeMap<u8, Root>,
    keyring: Arc<Keyring>,
    root: Hash,
}

/// The nodes of all versions that descend from one genesis.
struct Store {
    accounts: Arena<Page>,
    records: Arena<Records>,
    versions: Vec<Weak<Version>>,
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
            self.batch(id).append(&batch);
        }
    }

    /// The changes of one table.
    pub(crate) fn batch(&mut self, table: u8) -> &mut Batch {
        self.tables
            .entry(table)
            .or_insert_with(|| Batch::new(table))
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

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({})", self.0.root)
    }
}

impl State {
    /// The first state.
    ///
    /// Accounts cost nothing until they are touched, so this takes time and memory
    /// for the listed balances and records only.
    pub fn genesis(genesis: &Genesis) -> State {
        let mut store = Store {
            accounts: Arena::new(),
            records: Arena::new(),
            versions: Vec::new(),
        };
        let accounts = Accounts::uniform(&mut store.accounts, genesis.accounts, genesis.balance);
        let mut changes = Changes::default();
        let listed = genesis
            .balances
            .iter()
            .filter(|(id, _)| id.0 < genesis.accounts);
        changes
            .accounts
            .extend(listed.map(|(&id, &balance)| (id, Account::new(balance))));
        for (&table, records) in &genesis.records {
            let batch = changes.batch(table);
            for (key, value) in records {
                batch.push(path_of(table, key), &Raw(key), Some(&Raw(value)));
            }
        }
        let empty = Version {
            store: Arc::new(RwLock::new(store)),
            accounts,
            tables: BTreeMap::new(),
            keyring: Arc::clone(&genesis.keyring),
            root: Hash::ZERO,
        };
        State(Arc::new(empty)).commit(changes, false)
    }

    /// The digest of everything in the state.
    pub fn root(&self) -> Hash {
        self.0.root
    }

    /// Whose signatures count.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.0.keyring
    }

    /// An account, if there is one.
    pub fn account(&self, id: AccountId) -> Option<Account> {
        self.read().account(id)
    }

    /// How many accounts exist.
    pub fn accounts(&self) -> u64 {
        self.0.accounts.count()
    }

    /// A record, if there is one.
    pub fn get<T: Table>(&self, key: &T::Key) -> Option<T::Value> {
        self.read().locate::<T>(key).1
    }

    /// How many records a table holds.
    pub fn count<T: Table>(&self) -> u64 {
        self.0.table(T::ID).count
    }

    /// Calls `visit` with every record of a table, in an order that depends on
    /// the keys alone.
    pub fn for_each<T: Table>(&self, mut visit: impl FnMut(T::Key, T::Value)) {
        // The pages are collected first, so that `visit` may read the state itself.
        let mut pages: Vec<Records> = Vec::new();
        let node = self.0.table(T::ID).node;
        tree::for_each_leaf(&self.read().store.records, node, &mut |page: &Records| {
            pages.push(page.clone());
        });
        for (key, value) in pages.iter().flat_map(Records::iter) {
            visit(decode(key), decode(value));
        }
    }

    /// Sums up the state: O(touched pages), not O(accounts).
    pub fn audit(&self) -> Audit {
        Audit {
            accounts: self.accounts(),
            total_balance: self.0.accounts.total_balance(&self.read().store.accounts),
            records: self
                .0
                .tables
                .iter()
                .map(|(&id, table)| (id, table.count))
                .collect(),
        }
    }

    /// Proves what an account holds; `None` if there is no such account.
    pub fn prove_account(&self, id: AccountId) -> Option<Proof> {
        let (siblings, page) = self.0.accounts.prove(&self.read().store.accounts, id)?;
        Some(Proof::of_account(id, siblings, page, self.0.summary()))
    }

    /// Proves what a key of a table holds, or that it holds nothing.
    pub fn prove<T: Table>(&self, key: &T::Key) -> Proof {
        let key = KeyBytes::of(key).as_slice().to_vec();
        let (node, path) = (self.0.table(T::ID).node, path_of(T::ID, &key));
        let reader = self.read();
        let siblings = tree::siblings(&reader.store.records, node, path);
        let page = tree::find(&reader.store.records, node, path).map(Records::to_vec);
        Proof::of_record(T::ID, key, siblings, page, self.0.summary())
    }

    /// Holds the store for reading. It must be dropped before a commit, and one thread
    /// must not hold two.
    pub(crate) fn read(&self) -> Reader<'_> {
        // A panic in a commit leaves nodes behind that no version reaches: harmless.
        let store = self.0.store.read().unwrap_or_else(PoisonError::into_inner);
        Reader {
            store,
            version: &self.0,
        }
    }

    /// The next state. Each key occurs once in `changes`, in any order.
    pub(crate) fn commit(&self, mut changes: Changes, parallel: bool) -> State {
        sort(&mut changes.accounts);
        let old = &*self.0;
        let mut store = old.store.write().unwrap_or_else(PoisonError::into_inner);
        let accounts = old
            .accounts
            .update(&mut store.accounts, &changes.accounts, parallel);
        let mut tables = old.tables.clone();
        for (&id, batch) in &changes.tables {
            let table = tables.entry(id).or_insert(Root::EMPTY);
            *table = tree::update(&mut store.records, *table, &batch.sorted(), parallel);
        }
        tables.retain(|_, table| table.count > 0);
        let mut next = Version {
            store: Arc::clone(&old.store),
            accounts,
            tables,
            keyring: Arc::clone(&old.keyring),
            root: Hash::ZERO,
        };
        next.root = next.summary().root();
        let next = Arc::new(next);
        store.admit(&next);
        State(next)
    }
}

impl Version {
    fn table(&self, id: u8) -> Root {
        self.tables.get(&id).copied().unwrap_or(Root::EMPTY)
    }

    fn summary(&self) -> Summary {
        Summary {
            accounts: self.accounts.count(),
            accounts_digest: self.accounts.digest(),
            tables: self
                .tables
                .iter()
                .map(|(&id, table)| (id, table.digest))
                .collect(),
        }
    }
}

impl Store {
    /// Registers a version, and sweeps if it is time.
    fn admit(&mut self, version: &Arc<Version>) {
        self.versions.retain(|version| version.strong_count() > 0);
        self.versions.push(Arc::downgrade(version));
        let living = || self.versions.iter().filter_map(Weak::upgrade);
        if self.accounts.is_full() {
            let living: Vec<_> = living().collect();
            self.accounts
                .sweep(living.iter().flat_map(|version| version.accounts.nodes()));
        }
        if self.records.is_full() {
            let living: Vec<_> = self.versions.iter().filter_map(Weak::upgrade).collect();
            let roots = living.iter().flat_map(|version| version.tables.values());
            self.records.sweep(roots.map(|root| root.node));
        }
    }
}

/// A state, held for reading.
pub(crate) struct Reader<'s> {
    store: RwLockReadGuard<'s, Store>,
    version: &'s Version,
}

impl Reader<'_> {
    pub(crate) fn account(&self, id: AccountId) -> Option<Account> {
        self.version.accounts.get(&self.store.accounts, id)
    }

    /// A key's path, and its record if there is one.
    pub(crate) fn locate<T: Table>(&self, key: &T::Key) -> (u128, Option<T::Value>) {
        let key = KeyBytes::of(key);
        let path = path_of(T::ID, key.as_slice());
        let page = tree::find(&self.store.records, self.version.table(T::ID).node, path);
        (
            path,
            page.and_then(|page| page.get(key.as_slice())).map(decode),
        )
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

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
