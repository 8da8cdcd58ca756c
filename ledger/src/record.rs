//! How a kind of record joins the ledger. One file per kind; this page is the
//! whole contract.
//!
//! A record kind consists of
//!
//! 1. **Tables.** A unit struct per table that implements [`Table`]: a key, a
//!    value, and an [`Table::ID`] that no other table uses. Ranges: 1-15
//!    payments, 16-31 invoices, 32-47 credit, 48-63 receivables, 64-79 evidence,
//!    80-95 goods, then eight for each further kind.
//!    Keys and values are borsh-encoded (derive `BorshSerialize` and
//!    `BorshDeserialize`); that encoding is what the state root commits to.
//!    A table that holds nothing does not contribute to the root, so that a
//!    new kind does not change old roots.
//! 2. **A transaction enum**, one variant per step ("issue", "claim"), with
//!    the same two derives plus `Clone, PartialEq, Eq, Debug`. Box what is
//!    rare and large: [`crate::transaction::Body`] must stay within
//!    [`crate::transaction::BODY_LIMIT`] bytes. Its wire size is its borsh
//!    encoding; documents beyond the fields are the transaction's `filler`.
//! 3. **A [`Rule`]** for that enum: its name per variant, the static set of keys
//!    that it may touch, and `apply`.
//! 4. **Five lines elsewhere**: `pub mod kind;` in `lib.rs`, the variant in
//!    [`crate::transaction::Body`] and its arm in `Body::rule`, a `From` if wanted.
//!
//! Most kinds are instruments, chains of custody, consented records or plain entries:
//! [`crate::patterns`] has their functions and tables, and a kind declares its own over
//! them. See [`crate::receivable`] for an example.
//!
//! What `apply` may rely on:
//!
//! - The sender exists, its signature is good and its nonce is used up already.
//! - All or nothing: when `apply` returns `Err`, every write that it made through
//!   [`Access`] is undone by the ledger. It may check and write in any order.
//! - It sees the writes of every earlier transaction of the block.
//!
//! What it must hold to:
//!
//! - It reads and writes only keys declared by `touches` (which may depend on the
//!   transaction and the [`Context`], never on the state). Debug builds panic
//!   on an undeclared access, because the parallel executor would race on it.
//!   If the key to touch is found only in the state (an invoice's issuer), put it
//!   into the transaction and have the rule compare.
//! - No time but `context.timestamp_ns`, no randomness, no floats.
//!
//! ```
//! use groma_ledger::{Access, Context, Reason, Rule, Table, Touches};
//!
//! /// Notes by number.
//! struct Notes;
//! impl Table for Notes {
//!     const ID: u8 = 255;
//!     const NAME: &'static str = "notes";
//!     type Key = u64;
//!     type Value = String;
//! }
//!
//! /// Writes a note once.
//! struct Write { number: u64, text: String }
//! impl Rule for Write {
//!     fn kind(&self) -> &'static str { "note.write" }
//!     fn touches(&self, _: &Context, touches: &mut Touches) {
//!         touches.write::<Notes>(&self.number);
//!     }
//!     fn apply(&self, _: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
//!         if access.get::<Notes>(&self.number).is_some() {
//!             return Err(Reason::AlreadyExists);
//!         }
//!         access.put::<Notes>(self.number, self.text.clone());
//!         Ok(())
//!     }
//! }
//! ```

use crate::access::Access;
use crate::account::AccountId;
use crate::hash::TxId;
use crate::receipt::Reason;
use borsh::{BorshDeserialize, BorshSerialize};
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hash as StdHash};

/// A typed table of the state. See the module's page.
pub trait Table: 'static {
    /// Unique among all tables, never zero (which stands for the accounts) and
    /// never reused: it is part of the state root.
    const ID: u8;
    /// For reports and messages.
    const NAME: &'static str;
    /// At most 255 bytes when encoded.
    type Key: Clone + Eq + StdHash + BorshSerialize + BorshDeserialize + Send + Sync + 'static;
    /// What a key holds.
    type Value: Clone + BorshSerialize + BorshDeserialize + Send + Sync + 'static;
}

/// What a rule knows of its transaction and block besides the body.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Who signed it.
    pub sender: AccountId,
    /// The transaction's id: a ready-made unique key for what it creates.
    pub id: TxId,
    /// Height of the block.
    pub height: u64,
    /// Timestamp of the block, nanoseconds, set by its proposer.
    pub timestamp_ns: u64,
}

/// The law of one record kind's transactions.
pub trait Rule {
    /// Dotted name of this step, e.g. `"invoice.issue"`.
    fn kind(&self) -> &'static str;
    /// Declares every key that `apply` may read or write. The sender's account
    /// is declared already.
    fn touches(&self, context: &Context, touches: &mut Touches);
    /// How many executions of a payment it is worth, the root left out: what a simulator
    /// charges, whether it is applied or refused. It follows from the transaction alone.
    /// Only what computes or reads much by design says more than one.
    fn weight(&self) -> u64 {
        1
    }

    /// Checks and writes. On `Err` all writes are undone.
    ///
    /// # Errors
    /// The reason of the refusal.
    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason>;
}

/// A key that a transaction may touch, as a fingerprint: equal keys have equal
/// fingerprints; a collision only makes two transactions wait for each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Touch {
    pub(crate) key: u64,
    pub(crate) write: bool,
}

/// The static access set of one transaction.
#[derive(Clone, Debug, Default)]
pub struct Touches {
    list: Vec<Touch>,
}

impl Touches {
    /// An empty set.
    pub fn new() -> Touches {
        Touches::default()
    }

    /// Will read this record but not write it.
    pub fn read<T: Table>(&mut self, key: &T::Key) {
        self.list.push(Touch {
            key: fingerprint::<T>(key),
            write: false,
        });
    }

    /// May write this record (and read it).
    pub fn write<T: Table>(&mut self, key: &T::Key) {
        self.list.push(Touch {
            key: fingerprint::<T>(key),
            write: true,
        });
    }

    /// May change this account's balance (and read it).
    pub fn account(&mut self, id: AccountId) {
        self.list.push(Touch {
            key: account_fingerprint(id),
            write: true,
        });
    }

    /// Will read this account's balance but not change it.
    pub fn read_account(&mut self, id: AccountId) {
        self.list.push(Touch {
            key: account_fingerprint(id),
            write: false,
        });
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    pub(crate) fn list(&self) -> &[Touch] {
        &self.list
    }

    pub(crate) fn allows(&self, key: u64, write: bool) -> bool {
        self.list
            .iter()
            .any(|touch| touch.key == key && (touch.write || !write))
    }
}

pub(crate) fn fingerprint<T: Table>(key: &T::Key) -> u64 {
    FixedState::with_seed(u64::from(T::ID)).hash_one(key)
}

pub(crate) fn account_fingerprint(id: AccountId) -> u64 {
    FixedState::with_seed(0).hash_one(id.0)
}
