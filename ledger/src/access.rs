//! What a rule sees of the state: its parent under the writes of the block so far.
//!
//! Records are decoded once per block and kept typed; every write leaves an undo
//! entry, so that a refused transaction leaves no trace. Knows no rule.

use crate::account::{Account, AccountId};
use crate::receipt::Reason;
use crate::record::{Table, Touches, account_fingerprint, fingerprint};
use crate::records::Batch;
use crate::state::{Changes, Reader};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::any::Any;

/// A rule's view of the state during one transaction.
pub struct Access<'a> {
    parent: &'a Reader<'a>,
    overlay: &'a mut Overlay,
    declared: &'a Touches,
}

/// Uncommitted writes of a block (or of one group of its transactions), over
/// what was read of the parent.
///
/// Slots and cells lie in vectors in the order of first use, and maps hold their
/// positions: small to probe, and drained without walking a map.
#[derive(Default)]
pub(crate) struct Overlay {
    positions: HashMap<u64, usize, FixedState>,
    slots: Vec<Slot>,
    undo: Vec<(usize, Slot)>,
    tables: Vec<Option<Box<dyn AnyTable>>>,
    /// Tables that the current transaction has written.
    written: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Slot {
    id: AccountId,
    account: Account,
    written: bool,
}

struct Cell<T: Table> {
    key: T::Key,
    path: u128,
    value: Option<T::Value>,
    written: bool,
}

struct Undo<V> {
    position: usize,
    value: Option<V>,
    written: bool,
}

struct TableOverlay<T: Table> {
    positions: HashMap<T::Key, usize, FixedState>,
    cells: Vec<Cell<T>>,
    undo: Vec<Undo<T::Value>>,
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
        while let Some(undo) = self.undo.pop() {
            let cell = &mut self.cells[undo.position];
            cell.value = undo.value;
            cell.written = undo.written;
        }
    }

    fn drain(&mut self, batch: &mut Batch) {
        self.positions.clear();
        for cell in self.cells.drain(..).filter(|cell| cell.written) {
            batch.push(cell.path, &cell.key, cell.value.as_ref());
        }
    }
}

impl<T: Table> TableOverlay<T> {
    fn new() -> TableOverlay<T> {
        TableOverlay {
            positions: HashMap::default(),
            cells: Vec::new(),
            undo: Vec::new(),
        }
    }

    fn position(&mut self, parent: &Reader<'_>, key: &T::Key) -> usize {
        let cells = &mut self.cells;
        *self.positions.entry_ref(key).or_insert_with(|| {
            let (path, value) = parent.locate::<T>(key);
            cells.push(Cell {
                key: key.clone(),
                path,
                value,
                written: false,
            });
            cells.len() - 1
        })
    }
}

impl Overlay {
    /// An overlay with room for the accounts of so many transactions.
    pub(crate) fn for_transactions(count: usize) -> Overlay {
        Overlay {
            positions: HashMap::with_capacity_and_hasher(2 * count, FixedState::default()),
            slots: Vec::with_capacity(2 * count),
            ..Overlay::default()
        }
    }

    fn table<T: Table>(&mut self) -> &mut TableOverlay<T> {
        let index = usize::from(T::ID);
        if self.tables.len() <= index {
            self.tables.resize_with(index + 1, || None);
        }
        let table: &mut dyn Any =
            &mut **self.tables[index].get_or_insert_with(|| Box::new(TableOverlay::<T>::new()));
        table.downcast_mut().expect("no two tables share an ID")
    }

    fn position(&mut self, parent: &Reader<'_>, id: AccountId) -> Option<usize> {
        match self.positions.entry(id.0) {
            Entry::Occupied(position) => Some(*position.get()),
            Entry::Vacant(vacant) => {
                let account = parent.account(id)?;
                self.slots.push(Slot {
                    id,
                    account,
                    written: false,
                });
                Some(*vacant.insert(self.slots.len() - 1))
            }
        }
    }

    fn set_balance(&mut self, position: usize, balance: u64) {
        let slot = &mut self.slots[position];
        self.undo.push((position, *slot));
        slot.account.balance = balance;
        slot.written = true;
    }

