//! A key-value store, as YCSB uses one (docs/sources.md YCSB): read, update, insert, scan, and
//! read-modify-write, in several spaces of numbered records.
//!
//! The document itself is the transaction's filler: it is paid for on the wire and held as a length.
//! The state keeps of each record how often it was written and a digest of all that was written to it,
//! 24 bytes instead of a thousand. A digest is the exclusive or of the ids of the writes, so that the
//! law can hold the records against the tallies of those who wrote: a write that is lost, or that counts
//! twice, leaves a trace in both.
//!
//! A record below the number loaded is there before it is first written, at version 0, and costs no
//! memory. A scan names its first key and a count, because what a step may touch must not depend on the
//! state: it reads numbers in a row and skips those that are not there.

use crate::access::Access;
use crate::hash::TxId;
use crate::patterns::tally::{self, Tallied, Tallies};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};

/// One operation in one space.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct KeyValueTx {
    /// In which space.
    pub space: u8,
    /// What.
    pub operation: Operation,
}

/// What may be asked of the store.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Operation {
    /// Reads a record.
    Read {
        /// Its number.
        number: u64,
    },
    /// Overwrites a field of a record.
    Update {
        /// Its number.
        number: u64,
    },
    /// Writes a record that is not there yet.
    Insert {
        /// Its number.
        number: u64,
    },
    /// Reads records in a row.
    Scan {
        /// The first, which must be there.
        from: u64,
        /// How many numbers, 1 to [`SCAN_LIMIT`].
        count: u16,
    },
    /// Reads a record and writes what follows from it.
    ReadModifyWrite {
        /// Its number.
        number: u64,
    },
}

/// The most records of one scan.
pub const SCAN_LIMIT: u16 = 1_000;

/// A record's key.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct RowKey {
    /// In which space.
    pub space: u8,
    /// Which there.
    pub number: u64,
}

/// What the state keeps of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Row {
    /// How often it was written.
    pub version: u64,
    /// The exclusive or of the ids of those writes, 128 bits of each.
    pub history: u128,
}

/// Records that were written.
pub struct Rows;

impl Table for Rows {
    const ID: u8 = 192;
    const NAME: &'static str = "keyvalue_rows";
    type Key = RowKey;
    type Value = Row;
}

/// How many records a space was loaded with: numbers from 0. Written at genesis.
pub struct Spaces;

impl Table for Spaces {
    const ID: u8 = 193;
    const NAME: &'static str = "keyvalue_spaces";
    type Key = u8;
    type Value = u64;
}

/// What a sender wrote into a space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Written {
    /// Updates, inserts and read-modify-writes.
    pub writes: u64,
    /// Inserts among them.
    pub inserts: u64,
    /// The exclusive or of their ids.
    pub history: u128,
}

/// The store, as a keeper of tallies.
pub struct KeyValue;

impl Tallied for KeyValue {
    const TALLIES: u8 = 194;
    const TALLIES_NAME: &'static str = "keyvalue_tallies";
    type Tally = Written;
}

/// Tallies by sender and space, for those who look into the state.
pub type KeyValueTallies = Tallies<KeyValue>;

/// What a write leaves of its id.
pub fn trace(id: TxId) -> u128 {
    let (trace, _) = id.0.split_first_chunk().expect("32 bytes hold 16");
    u128::from_le_bytes(*trace)
}

impl Operation {
    fn writes(&self) -> bool {
        !matches!(self, Operation::Read { .. } | Operation::Scan { .. })
    }
}

impl KeyValueTx {
    fn key(&self, number: u64) -> RowKey {
        RowKey {
            space: self.space,
            number,
        }
    }

    /// The keys of a scan; those above the last number are not there.
    fn scanned(&self, from: u64, count: u16) -> impl Iterator<Item = RowKey> {
        let space = self.space;
        (0..u64::from(count.min(SCAN_LIMIT))).filter_map(move |step| {
            let number = from.checked_add(step)?;
            Some(RowKey { space, number })
        })
    }
}

impl Rule for KeyValueTx {
    fn kind(&self) -> &'static str {
        match self.operation {
            Operation::Read { .. } => "keyvalue.read",
            Operation::Update { .. } => "keyvalue.update",
            Operation::Insert { .. } => "keyvalue.insert",
            Operation::Scan { .. } => "keyvalue.scan",
            Operation::ReadModifyWrite { .. } => "keyvalue.read_modify_write",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Spaces>(&self.space);
        match self.operation {
            Operation::Read { number } => touches.read::<Rows>(&self.key(number)),
            Operation::Scan { from, count } => {
                for key in self.scanned(from, count) {
                    touches.read::<Rows>(&key);
                }
            }
            Operation::Update { number }
            | Operation::Insert { number }
            | Operation::ReadModifyWrite { number } => touches.write::<Rows>(&self.key(number)),
        }
        if self.operation.writes() {
            tally::touch::<KeyValue>(self.space, context, touches);
        }
    }

    /// A scan reads four records while a payment is executed, as measured.
    fn weight(&self) -> u64 {
        match self.operation {
            Operation::Scan { count, .. } => 1 + u64::from(count.min(SCAN_LIMIT)) / 4,
            _ => 1,
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let space = access.get::<Spaces>(&self.space);
        let loaded = *space.ok_or(Reason::UnknownRecord)?;
        match self.operation {
            Operation::Read { number } => row(access, self.key(number), loaded).map(drop),
            Operation::Scan { from, count } => {
                if count == 0 || count > SCAN_LIMIT {
                    return Err(Reason::Malformed);
                }
                row(access, self.key(from), loaded)?;
                for key in self.scanned(from, count).skip(1) {
                    access.get::<Rows>(&key);
                }
                Ok(())
            }
            Operation::Update { number } | Operation::ReadModifyWrite { number } => {
                let before = row(access, self.key(number), loaded)?;
                self.write(context, access, number, before);
                Ok(())
            }
            Operation::Insert { number } => {
                if row(access, self.key(number), loaded).is_ok() {
                    return Err(Reason::AlreadyExists);
                }
                self.write(context, access, number, Row::default());
                Ok(())
            }
        }
    }
}

impl KeyValueTx {
    fn write(&self, context: &Context, access: &mut Access<'_>, number: u64, before: Row) {
        let trace = trace(context.id);
        let after = Row {
            version: before.version + 1,
            history: before.history ^ trace,
        };
        access.put::<Rows>(self.key(number), after);
        tally::count::<KeyValue>(self.space, context, access, |written| {
            written.writes += 1;
            written.inserts += u64::from(matches!(self.operation, Operation::Insert { .. }));
            written.history ^= trace;
        });
    }
}

/// A record that was written or loaded.
fn row(access: &mut Access<'_>, key: RowKey, loaded: u64) -> Result<Row, Reason> {
    let written = access.get::<Rows>(&key).copied();
    let loaded = (key.number < loaded).then(Row::default);
    written.or(loaded).ok_or(Reason::Dependency)
}
