//! Where the nodes of all versions of a state live: slabs, shared and swept.
//!
//! A version of a tree is a reference to its root. Versions share what they have in
//! common, so nodes are never changed, only added. Nothing counts references: to
//! copy a node costs its own lines of memory and none of its neighbours', which is most of
//! what a persistent tree costs once it outgrows the caches. Instead,
//! when the slabs have grown by half or more, everything that no living version reaches is
//! swept and its places are used again. That holds for any history, forks included.
//!
//! Knows neither keys nor values.

use crate::hash::{FANOUT, INNER_BYTES};

/// A reference to a node of an arena, or to none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ref(u32);

/// What a [`Ref`] refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    None,
    Leaf,
    Inner,
}

impl Ref {
    pub(crate) const NONE: Ref = Ref(u32::MAX);
    const LEAF: u32 = 1 << 31;
    /// Set while a node lies in a [`Patch`].
    const LOCAL: u32 = 1 << 30;
    const INDEX: u32 = Ref::LOCAL - 1;

    pub(crate) fn kind(self) -> Kind {
        match self {
            Ref::NONE => Kind::None,
            Ref(bits) if bits & Ref::LEAF != 0 => Kind::Leaf,
            Ref(_) => Kind::Inner,
        }
    }

    fn index(self) -> usize {
        (self.0 & Ref::INDEX) as usize
    }

    fn is_local(self) -> bool {
        self != Ref::NONE && self.0 & Ref::LOCAL != 0
    }

    fn made(index: usize, flags: u32) -> Ref {
        let index = u32::try_from(index)
            .ok()
            .filter(|&index| index < Ref::INDEX);
        Ref(index.expect("a state has fewer than 2^30 nodes of a kind") | flags)
    }
}

/// An inner node: its children, their digests side by side, and the sum of their counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inner {
    pub(crate) digests: [u8; INNER_BYTES],
    pub(crate) children: [Ref; FANOUT],
    pub(crate) count: u64,
}

impl Inner {
    pub(crate) const EMPTY: Inner = Inner {
        digests: [0; INNER_BYTES],
        children: [Ref::NONE; FANOUT],
        count: 0,
    };
}

/// Where an update reads old nodes and puts new ones.
pub(crate) trait Space<L> {
    fn inner(&self, node: Ref) -> &Inner;
    fn leaf(&self, node: Ref) -> &L;
    fn add_inner(&mut self, inner: &Inner) -> Ref;
    fn add_leaf(&mut self, leaf: L) -> Ref;
}

/// Places for values of one size, in chunks, so that growing moves nothing.
#[derive(Debug)]
struct Slab<T> {
    chunks: Vec<Vec<T>>,
    free: Vec<usize>,
    len: usize,
}

impl<T: Default> Slab<T> {
    const CHUNK: usize = 1024;

    const fn new() -> Slab<T> {
        Slab {
            chunks: Vec::new(),
            free: Vec::new(),
            len: 0,
        }
    }

    fn get(&self, index: usize) -> &T {
        &self.chunks[index / Self::CHUNK][index % Self::CHUNK]
    }

    #[inline]
    fn add(&mut self, value: T) -> usize {
        if let Some(index) = self.free.pop() {
            self.chunks[index / Self::CHUNK][index % Self::CHUNK] = value;
            return index;
        }
        let index = self.len;
        if index.is_multiple_of(Self::CHUNK) {
            self.chunks.push(Vec::with_capacity(Self::CHUNK));
        }
        self.chunks[index / Self::CHUNK].push(value);
        self.len += 1;
        index
    }

    fn used(&self) -> usize {
        self.len - self.free.len()
    }

    /// Frees every place that is not marked; the lowest are used first again.
    fn sweep(&mut self, marks: &Marks) {
        self.free.clear();
        for index in (0..self.len).rev().filter(|&index| !marks.has(index)) {
            // What owns no memory is left as it is: writing to it would cost a cache line.
            if std::mem::needs_drop::<T>() {
                self.chunks[index / Self::CHUNK][index % Self::CHUNK] = T::default();
            }
            self.free.push(index);
        }
    }
}

impl Default for Inner {
    fn default() -> Inner {
        Inner::EMPTY
    }
}

/// One bit for each place of a slab.
struct Marks(Vec<u64>);

impl Marks {
    fn none(len: usize) -> Marks {
        Marks(vec![0; len.div_ceil(64)])
    }

    fn has(&self, index: usize) -> bool {
        self.0[index / 64] & (1 << (index % 64)) != 0
    }

    /// Marks a place; whether it was new.
    fn set(&mut self, index: usize) -> bool {
        let new = !self.has(index);
        self.0[index / 64] |= 1 << (index % 64);
        new
    }
}

/// The nodes of all versions of some trees whose leaves are of one kind.
#[derive(Debug)]
pub(crate) struct Arena<L> {
    inner: Slab<Inner>,
    leaves: Slab<L>,
    /// Nodes at which it is time to sweep.
    limit: usize,
}