    /// Uses up a nonce. This is not undone when the transaction is refused.
    pub(crate) fn take_nonce(
        &mut self,
        parent: &Reader<'_>,
        sender: AccountId,
        nonce: u64,
    ) -> Result<(), Reason> {
        let position = self.position(parent, sender).ok_or(Reason::UnknownRecord)?;
        let slot = &mut self.slots[position];
        if !slot.account.take_nonce(nonce) {
            return Err(Reason::Duplicate);
        }
        slot.written = true;
        Ok(())
    }

    /// Ends a transaction: keeps its writes or takes them back.
    pub(crate) fn end(&mut self, keep: bool) {
        if keep {
            self.undo.clear();
        }
        while let Some((position, slot)) = self.undo.pop() {
            self.slots[position] = slot;
        }
        // A table written twice is listed twice; the second time does nothing.
        for id in self.written.drain(..) {
            if let Some(table) = &mut self.tables[usize::from(id)] {
                if keep { table.settle() } else { table.undo() }
            }
        }
    }

    /// Empties the overlay into the changes that a state can commit.
    pub(crate) fn drain(&mut self, changes: &mut Changes) {
        self.positions.clear();
        let written = self.slots.drain(..).filter(|slot| slot.written);
        changes
            .accounts
            .extend(written.map(|slot| (slot.id, slot.account)));
        for (id, table) in (0..=u8::MAX).zip(&mut self.tables) {
            if let Some(table) = table {
                table.drain(changes.batch(id));
            }
        }
    }
}

impl<'a> Access<'a> {
    pub(crate) fn new(
        parent: &'a Reader<'a>,
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
        let table = self.overlay.table::<T>();
        let position = table.position(self.parent, key);
        table.cells[position].value.as_ref()
    }

    /// A copy of a record, for when several are needed at once.
    pub fn load<T: Table>(&mut self, key: &T::Key) -> Option<T::Value> {
        self.get::<T>(key).cloned()
    }

    /// Writes a record, new or not.
    pub fn put<T: Table>(&mut self, key: T::Key, value: T::Value) {
        self.replace::<T>(&key, Some(value));
    }

    /// Removes a record; nothing happens if there is none.
    pub fn remove<T: Table>(&mut self, key: T::Key) {
        self.replace::<T>(&key, None);
    }

    fn replace<T: Table>(&mut self, key: &T::Key, value: Option<T::Value>) {
        self.expect_declared(|| (T::NAME, fingerprint::<T>(key)), true);
        self.overlay.written.push(T::ID);
        let table = self.overlay.table::<T>();
        let position = table.position(self.parent, key);
        let cell = &mut table.cells[position];
        let value = std::mem::replace(&mut cell.value, value);
        let written = std::mem::replace(&mut cell.written, true);
        table.undo.push(Undo {
            position,
            value,
            written,
        });
    }

    /// An account's balance in cents, if there is such an account.
    pub fn balance(&mut self, id: AccountId) -> Option<u64> {
        self.expect_declared(|| ("accounts", account_fingerprint(id)), false);
        let position = self.overlay.position(self.parent, id)?;
        Some(self.overlay.slots[position].account.balance)
    }

    /// Moves `amount` cents. A payment to oneself is checked but moves nothing.
    ///
    /// # Errors
    /// `Malformed` for zero, `UnknownRecord` for an account that does not exist,
    /// `InsufficientFunds` when the payer holds less.
    pub fn transfer(&mut self, from: AccountId, to: AccountId, amount: u64) -> Result<(), Reason> {
        self.expect_declared(|| ("accounts", account_fingerprint(from)), true);
        self.expect_declared(|| ("accounts", account_fingerprint(to)), true);
        if amount == 0 {
            return Err(Reason::Malformed);
        }
        let payer = self
            .overlay
            .position(self.parent, from)
            .ok_or(Reason::UnknownRecord)?;
        let payee = self
            .overlay
            .position(self.parent, to)
            .ok_or(Reason::UnknownRecord)?;
        let held = self.overlay.slots[payer].account.balance;
        let left = held.checked_sub(amount).ok_or(Reason::InsufficientFunds)?;
        if from == to {
            return Ok(());
        }
        // Only a supply beyond u64::MAX cents can overflow; refuse, never wrap.
        let held = self.overlay.slots[payee].account.balance;
        let grown = held.checked_add(amount).ok_or(Reason::Malformed)?;
        self.overlay.set_balance(payer, left);
        self.overlay.set_balance(payee, grown);
        Ok(())
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
