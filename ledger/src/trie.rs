//! One table: a persistent authenticated trie over hashed keys.
//!
//! A record's path is the hash of its key, so that no choice of keys unbalances
//! the trie. A subtree with at most [`LEAF_RECORDS`] records is one leaf page of
//! bytes, sorted by key; a larger one is an inner node. The shape thus depends on
//! the content alone, and so does the digest. Pages hold encoded records: copying
//! one is a memcpy, hashing one needs no encoding. An update takes a whole
//! block's changes, sorted by path, and visits every node once.

use crate::hash::{FANOUT, Hash, INNER_BYTES};
use crate::pages::siblings_of;
use borsh::BorshSerialize;
use std::sync::Arc;

/// The most records of a leaf page; about half of that is usual.
pub(crate) const LEAF_RECORDS: usize = 8;
/// Changes below which an update is not worth splitting over threads.
const SPLIT: usize = 64;
const COUNT_BYTES: usize = 1;
const PREFIX_BYTES: usize = 1 + 4;

#[derive(Clone, Debug)]
enum Node {
    Leaf(Arc<[u8]>),
    Inner(Arc<Inner>),
}

#[derive(Clone, Debug)]
struct Inner {
    digests: [u8; INNER_BYTES],
    children: [Option<Node>; FANOUT],
    count: u64,
}

/// A table's records. Cloning shares everything.
#[derive(Clone, Debug)]
pub(crate) struct Trie {
    table: u8,
    root: Option<Node>,
    digest: Hash,
}

/// A record to write, or to remove when there is no value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'b> {
    pub(crate) path: u128,
    pub(crate) key: &'b [u8],
    pub(crate) value: Option<&'b [u8]>,
}

