//! One table's leaves: pages of encoded records, sorted by key.
//!
//! A record's path is the hash of its table and key, so that no choice of keys unbalances the
//! tree. A subtree with at most [`LEAF_RECORDS`] records is one page, a larger one
//! an inner node: the shape depends on the content alone, and so does the digest. Pages hold
//! encoded records: copying one is a memcpy, hashing one needs no encoding.

use crate::arena::{Ref, Space};
use crate::hash::{FANOUT, Hash};
use crate::tree::{self, Leaf, Root};
use borsh::BorshSerialize;
use smallvec::SmallVec;
use std::sync::Arc;

/// The most records of a page; about half of that is usual.
pub(crate) const LEAF_RECORDS: usize = 8;
const COUNT_BYTES: usize = 1;
const PREFIX_BYTES: usize = 1 + 4;

/// A page of records. Byte 0 is their number; each has the lengths of key and value, the
/// key, and the value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records(Arc<[u8]>);

/// A record to write, or to remove when there is no value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'b> {
    path: u128,
    table: u8,
    key: &'b [u8],
    value: Option<&'b [u8]>,
}

/// Changes of one table, gathered before they are applied.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    table: u8,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    path: u128,
    key: usize,
    value: usize,
    end: usize,
    kept: bool,
}

impl Batch {
    pub(crate) const fn new(table: u8) -> Batch {
        Batch {
            table,
            bytes: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Adds a change of one key, of which the caller knows the path.
    pub(crate) fn push(
        &mut self,
        path: u128,
        key: &impl BorshSerialize,
        value: Option<&impl BorshSerialize>,
    ) {
        let start = self.bytes.len();
        key.serialize(&mut self.bytes).expect(IN_MEMORY);
        let middle = self.bytes.len();
        let kept = value.is_some();
        if let Some(value) = value {
            value.serialize(&mut self.bytes).expect(IN_MEMORY);
        }
        let end = self.bytes.len();
        self.entries.push(Entry {
            path,
            key: start,
            value: middle,
            end,
            kept,
        });
    }

    /// Adds all changes of another batch of the same table.
    pub(crate) fn append(&mut self, other: &Batch) {
        let shift = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.entries.extend(other.entries.iter().map(|entry| Entry {
            key: entry.key + shift,
            value: entry.value + shift,
            end: entry.end + shift,
            ..*entry
        }));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The changes by path. No key occurs twice, so the order is content's alone.
    pub(crate) fn sorted(&self) -> Vec<Change<'_>> {
        let mut changes: Vec<Change<'_>> = self
            .entries
            .iter()
            .map(|entry| Change {
                path: entry.path,
                table: self.table,
                key: &self.bytes[entry.key..entry.value],
                value: entry.kept.then(|| &self.bytes[entry.value..entry.end]),
            })
            .collect();
        changes.sort_unstable_by_key(|change| change.path);
        changes
    }
}

const IN_MEMORY: &str = "writing to memory cannot fail";

/// The longest encoded key.
pub(crate) const KEY_LIMIT: usize = 255;

/// A key's encoding, on the stack.
pub(crate) struct KeyBytes {
    bytes: [u8; KEY_LIMIT],
    len: usize,
}

impl KeyBytes {
    pub(crate) fn of(key: &impl BorshSerialize) -> KeyBytes {
        let mut bytes = [0; KEY_LIMIT];
        let mut rest = &mut bytes[..];
        key.serialize(&mut rest)
            .expect("an encoded key has at most 255 bytes");
        let len = KEY_LIMIT - rest.len();
        KeyBytes { bytes, len }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Where a key lives: the first 16 bytes of its hash, most significant digit first.
pub(crate) fn path_of(table: u8, key: &[u8]) -> u128 {
    let digest = Hash::of(&[&[table], key]);
    u128::from_be_bytes(*digest.0.first_chunk().expect("32 bytes hold 16"))
}

/// The records of a leaf page, sorted by key; stops at the first malformed one.
fn records(page: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = page.get(COUNT_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (prefix, after) = rest.split_first_chunk::<PREFIX_BYTES>()?;
        let [key_bytes, a, b, c, d] = *prefix;
        let (key, after) = after.split_at_checked(usize::from(key_bytes))?;
        let value_bytes = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let (value, after) = after.split_at_checked(value_bytes)?;
        rest = after;
        Some((key, value))
    })
}

/// The value of a key in a leaf page.
pub(crate) fn find<'p>(page: &'p [u8], key: &[u8]) -> Option<&'p [u8]> {
    records(page)
        .find(|(candidate, _)| *candidate == key)
        .map(|(_, value)| value)
}

impl Records {
    /// The value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        find(&self.0, key)
    }