/// A state of so many nodes takes some 30 MB.
const SMALL: usize = 1 << 17;
/// Nodes below which sweeping is not worth the walk; unit tests sweep all the time.
const LEAST_LIMIT: usize = if cfg!(test) { 8 } else { 1 << 15 };

impl<L: Default> Arena<L> {
    pub(crate) const fn new() -> Arena<L> {
        Arena {
            inner: Slab::new(),
            leaves: Slab::new(),
            limit: LEAST_LIMIT,
        }
    }

    #[cfg(test)]
    pub(crate) fn never_sweep(&mut self) {
        self.limit = usize::MAX;
    }

    /// Whether so much was added since the last sweep that another is due.
    pub(crate) fn is_full(&self) -> bool {
        self.nodes() >= self.limit
    }

    /// Nodes that are not known to be free.
    pub(crate) fn nodes(&self) -> usize {
        self.inner.used() + self.leaves.used()
    }

    /// Frees every node that these roots do not reach.
    pub(crate) fn sweep(&mut self, roots: impl Iterator<Item = Ref>) {
        let mut inner = Marks::none(self.inner.len);
        let mut leaves = Marks::none(self.leaves.len);
        // Level by level, so that the next node's place is known long before its turn and
        // the misses of several nodes overlap.
        let mut level: Vec<Ref> = roots.collect();
        while !level.is_empty() {
            let mut below = Vec::with_capacity(level.len());
            for node in level {
                match node.kind() {
                    Kind::None => {}
                    Kind::Leaf => {
                        leaves.set(node.index());
                    }
                    Kind::Inner => {
                        if inner.set(node.index()) {
                            below.extend_from_slice(&self.inner.get(node.index()).children);
                        }
                    }
                }
            }
            level = below;
        }
        self.inner.sweep(&inner);
        self.leaves.sweep(&leaves);
        let nodes = self.nodes();
        // A small state may double, a large one grow by half.
        self.limit = nodes + nodes.min(SMALL).max(nodes / 2).max(LEAST_LIMIT);
    }

    /// Takes over the nodes that a patch added; returns where its root came to lie.
    pub(crate) fn absorb(&mut self, patch: Added<L>, root: Ref) -> Ref {
        let leaves: Vec<Ref> = patch
            .leaves
            .into_iter()
            .map(|leaf| self.add_leaf(leaf))
            .collect();
        let mut inner: Vec<Ref> = Vec::with_capacity(patch.inner.len());
        let moved = |node: Ref, inner: &[Ref]| match node.kind() {
            Kind::Leaf if node.is_local() => leaves[node.index()],
            Kind::Inner if node.is_local() => inner[node.index()],
            _ => node,
        };
        for mut node in patch.inner {
            // Children were added before their parents.
            node.children = node.children.map(|child| moved(child, &inner));
            inner.push(self.add_inner(&node));
        }
        moved(root, &inner)
    }
}

impl<L: Default> Space<L> for Arena<L> {
    fn inner(&self, node: Ref) -> &Inner {
        self.inner.get(node.index())
    }

    fn leaf(&self, node: Ref) -> &L {
        self.leaves.get(node.index())
    }

    #[inline]
    fn add_inner(&mut self, inner: &Inner) -> Ref {
        Ref::made(self.inner.add(*inner), 0)
    }

    #[inline]
    fn add_leaf(&mut self, leaf: L) -> Ref {
        Ref::made(self.leaves.add(leaf), Ref::LEAF)
    }
}

/// An arena that one thread of several extends, without changing it yet.
pub(crate) struct Patch<'a, L> {
    base: &'a Arena<L>,
    added: Added<L>,
}

/// What a [`Patch`] holds beyond its base.
pub(crate) struct Added<L> {
    inner: Vec<Inner>,
    leaves: Vec<L>,
}

impl<'a, L> Patch<'a, L> {
    pub(crate) fn new(base: &'a Arena<L>) -> Patch<'a, L> {
        Patch {
            base,
            added: Added {
                inner: Vec::new(),
                leaves: Vec::new(),
            },
        }
    }

    pub(crate) fn into_added(self) -> Added<L> {
        self.added
    }
}

impl<L: Default> Space<L> for Patch<'_, L> {
    fn inner(&self, node: Ref) -> &Inner {
        if node.is_local() {
            &self.added.inner[node.index()]
        } else {
            self.base.inner(node)
        }
    }

    fn leaf(&self, node: Ref) -> &L {
        if node.is_local() {
            &self.added.leaves[node.index()]
        } else {
            self.base.leaf(node)
        }
    }

    #[inline]
    fn add_inner(&mut self, inner: &Inner) -> Ref {
        self.added.inner.push(*inner);
        Ref::made(self.added.inner.len() - 1, Ref::LOCAL)
    }

    #[inline]
    fn add_leaf(&mut self, leaf: L) -> Ref {
        self.added.leaves.push(leaf);
        Ref::made(self.added.leaves.len() - 1, Ref::LOCAL | Ref::LEAF)
    }
}
