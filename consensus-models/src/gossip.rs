//! Gossip over a random peer graph: who is whose neighbour, and what was seen.
//!
//! Every replica derives the same graph from the committee's size, a law of
//! degrees and a seed: each member dials so many others at random (as Bitcoin's
//! outbound connections; the other end accepts), and a ring over all members
//! keeps the graph connected. Knows nothing of messages: a protocol passes on
//! what it sees for the first time.

use std::collections::{BTreeSet, VecDeque};

use crate::block::mix;
use crate::committee::ReplicaId;

/// How many others a member dials, and who is where on the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Degrees {
    /// So many each; the ring goes by ids.
    Fixed(u32),
    /// As measured in Bitcoin's network, of which 8 are usual; the ring goes by
    /// a random order, so that it favours no region.
    Measured,
}

/// Shares of Bitcoin's nodes with at most 1, 2, 3, ... outbound connections, in
/// thousandths: 2015, as SimBlock has them.
const MEASURED: [u64; 20] = [
    25, 50, 75, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 950, 970, 970, 980, 990, 995,
    1000,
];

/// The neighbours of one replica.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    neighbours: Vec<ReplicaId>,
}

impl Peers {
    /// The neighbours of `me` among `n` members that dial by a law. With a
    /// fixed degree of n - 1 or more, everybody: a full mesh. The first `clique`
    /// members all know each other.
    pub(crate) fn new(me: ReplicaId, n: u32, degrees: Degrees, clique: u32, seed: u64) -> Self {
        let mut linked = vec![false; n as usize];
        if me.0 < clique {
            linked[..clique.min(n) as usize].fill(true);
        }
        let next = ring(n, degrees, seed);
        for from in 0..n {
            for to in dialled(from, &next, degrees, seed) {
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

/// The next member of the ring after each.
fn ring(n: u32, degrees: Degrees, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    if degrees == Degrees::Measured {
        order.sort_by_key(|&id| (mix(mix(0x7269_6e67, seed), u64::from(id)), id));
    }
    let mut next = vec![0; n as usize];
    for (place, &id) in order.iter().enumerate() {
        next[id as usize] = order[(place + 1) % order.len()];
    }
    next
}

/// Whom `from` dials: the next member of the ring, then random others.
fn dialled(from: u32, next: &[u32], degrees: Degrees, seed: u64) -> Vec<u32> {
    let n = next.len() as u32;
    let mut dialled = Vec::new();
    if n < 2 {
        return dialled;
    }
    let mut word = mix(mix(0x9055_1b00, seed), u64::from(from));
    let degree = match degrees {
        Degrees::Fixed(degree) => degree,
        Degrees::Measured => {
            word = mix(word, 1);
            let share = word % 1000;
            1 + MEASURED.partition_point(|&most| most <= share) as u32
        }
    };
    if degree >= n - 1 {
        return (0..n).filter(|&to| to != from).collect();
    }
    dialled.push(next[from as usize]);
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

    fn graph(n: u32, degrees: Degrees, clique: u32) -> Vec<Peers> {
        (0..n)
            .map(|id| Peers::new(ReplicaId(id), n, degrees, clique, 7))
            .collect()
    }

    #[test]
    fn both_ends_know_a_link_and_all_are_connected() {
        let fixed = [(1, 3), (2, 1), (5, 2), (64, 4), (128, 8)];
        let fixed = fixed.map(|(n, degree)| (n, Degrees::Fixed(degree), 0));
        let measured = [1, 2, 3, 30, 200].map(|n| (n, Degrees::Measured, 16));
        for (n, degrees, clique) in fixed.into_iter().chain(measured) {
            let graph = graph(n, degrees, clique);
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
        for peers in graph(6, Degrees::Fixed(9), 0) {
            assert_eq!(peers.all().len(), 5);
        }
    }

    #[test]
    fn measured_degrees_have_their_mean_and_a_clique_knows_itself() {
        let graph = graph(600, Degrees::Measured, 16);
        // 8.645 outbound by the table, each known at both ends; a few links are
        // dialled from both, and the clique adds 240 ends.
        let ends: usize = graph.iter().map(|peers| peers.all().len()).sum();
        let mean = ends as f64 / 600.0;
        assert!((16.5..18.2).contains(&mean), "{mean}");
        for peers in &graph[..16] {
            let known = peers.all().iter().filter(|id| id.0 < 16).count();
            assert_eq!(known, 15);
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
