//! A persistent authenticated radix tree, whatever its leaves hold.
//!
//! A change or a key has a path of 64 digits of two bits, top first. A block's changes,
//! sorted by path, are applied in one pass that visits each node once and hashes it on the
//! way back up. What a leaf holds, when it splits and when leaves merge is the affair of
//! [`Leaf`]: account pages ([`crate::pages`]) or pages of records ([`crate::records`]).

use crate::arena::{Arena, Inner, Kind, Patch, Ref, Space};
use crate::hash::{FANOUT, Hash, digest_at};
use rayon::prelude::*;

/// A version of a tree: everything that it is beyond its nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Root {
    pub(crate) node: Ref,
    pub(crate) digest: Hash,
    /// What the leaves count: records, or pages.
    pub(crate) count: u64,
}

impl Root {
    pub(crate) const EMPTY: Root = Root {
        node: Ref::NONE,
        digest: Hash::ZERO,
        count: 0,
    };
}

/// A kind of leaf.
pub(crate) trait Leaf: Clone + Default + Send + Sync {
    /// One change to what a leaf holds.
    type Change<'c>: Copy + Send + Sync;

    /// Subtrees that count no more than this are one leaf; zero: leaves never merge.
    const MERGED: u64;

    /// Where a change applies.
    fn path(change: &Self::Change<'_>) -> u128;

    fn count(&self) -> u64;

    /// Makes the subtree at `depth` that holds what `old` holds, changed. `changes` is
    /// sorted by path and not empty.
    fn update<S: Space<Self>>(
        space: &mut S,
        old: Ref,
        changes: &[Self::Change<'_>],
        depth: u32,
    ) -> Root;

    /// One leaf that holds what these hold, in any order.
    fn merge<S: Space<Self>>(space: &mut S, leaves: &[Ref]) -> Root;
}

/// Digits of a path.
pub(crate) const DEPTH_LIMIT: u32 = 64;

/// The digit of a path at a depth.
pub(crate) fn digit(path: u128, depth: u32) -> usize {
    (path >> (126 - 2 * depth)) as usize % FANOUT
}

/// The leaf at the end of a path.
pub(crate) fn find<L: Leaf>(arena: &Arena<L>, mut node: Ref, path: u128) -> Option<&L> {
    let mut depth = 0;
    loop {
        match node.kind() {
            Kind::None => return None,
            Kind::Leaf => return Some(arena.leaf(node)),
            Kind::Inner => node = arena.inner(node).children[digit(path, depth)],
        }
        depth += 1;
    }
}

/// The other children's digests of each inner node on a path, top first.
pub(crate) type Siblings = Vec<[Hash; FANOUT - 1]>;

/// The digests beside a path.
pub(crate) fn siblings<L: Leaf>(arena: &Arena<L>, mut node: Ref, path: u128) -> Siblings {
    let mut siblings = Siblings::new();
    let mut depth = 0;
    while node.kind() == Kind::Inner {
        let inner = arena.inner(node);
        let digit = digit(path, depth);
        let mut others = (0..FANOUT).filter(|&child| child != digit);
        siblings.push(std::array::from_fn(|_| {
            let child = others.next().expect("all children but one");
            digest_at(&inner.digests, child)
        }));
        node = inner.children[digit];
        depth += 1;
    }
    siblings
}

/// Calls `visit` with every leaf, in order of path.
pub(crate) fn for_each_leaf<'a, L: Leaf>(
    arena: &'a Arena<L>,
    node: Ref,
    visit: &mut dyn FnMut(&'a L),
) {
    match node.kind() {
        Kind::None => {}
        Kind::Leaf => visit(arena.leaf(node)),
        Kind::Inner => {
            for child in arena.inner(node).children {
                for_each_leaf(arena, child, visit);
            }
        }
    }
}

/// The version after `changes`, which are sorted by path.
pub(crate) fn update<L: Leaf>(
    arena: &mut Arena<L>,
    root: Root,
    changes: &[L::Change<'_>],
    parallel: bool,
) -> Root {
    if changes.is_empty() {
        root
    } else if parallel && root.node.kind() == Kind::Inner {
        update_in_parallel(arena, root.node, changes)
    } else {
        update_below(arena, root.node, changes, 0)
    }
}

fn update_below<L: Leaf, S: Space<L>>(
    space: &mut S,
    node: Ref,
    changes: &[L::Change<'_>],
    depth: u32,
) -> Root {
    if node.kind() != Kind::Inner {
        return L::update(space, node, changes, depth);
    }
    let mut inner = *space.inner(node);
    for (child, part) in split::<L>(changes, depth).into_iter().enumerate() {
        if !part.is_empty() {
            let old = inner.children[child];
            let made = update_below(space, old, part, depth + 1);
            replace::<L, S>(space, &mut inner, child, made);
        }
    }
    finish(space, &inner)
}

/// Cuts sorted changes by the child that they go to.
fn split<'c, 'd, L: Leaf>(
    mut changes: &'d [L::Change<'c>],
    depth: u32,
) -> [&'d [L::Change<'c>]; FANOUT] {
    std::array::from_fn(|child| {
        let end = changes.partition_point(|change| digit(L::path(change), depth) <= child);
        let (part, rest) = changes.split_at(end);
        changes = rest;
        part
    })
}

fn count<L: Leaf, S: Space<L>>(space: &S, node: Ref) -> u64 {
    match node.kind() {
        Kind::None => 0,
        Kind::Leaf => space.leaf(node).count(),
        Kind::Inner => space.inner(node).count,
    }
}

fn replace<L: Leaf, S: Space<L>>(space: &S, inner: &mut Inner, child: usize, made: Root) {
    inner.count = inner.count - count(space, inner.children[child]) + made.count;
    inner.children[child] = made.node;
    inner.digests[child * 32..][..32].copy_from_slice(&made.digest.0);
}

/// Adds an inner node, or what it has shrunk to.
fn finish<L: Leaf, S: Space<L>>(space: &mut S, inner: &Inner) -> Root {
    if inner.count > L::MERGED {
        let digest = Hash::inner(&inner.digests);
        return Root {
            node: space.add_inner(inner),
            digest,
            count: inner.count,
        };
    }
    if inner.count == 0 {
        return Root::EMPTY;
    }
    let mut leaves = Vec::new();
    gather(space, inner, &mut leaves);
    L::merge(space, &leaves)
}

fn gather<L, S: Space<L>>(space: &S, inner: &Inner, leaves: &mut Vec<Ref>) {
    for child in inner.children {
        match child.kind() {
            Kind::None => {}
            Kind::Leaf => leaves.push(child),
            Kind::Inner => gather(space, space.inner(child), leaves),
        }
    }
}

/// An inner node of children that were just made.
pub(crate) fn join<L: Leaf, S: Space<L>>(space: &mut S, made: [Root; FANOUT]) -> Root {
    let mut inner = Inner::EMPTY;
    for (child, made) in made.into_iter().enumerate() {
        replace::<L, S>(space, &mut inner, child, made);
    }
    finish(space, &inner)
}

/// As [`update_below`] at the root, with the subtrees two levels down on rayon's threads:
/// each task writes to a patch of its own, and the patches are taken over in order.
fn update_in_parallel<L: Leaf>(arena: &mut Arena<L>, node: Ref, changes: &[L::Change<'_>]) -> Root {
    let mut root = *arena.inner(node);
    let mut tops: Vec<(usize, Option<Inner>)> = Vec::new();
    let mut tasks: Vec<(Ref, &[L::Change<'_>], u32)> = Vec::new();
    for (child, part) in split::<L>(changes, 0).into_iter().enumerate() {
        let node = root.children[child];
        if part.is_empty() {
            continue;
        }
        if node.kind() == Kind::Inner {
            let top = *arena.inner(node);
            tops.push((child, Some(top)));
            tasks.extend(std::iter::zip(top.children, split::<L>(part, 1)).map(|(n, p)| (n, p, 2)));
        } else {
            tops.push((child, None));
            tasks.push((node, part, 1));
        }
    }
    let base: &Arena<L> = arena;
    let work = |&(node, part, depth): &(Ref, &[L::Change<'_>], u32)| {
        let mut patch = Patch::new(base);
        let made = (!part.is_empty()).then(|| update_below(&mut patch, node, part, depth));
        made.map(|made| (made, patch.into_added()))
    };
    let mut made = tasks.par_iter().map(work).collect::<Vec<_>>().into_iter();
    let mut take = |arena: &mut Arena<L>| {
        let (made, added) = made.next().flatten()?;
        Some(Root {
            node: arena.absorb(added, made.node),
            ..made
        })
    };
    for (child, top) in tops {
        let made = match top {
            Some(mut top) => {
                for below in 0..FANOUT {
                    if let Some(made) = take(arena) {
                        replace::<L, Arena<L>>(arena, &mut top, below, made);
                    }
                }
                finish(arena, &top)
            }
            None => take(arena).unwrap_or(Root::EMPTY),
        };
        replace::<L, Arena<L>>(arena, &mut root, child, made);
    }
    finish(arena, &root)
}
