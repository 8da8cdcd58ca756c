//! What a rule sees of the state: its parent under the writes of the block so far.
//!
//! Records are decoded once per block and kept typed; every write leaves an undo
//! entry, so that a refused transaction leaves no trace. Knows no rule.

use crate::account::{Account, AccountId};
use crate::receipt::Reason;
use crate::record::{Table, Touches, account_fingerprint, fingerprint};
use crate::state::{Changes, State};
use crate::trie::Batch;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::any::Any;

/// A rule's view of the state during one transaction.
pub struct Access<'a> {
    parent: &'a State,
    overlay: &'a mut Overlay,
    declared: &'a Touches,
}

/// Uncommitted writes of a block (or of one group of its transactions), over
/// what was read of the parent.
#[derive(Default)]
pub(crate) struct Overlay {
    accounts: HashMap<u64, Slot, FixedState>,
    account_undo: Vec<(u64, Slot)>,
    tables: Vec<Option<Box<dyn AnyTable>>>,
}

#[derive(Clone, Copy)]
struct Slot {
    account: Account,
    written: bool,
}

struct Cell<V> {
    value: Option<V>,
    written: bool,
}

struct TableOverlay<T: Table> {
    cells: HashMap<T::Key, Cell<T::Value>, FixedState>,
    undo: Vec<(T::Key, Cell<T::Value>)>,
}

/// A table's overlay without its types.
trait AnyTable: Any + Send {
    /// Forgets how to undo: the transaction was applied.
    fn settle(&mut self);
    /// Takes back the transaction's writes.
    fn undo(&mut self);
    /// Encodes what was written.
    fn drain(&mut self, batch: &mut Batch);
}

impl<T: Table> AnyTable for TableOverlay<T> {
    fn settle(&mut self) {
        self.undo.clear();
    }

    fn undo(&mut self) {
        // Backwards, so that of two writes to one key the older state wins.
        while let Some((key, cell)) = self.undo.pop() {
            self.cells.insert(key, cell);
        }
    }

    fn drain(&mut self, batch: &mut Batch) {
        // The map's order does not matter: the trie sorts by path.
        for (key, cell) in self.cells.drain().filter(|(_, cell)| cell.written) {
            batch.push(T::ID, &key, cell.value.as_ref());
        }
    }
}

impl<T: Table> TableOverlay<T> {
    fn cell(&mut self, parent: &State, key: &T::Key) -> &mut Cell<T::Value> {
        self.cells.entry_ref(key).or_insert_with(|| Cell {
            value: parent.get::<T>(key),
            written: false,
        })
    }
}

impl Overlay {
    fn table<T: Table>(&mut self) -> &mut TableOverlay<T> {
        let index = usize::from(T::ID);
        if self.tables.len() <= index {
            self.tables.resize_with(index + 1, || None);
        }
        let table: &mut dyn Any = &mut **self.tables[index].get_or_insert_with(|| {
            Box::new(TableOverlay::<T> {
                cells: HashMap::default(),
                undo: Vec::new(),
            })
        });
        table.downcast_mut().expect("no two tables share an ID")
    }

    fn slot(&mut self, parent: &State, id: AccountId) -> Option<&mut Slot> {
        match self.accounts.entry(id.0) {
            Entry::Occupied(slot) => Some(slot.into_mut()),
            Entry::Vacant(vacant) => {
                let account = parent.account(id)?;
                Some(vacant.insert(Slot {
                    account,
                    written: false,
                }))
            }
        }
    }

    /// Uses up a nonce. This is not undone when the transaction is refused.
    pub(crate) fn take_nonce(
        &mut self,
        parent: &State,
        sender: AccountId,
        nonce: u64,
    ) -> Result<(), Reason> {
        let slot = self.slot(parent, sender).ok_or(Reason::UnknownRecord)?;
        if !slot.account.take_nonce(nonce) {
            return Err(Reason::Duplicate);
        }
        slot.written = true;
        Ok(())
    }

    /// Ends a transaction: keeps its writes or takes them back.
    pub(crate) fn end(&mut self, keep: bool) {
        if keep {
            self.account_undo.clear();
            self.tables
                .iter_mut()
                .flatten()
                .for_each(|table| table.settle());
            return;
        }
        while let Some((id, slot)) = self.account_undo.pop() {
            self.accounts.insert(id, slot);
        }
        self.tables
            .iter_mut()
            .flatten()
            .for_each(|table| table.undo());
    }

