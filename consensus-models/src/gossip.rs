//! Gossip over a random peer graph: who is whose neighbour, and what was seen.
//!
//! Every replica derives the same graph from the committee's size, a degree
//! and a seed: each member dials that many others at random (as Bitcoin's
//! outbound connections; the other end accepts), and a ring over all members
//! keeps the graph connected. Knows nothing of messages: a protocol passes on
//! what it sees for the first time.

use std::collections::{BTreeSet, VecDeque};

use crate::block::mix;
use crate::committee::ReplicaId;

/// The neighbours of one replica.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    neighbours: Vec<ReplicaId>,
}

impl Peers {
    /// The neighbours of `me` among `n` members of which each dials `degree`
    /// others. With `degree` of n - 1 or more, everybody: a full mesh.
    pub(crate) fn new(me: ReplicaId, n: u32, degree: u32, seed: u64) -> Self {
        let mut linked = vec![false; n as usize];
        for from in 0..n {
            for to in dialled(from, n, degree, seed) {
                if from == me.0 {
                    linked[to as usize] = true;
                } else if to == me.0 {
                    linked[from as usize] = true;
                }
            }
        }
        let members = (0..n).filter(|&id| id != me.0 && linked[id as usize]);
        Self {
            neighbours: members.map(ReplicaId).collect(),
        }
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> &[ReplicaId] {
        &self.neighbours
    }

    /// All but the one that a message came from.
    pub(crate) fn but(&self, from: ReplicaId) -> Vec<ReplicaId> {
        let others = self.neighbours.iter().copied();
        others.filter(|&peer| peer != from).collect()
    }

    /// One of them by a random word; `None` in a committee of one.
    pub(crate) fn any(&self, word: u64) -> Option<ReplicaId> {
        let count = self.neighbours.len() as u64;
        (count > 0).then(|| self.neighbours[(word % count) as usize])
    }
}

/// Whom `from` dials: the next member of the ring, then random others.
fn dialled(from: u32, n: u32, degree: u32, seed: u64) -> Vec<u32> {
    let mut dialled = Vec::new();
    if n < 2 {
        return dialled;
    }
    if degree >= n - 1 {
        return (0..n).filter(|&to| to != from).collect();
    }
    dialled.push((from + 1) % n);
    let mut word = mix(mix(0x9055_1b00, seed), u64::from(from));
    while (dialled.len() as u32) < degree {
        word = mix(word, 1);
        let to = (word % u64::from(n)) as u32;
        if to != from && !dialled.contains(&to) {
            dialled.push(to);
        }
    }
    dialled
}

/// Names seen lately, at most so many: what is known need not be passed on.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    names: BTreeSet<T>,
    order: VecDeque<T>,
    most: usize,
}

impl<T: Copy + Ord> Seen<T> {
    /// Remembers the last `most` names.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            names: BTreeSet::new(),
            order: VecDeque::new(),
            most,
        }
    }

    /// Notes a name; `false` when it was seen before.
    pub(crate) fn insert(&mut self, name: T) -> bool {
        if !self.names.insert(name) {
            return false;
        }
        self.order.push_back(name);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(n: u32, degree: u32) -> Vec<Peers> {
        (0..n)
            .map(|id| Peers::new(ReplicaId(id), n, degree, 7))
            .collect()
    }

    #[test]
    fn both_ends_know_a_link_and_all_are_connected() {
        for (n, degree) in [(1, 3), (2, 1), (5, 2), (64, 4), (128, 8)] {
            let graph = graph(n, degree);
            let mut reached = vec![false; n as usize];
            let mut open = vec![ReplicaId(0)];
            while let Some(id) = open.pop() {
                if std::mem::replace(&mut reached[id.index()], true) {
                    continue;
                }
                for &peer in graph[id.index()].all() {
                    assert!(graph[peer.index()].all().contains(&id), "{id:?} {peer:?}");
                    open.push(peer);
                }
            }
            assert!(reached.iter().all(|&reached| reached), "n = {n}");
        }
    }

    #[test]
    fn a_large_degree_is_a_full_mesh() {
        for peers in graph(6, 9) {
            assert_eq!(peers.all().len(), 5);
        }
    }

    #[test]
    fn old_names_are_forgotten() {
        let mut seen = Seen::new(2);
        assert!(seen.insert(1) && seen.insert(2) && !seen.insert(1));
        assert!(seen.insert(3));
        assert!(!seen.insert(2) && seen.insert(1));
    }
}
