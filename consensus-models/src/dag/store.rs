//! The vertices at hand, by round and author.
//!
//! A vertex is stored once all its ancestors above the commit depth are here
//! or delivered; the caller sees to that. Two vertices of one author in one
//! round may stand side by side: whether that can be is the protocol's affair.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Vertex, VertexRef};
use crate::committee::ReplicaId;

#[derive(Debug)]
struct Round<V> {
    by_author: Vec<SmallVec<[Arc<V>; 1]>>,
    authors: u32,
}

/// The vertices of the rounds above the one up to which all are gone.
#[derive(Debug)]
pub(crate) struct Dag<V> {
    n: u32,
    kept: u64,
    rounds: BTreeMap<u64, Round<V>>,
}

impl<V: Vertex> Dag<V> {
    /// No vertices, for `n` authors.
    pub(crate) fn new(n: u32) -> Self {
        Self {
            n,
            kept: 0,
            rounds: BTreeMap::new(),
        }
    }

    /// Keeps a vertex; `false` when it is here already or too old.
    pub(crate) fn insert(&mut self, vertex: Arc<V>) -> bool {
        let at = vertex.at();
        if at.round <= self.kept || at.author.0 >= self.n || self.get(&at).is_some() {
            return false;
        }
        let n = self.n as usize;
        let round = self.rounds.entry(at.round).or_insert_with(|| Round {
            by_author: (0..n).map(|_| SmallVec::new()).collect(),
            authors: 0,
        });
        let slot = &mut round.by_author[at.author.index()];
        round.authors += u32::from(slot.is_empty());
        slot.push(vertex);
        true
    }

    /// A vertex by its name.
    pub(crate) fn get(&self, at: &VertexRef) -> Option<&Arc<V>> {
        let slot = self.by(at.round, at.author);
        slot.iter().find(|vertex| vertex.at().id == at.id)
    }

    /// What an author said in a round.
    pub(crate) fn by(&self, round: u64, author: ReplicaId) -> &[Arc<V>] {
        let round = self.rounds.get(&round);
        let slot = round.and_then(|round| round.by_author.get(author.index()));
        slot.map_or(&[], |slot| slot.as_slice())
    }

    /// The vertices of a round, by author.
    pub(crate) fn round(&self, round: u64) -> impl Iterator<Item = &Arc<V>> {
        let slots = self.rounds.get(&round).map(|round| &round.by_author);
        slots.into_iter().flatten().flatten()
    }

    /// How many authors have a vertex in a round.
    pub(crate) fn count(&self, round: u64) -> u32 {
        self.rounds.get(&round).map_or(0, |round| round.authors)
    }

    /// The vertices of the rounds above `round`, in order.
    pub(crate) fn above(&self, round: u64) -> impl Iterator<Item = &Arc<V>> {
        let rounds = self.rounds.range(round.saturating_add(1)..);
        rounds.flat_map(|(_, round)| round.by_author.iter().flatten())
    }

    /// Drops the rounds up to `kept`.
    pub(crate) fn prune(&mut self, kept: u64) {
        if kept > self.kept {
            self.kept = kept;
            self.rounds = self.rounds.split_off(&(kept + 1));
        }
    }

    /// Whether links between neighbouring rounds lead from one vertex down to
    /// another.
    pub(crate) fn reaches(&self, from: VertexRef, to: VertexRef) -> bool {
        let mut layer = BTreeSet::from([from]);
        for round in (to.round..from.round).rev() {
            let held = layer.iter().filter_map(|at| self.get(at));
            let links = held.flat_map(|vertex| vertex.parents());
            layer = links.filter(|at| at.round == round).copied().collect();
        }
        layer.contains(&to)
    }

    /// A vertex and its ancestors in order of their names, without those at
    /// which `stop` says so and what only they link to.
    pub(crate) fn history(
        &self,
        from: VertexRef,
        stop: impl Fn(&VertexRef) -> bool,
    ) -> Vec<Arc<V>> {
        let mut found = BTreeMap::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if found.contains_key(&at) || stop(&at) {
                continue;
            }
            if let Some(vertex) = self.get(&at) {
                open.extend_from_slice(vertex.parents());
                found.insert(at, Arc::clone(vertex));
            }
        }
        found.into_values().collect()
    }

    /// The wanted vertices, and their ancestors of rounds above `above`, oldest
    /// first, at most `most`. `None` when such rounds are gone here.
    pub(crate) fn serve(
        &self,
        wants: &[VertexRef],
        above: u64,
        most: usize,
    ) -> Option<Vec<Arc<V>>> {
        if above < self.kept || wants.iter().any(|at| at.round <= self.kept) {
            return None;
        }
        let mut found = BTreeMap::new();
        for &want in wants {
            if let Some(vertex) = self.get(&want) {
                found.insert(want, Arc::clone(vertex));
            }
        }
        let mut open: Vec<_> = found.values().flat_map(|v| v.parents()).copied().collect();
        while let Some(at) = open.pop() {
            if at.round <= above || found.contains_key(&at) {
                continue;
            }
            if let Some(vertex) = self.get(&at) {
                open.extend_from_slice(vertex.parents());
                found.insert(at, Arc::clone(vertex));
            }
        }
        Some(found.into_values().take(most).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bare, at, bare};
    use super::*;

    fn dag() -> Dag<Bare> {
        let mut dag = Dag::new(4);
        for author in 0..4 {
            assert!(dag.insert(bare(1, author, &[], 0)));
        }
        assert!(dag.insert(bare(2, 0, &[0, 1, 2], 0)));
        assert!(dag.insert(bare(2, 1, &[1, 2, 3], 0)));
        assert!(dag.insert(bare(3, 2, &[1], 0)));
        dag
    }

    #[test]
    fn links_lead_from_round_to_round() {
        let dag = dag();
        assert!(dag.reaches(at(3, 2), at(1, 3)));
        assert!(!dag.reaches(at(3, 2), at(1, 0)));
        assert!(!dag.reaches(at(3, 2), at(2, 0)));
        let history = dag.history(at(3, 2), |stop| *stop == at(1, 1));
        let names: Vec<_> = history.iter().map(|vertex| vertex.at()).collect();
        assert_eq!(names, [at(1, 2), at(1, 3), at(2, 1), at(3, 2)]);
    }

    #[test]
    fn what_is_kept_is_served_oldest_first() {
        let mut dag = dag();
        let served = dag.serve(&[at(3, 2)], 0, 3).expect("nothing is gone");
        assert_eq!(served[0].at(), at(1, 1));
        assert_eq!(served.len(), 3);
        dag.prune(1);
        assert!(dag.serve(&[at(3, 2)], 0, 3).is_none());
        let served = dag.serve(&[at(3, 2)], 1, 3).expect("round 2 is kept");
        assert_eq!(served.len(), 2);
        assert!(!dag.insert(bare(1, 0, &[], 0)));
        assert_eq!((dag.count(1), dag.count(2)), (0, 2));
    }
}