    /// Every key and value, sorted by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        records(&self.0)
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.iter().map(|(key, value)| Change {
            path: 0,
            table: 0,
            key,
            value: Some(value),
        })
    }
}

impl Leaf for Records {
    type Change<'c> = Change<'c>;

    const MERGED: u64 = LEAF_RECORDS as u64;

    fn path(change: &Change<'_>) -> u128 {
        change.path
    }

    fn count(&self) -> u64 {
        self.0.first().copied().map_or(0, u64::from)
    }

    fn update<S: Space<Records>>(
        space: &mut S,
        old: Ref,
        changes: &[Change<'_>],
        depth: u32,
    ) -> Root {
        let page = if old == Ref::NONE {
            Records::default()
        } else {
            space.leaf(old).clone()
        };
        let mut merged: SmallVec<[Change<'_>; 2 * LEAF_RECORDS]> = SmallVec::new();
        let stays = |record: &Change<'_>| changes.iter().all(|change| change.key != record.key);
        merged.extend(page.changes().filter(stays));
        let old = merged.len();
        merged.extend(
            changes
                .iter()
                .copied()
                .filter(|change| change.value.is_some()),
        );
        if merged.len() > LEAF_RECORDS {
            // Paths are not stored: a split, one in several inserts, derives them again.
            for record in &mut merged[..old] {
                record.path = path_of(changes[0].table, record.key);
            }
            merged.sort_unstable_by_key(|record| record.path);
        }
        build(space, &mut merged, depth)
    }

    fn merge<S: Space<Records>>(space: &mut S, leaves: &[Ref]) -> Root {
        let pages: Vec<Records> = leaves
            .iter()
            .map(|&leaf| space.leaf(leaf).clone())
            .collect();
        add(
            space,
            &mut pages.iter().flat_map(Records::changes).collect::<Vec<_>>(),
        )
    }
}

/// A page of records, which are sorted by key here.
fn add<S: Space<Records>>(space: &mut S, records: &mut [Change<'_>]) -> Root {
    if records.is_empty() {
        return Root::EMPTY;
    }
    records.sort_unstable_by_key(|record| record.key);
    // Put together on the stack, so that only what is kept is allocated.
    let mut page: SmallVec<[u8; 1024]> = SmallVec::new();
    page.push(u8::try_from(records.len()).expect("a page holds at most LEAF_RECORDS"));
    for record in records.iter() {
        let value = record.value.unwrap_or_default();
        page.push(u8::try_from(record.key.len()).expect("a key takes at most 255 bytes"));
        let value_bytes = u32::try_from(value.len()).expect("a record is smaller than 4 GiB");
        page.extend_from_slice(&value_bytes.to_le_bytes());
        page.extend_from_slice(record.key);
        page.extend_from_slice(value);
    }
    let digest = Hash::page(&page);
    let node = space.add_leaf(Records(Arc::from(page.as_slice())));
    Root {
        node,
        digest,
        count: records.len() as u64,
    }
}

/// A subtree of exactly these records, sorted by path if they are more than a page.
fn build<S: Space<Records>>(space: &mut S, records: &mut [Change<'_>], depth: u32) -> Root {
    if records.len() <= LEAF_RECORDS {
        return add(space, records);
    }
    let mut rest = records;
    let mut made = [Root::EMPTY; FANOUT];
    for (child, made) in made.iter_mut().enumerate() {
        let end = rest.partition_point(|record| tree::digit(record.path, depth) <= child);
        let (part, after) = std::mem::take(&mut rest).split_at_mut(end);
        rest = after;
        *made = build(space, part, depth + 1);
    }
    tree::join::<Records, S>(space, made)
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