    /// Empties the overlay into the changes that a state can commit.
    pub(crate) fn drain(&mut self, changes: &mut Changes) {
        let written = self.accounts.drain().filter(|(_, slot)| slot.written);
        changes
            .accounts
            .extend(written.map(|(id, slot)| (AccountId(id), slot.account)));
        for (id, table) in (0..=u8::MAX).zip(&mut self.tables) {
            if let Some(table) = table {
                table.drain(changes.tables.entry(id).or_default());
            }
        }
    }
}

impl<'a> Access<'a> {
    pub(crate) fn new(
        parent: &'a State,
        overlay: &'a mut Overlay,
        declared: &'a Touches,
    ) -> Access<'a> {
        Access {
            parent,
            overlay,
            declared,
        }
    }

    /// A record, if there is one.
    pub fn get<T: Table>(&mut self, key: &T::Key) -> Option<&T::Value> {
        self.expect_declared(|| (T::NAME, fingerprint::<T>(key)), false);
        self.overlay
            .table::<T>()
            .cell(self.parent, key)
            .value
            .as_ref()
    }

    /// A copy of a record, for when several are needed at once.
    pub fn load<T: Table>(&mut self, key: &T::Key) -> Option<T::Value> {
        self.get::<T>(key).cloned()
    }

    /// Writes a record, new or not.
    pub fn put<T: Table>(&mut self, key: T::Key, value: T::Value) {
        self.replace::<T>(key, Some(value));
    }

    /// Removes a record; nothing happens if there is none.
    pub fn remove<T: Table>(&mut self, key: T::Key) {
        self.replace::<T>(key, None);
    }

    fn replace<T: Table>(&mut self, key: T::Key, value: Option<T::Value>) {
        self.expect_declared(|| (T::NAME, fingerprint::<T>(&key)), true);
        let table = self.overlay.table::<T>();
        let new = Cell {
            value,
            written: true,
        };
        let old = std::mem::replace(table.cell(self.parent, &key), new);
        table.undo.push((key, old));
    }

    /// An account's balance in cents, if there is such an account.
    pub fn balance(&mut self, id: AccountId) -> Option<u64> {
        self.expect_declared(|| ("accounts", account_fingerprint(id)), false);
        self.overlay
            .slot(self.parent, id)
            .map(|slot| slot.account.balance)
    }

    /// Moves `amount` cents. A payment to oneself is checked but moves nothing.
    ///
    /// # Errors
    /// `Malformed` for zero, `UnknownRecord` for an account that does not exist,
    /// `InsufficientFunds` when the payer holds less.
    pub fn transfer(&mut self, from: AccountId, to: AccountId, amount: u64) -> Result<(), Reason> {
        if amount == 0 {
            return Err(Reason::Malformed);
        }
        let payer = self.balance(from).ok_or(Reason::UnknownRecord)?;
        let payee = self.balance(to).ok_or(Reason::UnknownRecord)?;
        let left = payer.checked_sub(amount).ok_or(Reason::InsufficientFunds)?;
        if from == to {
            return Ok(());
        }
        // Only a supply beyond u64::MAX cents can overflow; refuse, never wrap.
        let grown = payee.checked_add(amount).ok_or(Reason::Malformed)?;
        self.set_balance(from, left);
        self.set_balance(to, grown);
        Ok(())
    }

    fn set_balance(&mut self, id: AccountId, balance: u64) {
        self.expect_declared(|| ("accounts", account_fingerprint(id)), true);
        let Some(slot) = self.overlay.slot(self.parent, id) else {
            return;
        };
        let before = *slot;
        slot.account.balance = balance;
        slot.written = true;
        self.overlay.account_undo.push((id.0, before));
    }

    /// Debug builds hold rules to what they declared: the parallel executor
    /// relies on it.
    fn expect_declared(&self, key: impl FnOnce() -> (&'static str, u64), write: bool) {
        if cfg!(debug_assertions) {
            let (table, key) = key();
            assert!(
                self.declared.allows(key, write),
                "a rule touched a key of {table} that it had not declared (write: {write})"
            );
        }
    }
}
