//! The waiting room: vertices whose parents are missing.
//!
//! Each waits for one missing parent at a time. Bounded: when it is full, the
//! newest vertex goes, since the older ones are what it needs first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Vertex, VertexRef};

#[derive(Debug)]
pub(crate) struct Room<V> {
    waiting: BTreeMap<VertexRef, Arc<V>>,
    /// Who waits for whom.
    blocked: BTreeMap<VertexRef, Vec<VertexRef>>,
    most: usize,
}

impl<V: Vertex> Room<V> {
    /// A room for so many vertices.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            waiting: BTreeMap::new(),
            blocked: BTreeMap::new(),
            most,
        }
    }

    /// Whether a vertex waits here.
    pub(crate) fn holds(&self, at: &VertexRef) -> bool {
        self.waiting.contains_key(at)
    }

    /// Takes in a vertex that lacks a parent; `false` when there was no room
    /// for it or for a newer one.
    pub(crate) fn put(&mut self, vertex: Arc<V>, lacks: VertexRef) -> bool {
        let at = vertex.at();
        if self.waiting.insert(at, vertex).is_none() {
            self.blocked.entry(lacks).or_default().push(at);
        }
        if self.waiting.len() <= self.most {
            return true;
        }
        self.waiting.pop_last();
        false
    }

    /// Those that waited for a vertex, now that it is here.
    pub(crate) fn release(&mut self, at: &VertexRef) -> Vec<Arc<V>> {
        let blocked = self.blocked.remove(at).unwrap_or_default();
        let freed = blocked.iter().filter_map(|at| self.waiting.remove(at));
        freed.collect()
    }

    /// All of them, in order: what is present has changed altogether.
    pub(crate) fn release_all(&mut self) -> Vec<Arc<V>> {
        self.blocked.clear();
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    /// The oldest parents that are missing, at most `most`.
    pub(crate) fn wants(
        &self,
        present: impl Fn(&VertexRef) -> bool,
        most: usize,
    ) -> Vec<VertexRef> {
        let mut wants = BTreeSet::new();
        for vertex in self.waiting.values() {
            let missing = vertex.parents().iter();
            wants.extend(missing.filter(|at| !self.holds(at) && !present(at)));
            if wants.len() >= most {
                break;
            }
        }
        wants.into_iter().take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, bare};
    use super::*;

    #[test]
    fn a_vertex_waits_for_its_parents_and_the_newest_makes_room() {
        let mut room = Room::new(2);
        assert!(room.put(bare(2, 0, &[1, 2], 0), at(1, 1)));
        assert!(room.put(bare(3, 0, &[0], 0), at(2, 0)));
        assert_eq!(room.wants(|at| at.author.0 == 2, 9), [at(1, 1)]);
        assert!(!room.put(bare(4, 0, &[0], 0), at(3, 0)));
        assert!(!room.holds(&at(4, 0)));
        assert_eq!(room.release(&at(1, 1)), [bare(2, 0, &[1, 2], 0)]);
        assert_eq!(room.release_all(), [bare(3, 0, &[0], 0)]);
        assert!(room.release_all().is_empty());
    }
}
