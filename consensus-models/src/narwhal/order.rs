//! Tusk and Bullshark: which vertices lead, and when they commit.
//!
//! Both read the order off the graph in the same way. Some rounds have a
//! leader. A leader that f + 1 vertices of the next round link to is committed
//! directly: any later vertex reaches it, since the n - f links of a vertex
//! meet those f + 1. A committed leader takes along earlier ones that it
//! reaches, oldest first. They differ in the rounds that lead, and in when the
//! leader is known:
//!
//! - Tusk: the waves overlap by a round, so rounds 1, 3, 5, ... lead. A coin
//!   that is only revealed when the round r + 2 completes names the leader of
//!   round r: who delays messages cannot know whom to delay. The authors'
//!   implementation learns it later, from the first certificate of round r + 3.
//! - Bullshark: rounds 2, 4, 6, ... lead, in turn, known beforehand. Validators
//!   wait for the leader, up to a time (`rounds.rs`).

use std::fmt;
use std::sync::Arc;

use super::{Certificate, Narwhal};
use crate::block::mix;
use crate::committee::{Committee, ReplicaId};
use crate::dag::{Vertex, VertexRef};
use crate::protocol::{Env, Proof};

/// How leaders are found in the graph.
pub trait Rule: fmt::Debug + 'static {
    /// The protocol's name.
    const NAME: &'static str;
    /// Its paper.
    const SOURCE: &'static str;
    /// Whether validators wait for leaders.
    const WAITS: bool;
    /// Whether leaders are known before their round.
    const LOOKAHEAD: bool;
    /// The leader of round r is known when round r + `REVEAL` completes.
    const REVEAL: u64;

    /// Whether a round has a leader.
    fn leads(round: u64) -> bool;
    /// The leader of a round that has one.
    fn leader(committee: &Committee, round: u64) -> ReplicaId;
}

/// Tusk: asynchronous, with a coin.
#[derive(Debug)]
pub enum TuskRule {}

impl Rule for TuskRule {
    const NAME: &'static str = "narwhal-tusk";
    const SOURCE: &'static str = "Danezis, Kokoris-Kogias, Sonnino, Spiegelman, \
        \"Narwhal and Tusk: A DAG-based Mempool and Efficient BFT Consensus\", EuroSys 2022";
    const WAITS: bool = false;
    const LOOKAHEAD: bool = false;
    const REVEAL: u64 = 2;

    fn leads(round: u64) -> bool {
        round % 2 == 1
    }

    fn leader(committee: &Committee, round: u64) -> ReplicaId {
        committee.round_robin(mix(mix(0x7475_736b, round), 0))
    }
}

/// Bullshark, partially synchronous.
#[derive(Debug)]
pub enum BullsharkRule {}

impl Rule for BullsharkRule {
    const NAME: &'static str = "narwhal-bullshark";
    const SOURCE: &'static str = "Spiegelman, Giridharan, Sonnino, Kokoris-Kogias, \
        \"Bullshark: DAG BFT Protocols Made Practical\", CCS 2022";
    const WAITS: bool = true;
    const LOOKAHEAD: bool = true;
    const REVEAL: u64 = 0;

    fn leads(round: u64) -> bool {
        round > 0 && round.is_multiple_of(2)
    }

    fn leader(committee: &Committee, round: u64) -> ReplicaId {
        committee.round_robin(round / 2)
    }
}

impl<R: Rule> Narwhal<R> {
    /// Counts a new vertex as a vote for the leader of the round before.
    pub(super) fn count_support(&mut self, vertex: &Certificate) {
        let round = vertex.at().round - 1;
        if R::leads(round) && round > self.commits.round() {
            let leader = R::leader(&self.committee, round);
            if vertex.header.links_to(leader) {
                *self.support.entry(round).or_default() += 1;
            }
        }
    }

    /// The vertex of a round's leader.
    pub(super) fn leader_vertex(&self, round: u64) -> Option<&Arc<Certificate>> {
        let leader = R::leader(&self.committee, round);
        self.dag.by(round, leader).first()
    }

    /// Commits all leaders that can be.
    pub(super) fn order<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.fetch.is_transferring() {
            return;
        }
        let weak = self.committee.weak_quorum();
        // A certificate of the round after needs a quorum of the revealing one.
        let highest = self.tips.last().map_or(0, |at| at.round);
        let reveals = match self.config.late_coin {
            true => highest.saturating_sub(1),
            false => self.complete,
        };
        let known = reveals.saturating_sub(R::REVEAL);
        let strong = self
            .support
            .iter()
            .filter(|&(&round, &votes)| votes >= weak && (R::REVEAL == 0 || round <= known));
        let rounds: Vec<u64> = strong.map(|(&round, _)| round).collect();
        for round in rounds {
            if round > self.commits.round()
                && let Some(leader) = self.leader_vertex(round)
            {
                let leader = leader.at();
                self.commit_leader(leader, env);
            }
        }
    }

    /// Commits a leader after the earlier ones that it reaches.
    fn commit_leader<E: Env<Self> + ?Sized>(&mut self, leader: VertexRef, env: &mut E) {
        let mut chain = vec![leader];
        let mut newest = leader;
        for round in (self.commits.round() + 1..leader.round).rev() {
            if !R::leads(round) {
                continue;
            }
            let earlier = self.leader_vertex(round).map(|vertex| vertex.at());
            if let Some(earlier) = earlier.filter(|at| self.dag.reaches(newest, *at)) {
                chain.push(earlier);
                newest = earlier;
            }
        }
        for leader in chain.into_iter().rev() {
            self.deliver(leader, env);
        }
    }

    /// Turns a committed leader into a block.
    fn deliver<E: Env<Self> + ?Sized>(&mut self, leader: VertexRef, env: &mut E) {
        let leader = Arc::clone(self.dag.get(&leader).expect("a leader found in the graph"));
        let (block, vertices) = self.commits.order(&*leader, &self.dag);
        for at in &vertices {
            self.payload.remove(at);
            if at.author == self.me {
                self.own.remove(&at.round);
            }
        }
        self.pool.committed(&block);
        self.forget();
        if block.height > self.applied {
            self.applied = block.height;
            env.prove(Proof {
                kind: "vertex",
                view: leader.at().round,
                signers: leader.signers.clone(),
            });
            env.commit(block);
        }
    }

    /// Drops what lies below the commit depth.
    pub(super) fn forget(&mut self) {
        let (floor, round) = (self.commits.floor(), self.commits.round());
        let first = VertexRef {
            round: floor + 1,
            ..VertexRef::default()
        };
        let second = (first.round, ReplicaId(0));
        if self.tips.first().is_some_and(|at| *at < first) {
            self.tips = self.tips.split_off(&first);
        }
        if self.payload.first().is_some_and(|at| *at < first) {
            self.payload = self.payload.split_off(&first);
        }
        if self
            .voted
            .first_key_value()
            .is_some_and(|(at, _)| *at < second)
        {
            self.voted = self.voted.split_off(&second);
        }
        self.support = self.support.split_off(&(round + 1));
        // Own headers that can no longer be delivered free their batches.
        self.own = self.own.split_off(&(floor + 1));
        self.pending
            .retain(|_, pending| pending.header.at.round > floor);
        self.dag.prune(self.commits.kept());
    }
}