/// Changes of one table, gathered before they are applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
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
    fn sorted(&self) -> Vec<Change<'_>> {
        let mut changes: Vec<Change<'_>> = self
            .entries
            .iter()
            .map(|entry| Change {
                path: entry.path,
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

/// The digit of a path at a depth, for inner nodes of either proof or trie.
pub(crate) fn digit(path: u128, depth: u32) -> usize {
    (path >> (126 - 2 * depth)) as usize % FANOUT
}

/// The digests beside a path, top first, and the leaf page there, if any.
pub(crate) type LeafPath = (Vec<[Hash; FANOUT - 1]>, Option<Vec<u8>>);

impl Trie {
    /// An empty table.
    pub(crate) fn new(table: u8) -> Trie {
        Trie {
            table,
            root: None,
            digest: Hash::ZERO,
        }
    }

    pub(crate) fn digest(&self) -> Hash {
        self.digest
    }

    pub(crate) fn len(&self) -> u64 {
        self.root.as_ref().map_or(0, Node::count)
    }

    /// The encoded value of a key.
    pub(crate) fn get(&self, path: u128, key: &[u8]) -> Option<&[u8]> {
        let mut node = self.root.as_ref()?;
        let mut depth = 0;
        loop {
            match node {
                Node::Leaf(page) => return find(page, key),
                Node::Inner(inner) => {
                    node = inner.children[digit(path, depth)].as_ref()?;
                    depth += 1;
                }
            }
        }
    }

    /// The trie with a block's changes applied.
    pub(crate) fn update(&self, batch: &Batch, parallel: bool) -> Trie {
        let changes = batch.sorted();
        if changes.is_empty() {
            return self.clone();
        }
        let task = Task {
            table: self.table,
            parallel,
        };
        match task.update(self.root.as_ref(), &changes, 0) {
            Some((node, digest)) => Trie {
                root: Some(node),
                digest,
                ..*self
            },
            None => Trie::new(self.table),
        }
    }

    /// Calls `visit` with every encoded key and value, in path order.
    pub(crate) fn for_each<'t>(&'t self, visit: &mut dyn FnMut(&'t [u8], &'t [u8])) {
        if let Some(root) = &self.root {
            root.for_each(visit);
        }
    }

    /// What proves that a path holds what it holds.
    pub(crate) fn path(&self, path: u128) -> LeafPath {
        let mut siblings = Vec::new();
        let mut node = self.root.as_ref();
        let mut depth = 0;
        loop {
            match node {
                None => return (siblings, None),
                Some(Node::Leaf(page)) => return (siblings, Some(page.to_vec())),
                Some(Node::Inner(inner)) => {
                    let digit = digit(path, depth);
                    siblings.push(siblings_of(&inner.digests, digit));
                    node = inner.children[digit].as_ref();
                    depth += 1;
                }
            }
        }
    }
}

impl Node {
    fn count(&self) -> u64 {
        match self {
            Node::Leaf(page) => u64::from(page[0]),
            Node::Inner(inner) => inner.count,
        }
    }

    fn for_each<'t>(&'t self, visit: &mut dyn FnMut(&'t [u8], &'t [u8])) {
        match self {
            Node::Leaf(page) => records(page).for_each(|(key, value)| visit(key, value)),
            Node::Inner(inner) => {
                inner
                    .children
                    .iter()
                    .flatten()
                    .for_each(|child| child.for_each(visit));
            }
        }
    }
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

/// A page of records, which are sorted by key here.
fn leaf(records: &mut [Change<'_>]) -> Option<(Node, Hash)> {
    if records.is_empty() {
        return None;
    }
    records.sort_unstable_by_key(|record| record.key);
    let payload: usize = records
        .iter()
        .map(|r| r.key.len() + r.value.map_or(0, <[u8]>::len))
        .sum();
    let mut page = Vec::with_capacity(COUNT_BYTES + records.len() * PREFIX_BYTES + payload);
    page.push(u8::try_from(records.len()).expect("a leaf holds at most LEAF_RECORDS"));
    for record in records {
        let value = record.value.unwrap_or_default();
        page.push(u8::try_from(record.key.len()).expect("a key takes at most 255 bytes"));
        let value_bytes = u32::try_from(value.len()).expect("a record is smaller than 4 GiB");
        page.extend_from_slice(&value_bytes.to_le_bytes());
        page.extend_from_slice(record.key);
        page.extend_from_slice(value);
    }
    let digest = Hash::page(&page);
    Some((Node::Leaf(Arc::from(page)), digest))
}

/// A subtree of exactly these records, sorted by path.
fn build(records: &mut [Change<'_>], depth: u32) -> Option<(Node, Hash)> {
    if records.len() <= LEAF_RECORDS {
        return leaf(records);
    }
    let count = records.len() as u64;
    let mut rest = records;
    let made = std::array::from_fn(|child| {
        let end = rest.partition_point(|record| digit(record.path, depth) <= child);
        let (part, after) = std::mem::take(&mut rest).split_at_mut(end);
        rest = after;
        build(part, depth + 1)
    });
    Some(join(made, count))
}

fn join(made: [Option<(Node, Hash)>; FANOUT], count: u64) -> (Node, Hash) {
    let mut digests = [0; INNER_BYTES];
    for (child, made) in made.iter().enumerate() {
        let digest = made.as_ref().map_or(Hash::ZERO, |(_, digest)| *digest);
        digests[child * 32..][..32].copy_from_slice(&digest.0);
    }
    let digest = Hash::inner(&digests);
    let children = made.map(|made| made.map(|(node, _)| node));
    (
        Node::Inner(Arc::new(Inner {
            digests,
            children,
            count,
        })),
        digest,
    )
}

/// What an update needs to know at every node.
#[derive(Clone, Copy)]
struct Task {
    table: u8,
    parallel: bool,
}

impl Task {
    /// `changes` is sorted by path, without repeats, and not empty.
    fn update(
        self,
        node: Option<&Node>,
        changes: &[Change<'_>],
        depth: u32,
    ) -> Option<(Node, Hash)> {
        match node {
            None => {
                let kept = changes
                    .iter()
                    .copied()
                    .filter(|change| change.value.is_some());
                build(&mut kept.collect::<Vec<_>>(), depth)
            }
            Some(Node::Leaf(page)) => self.update_leaf(page, changes, depth),
            Some(Node::Inner(inner)) => self.update_inner(inner, changes, depth),
        }
    }

    fn update_leaf(self, page: &[u8], changes: &[Change<'_>], depth: u32) -> Option<(Node, Hash)> {
        let mut merged = Vec::with_capacity(LEAF_RECORDS + changes.len());
        merged.extend(
            records(page)
                .filter(|(key, _)| changes.iter().all(|change| change.key != *key))
                .map(|(key, value)| Change {
                    path: 0,
                    key,
                    value: Some(value),
                }),
        );
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
                record.path = path_of(self.table, record.key);
            }
            merged.sort_unstable_by_key(|record| record.path);
        }
        build(&mut merged, depth)
    }

    fn update_inner(
        self,
        inner: &Inner,
        mut changes: &[Change<'_>],
        depth: u32,
    ) -> Option<(Node, Hash)> {
        let fork = self.parallel && changes.len() >= SPLIT;
        let mut parts: [&[Change<'_>]; FANOUT] = [&[]; FANOUT];
        for (child, part) in parts.iter_mut().enumerate() {
            let end = changes.partition_point(|change| digit(change.path, depth) <= child);
            (*part, changes) = changes.split_at(end);
        }
        // The outer option says whether the child was visited at all.
        let one = |child: usize| -> Option<Option<(Node, Hash)>> {
            let part = parts[child];
            let node = inner.children[child].as_ref();
            (!part.is_empty()).then(|| self.update(node, part, depth + 1))
        };
        let made = if fork {
            let ((a, b), (c, d)) = rayon::join(
                || rayon::join(|| one(0), || one(1)),
                || rayon::join(|| one(2), || one(3)),
            );
            [a, b, c, d]
        } else {
            std::array::from_fn(one)
        };
        inner.with(made)
    }
}

impl Inner {
    /// This node with the visited children replaced.
    fn with(&self, made: [Option<Option<(Node, Hash)>>; FANOUT]) -> Option<(Node, Hash)> {
        let mut count = self.count;
        let mut digests = self.digests;
        let mut child = 0;
        let children = made.map(|made| {
            let old = self.children[child].as_ref();
            let node = match made {
                None => old.cloned(),
                Some(made) => {
                    let (node, digest) = made.unzip();
                    count -= old.map_or(0, Node::count);
                    count += node.as_ref().map_or(0, Node::count);
                    digests[child * 32..][..32].copy_from_slice(&digest.unwrap_or_default().0);
                    node
                }
            };
            child += 1;
            node
        });
        if count > LEAF_RECORDS as u64 {
            let digest = Hash::inner(&digests);
            return Some((
                Node::Inner(Arc::new(Inner {
                    digests,
                    children,
                    count,
                })),
                digest,
            ));
        }
        let mut few = Vec::with_capacity(LEAF_RECORDS);
        children.iter().flatten().for_each(|child| {
            child.for_each(&mut |key, value| {
                few.push(Change {
                    path: 0,
                    key,
                    value: Some(value),
                });
            });
        });
        leaf(&mut few)
    }
}

#[cfg(test)]
#[path = "trie_tests.rs"]
mod tests;
