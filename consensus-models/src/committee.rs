//! Members, fault bounds and quorums.

use crate::block::mix;

/// Index of a committee member, dense from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaId(pub u32);

impl ReplicaId {
    /// The index as `usize`, for dense tables.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a faulty replica may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultModel {
    /// Anything: n >= 3f + 1, quorum n - f.
    Byzantine,
    /// Stop and come back: n >= 2f + 1, quorum a majority.
    Crash,
    /// Anything, by less than half of the lottery's weight (work, stake, turns
    /// to seal): n >= 2f + 1. No quorum votes: what is deep enough in the
    /// longest chain is taken as final, with a probability.
    HonestMajority,
}

/// The replicas that vote, and the quorum algebra over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committee {
    n: u32,
    model: FaultModel,
}

impl Committee {
    /// A committee of `n` members.
    ///
    /// # Panics
    /// When `n` is 0.
    #[must_use]
    pub fn new(n: u32, model: FaultModel) -> Self {
        assert!(n > 0, "a committee has at least one member");
        Self { n, model }
    }

    /// Number of members.
    #[must_use]
    pub fn n(&self) -> u32 {
        self.n
    }

    /// Tolerated faulty members: (n - 1) / 3 Byzantine, (n - 1) / 2 otherwise.
    #[must_use]
    pub fn f(&self) -> u32 {
        match self.model {
            FaultModel::Byzantine => (self.n - 1) / 3,
            FaultModel::Crash | FaultModel::HonestMajority => (self.n - 1) / 2,
        }
    }

    /// Votes that make a certificate: n - f Byzantine, n / 2 + 1 otherwise. Any
    /// two quorums share a correct member.
    #[must_use]
    pub fn quorum(&self) -> u32 {
        match self.model {
            FaultModel::Byzantine => self.n - self.f(),
            FaultModel::Crash | FaultModel::HonestMajority => self.n / 2 + 1,
        }
    }

    /// Votes of which at least one comes from a correct member: 1 where faulty
    /// members only stop, f + 1 otherwise. Also the equal replies that a client
    /// must hear to hold a result as final: a lottery's lone node may follow a
    /// branch that it kept to itself.
    #[must_use]
    pub fn weak_quorum(&self) -> u32 {
        match self.model {
            FaultModel::Byzantine | FaultModel::HonestMajority => self.f() + 1,
            FaultModel::Crash => 1,
        }
    }

    /// The fault model.
    #[must_use]
    pub fn model(&self) -> FaultModel {
        self.model
    }

    /// The members in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = ReplicaId> + use<> {
        (0..self.n).map(ReplicaId)
    }

    /// Every member but `me`, in order.
    pub fn others(&self, me: ReplicaId) -> impl Iterator<Item = ReplicaId> + use<> {
        self.members().filter(move |&member| member != me)
    }

    /// The member that leads `view` when leadership rotates round robin.
    #[must_use]
    pub fn round_robin(&self, view: u64) -> ReplicaId {
        ReplicaId((view % u64::from(self.n)) as u32)
    }
}

/// The turn that stands for `view` where leaders are drawn by a hash of its
/// number, as papers with random leaders have it.
pub(crate) fn hashed_turn(view: u64) -> u64 {
    mix(0x6c65_6164_6572, view)
}

/// A set of replicas as a bit set: no allocation up to 128 members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaSet {
    words: smallvec::SmallVec<[u64; 2]>,
    len: u32,
}

impl ReplicaSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member; `false` when it was there already.
    pub fn insert(&mut self, id: ReplicaId) -> bool {
        let (word, bit) = (id.index() / 64, 1_u64 << (id.0 % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += u32::from(fresh);
        fresh
    }

    /// Whether `id` is in the set.
    #[must_use]
    pub fn contains(&self, id: ReplicaId) -> bool {
        self.words
            .get(id.index() / 64)
            .is_some_and(|word| word & (1 << (id.0 % 64)) != 0)
    }

    /// Number of members in the set.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = ReplicaId> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            (0..64)
                .filter(move |bit| word & (1 << bit) != 0)
                .map(move |bit| ReplicaId((index * 64 + bit) as u32))
        })
    }
}

impl FromIterator<ReplicaId> for ReplicaSet {
    fn from_iter<I: IntoIterator<Item = ReplicaId>>(ids: I) -> Self {
        let mut set = Self::new();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_share_a_correct_member() {
        for n in 1..=200 {
            let byzantine = Committee::new(n, FaultModel::Byzantine);
            assert!(2 * byzantine.quorum() > n + byzantine.f(), "n = {n}");
            assert!(byzantine.quorum() + byzantine.f() <= n, "live at n = {n}");
            let crash = Committee::new(n, FaultModel::Crash);
            assert!(2 * crash.quorum() > n, "n = {n}");
            assert!(crash.quorum() + crash.f() <= n, "live at n = {n}");
        }
    }

    #[test]
    fn a_set_counts_each_member_once() {
        let mut set = ReplicaSet::new();
        assert!(set.insert(ReplicaId(130)));
        assert!(!set.insert(ReplicaId(130)));
        assert!(set.insert(ReplicaId(3)));
        assert_eq!(set.len(), 2);
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [ReplicaId(3), ReplicaId(130)]
        );
        assert!(!set.contains(ReplicaId(131)));
    }
}
