//! When a validator makes its next header.
//!
//! Round r + 1 may begin once a quorum of certificates of round r is here. A
//! header waits
//! - `parents_delay` for the certificates of the others, so that they are
//!   linked to from the next round and not only later;
//! - `max_header_delay` after the last header, unless handles of `header_size`
//!   bytes are at hand;
//! - `idle_interval` instead, while there is nothing to order anywhere;
//! - under Bullshark, `leader_timeout` for the leader of round r, or for what
//!   decides about the leader of round r - 1: f + 1 links or a quorum without.
//!
//! Certificates that come too late for that are linked to from the next header
//! (*weak* links): a slow validator's batches are ordered too.

use std::sync::Arc;

use super::message::{Header, Message, Record};
use super::storage::Outgoing;
use super::{HEADER_TIMER, LEADER_TIMER, Narwhal, Own, RETRY_TIMER, Rule};
use crate::block::Batch;
use crate::committee::ReplicaSet;
use crate::dag::{Vertex, VertexRef};
use crate::protocol::{Env, Work};

/// Rounds after which an own header without a certificate is given up and its
/// batches go into another one.
const UNCERTIFIED: u64 = 3;

impl<R: Rule> Narwhal<R> {
    /// Makes the next header, should it be due.
    pub(super) fn try_propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let now = env.now();
        if self.complete_at > now {
            self.complete_at = now;
            if R::WAITS {
                env.set_timer(LEADER_TIMER, self.config.leader_timeout);
            }
        }
        // Promises of rounds below the commit depth are forgotten.
        let used = self.round.max(self.commits.floor());
        if self.complete < used || !self.is_decided() {
            return;
        }
        let mut due = self.header_at;
        if self.dag.count(self.complete) < self.committee.n() && self.complete > 0 {
            due = due.max(self.complete_at + self.config.parents_delay);
        }
        let taken = self.taken();
        let batches = self.pool.select(&taken, self.config.max_batches);
        if batches.len() as u32 * Batch::HANDLE_BYTES < self.config.header_size {
            let busy =
                !self.pool.is_empty() || !self.payload.is_empty() || self.hurry > self.complete;
            let wait = if busy {
                self.config.max_header_delay
            } else {
                self.config.idle_interval
            };
            due = due.max(self.header_at + wait);
        }
        if due > now {
            return env.set_timer(HEADER_TIMER, due - now);
        }
        let strong = self.dag.round(self.complete).map(|vertex| vertex.at());
        let mut parents: Vec<VertexRef> = strong.collect();
        let links = parents.len() as u32;
        let late = self.tips.iter().filter(|at| at.round < self.complete);
        parents.extend(late.take(self.config.max_weak_links));
        let round = self.complete + 1;
        let header = Header::new(self.me, round, now, parents, links, batches);
        self.propose(Arc::new(header), env);
    }

    fn propose<E: Env<Self> + ?Sized>(&mut self, header: Arc<Header>, env: &mut E) {
        self.round = header.at.round;
        self.header_at = env.now();
        let kept = self.round.saturating_sub(UNCERTIFIED);
        self.own.retain(|&round, own| own.certified || round > kept);
        self.voted.insert((self.round, self.me), header.at.id);
        let own = Own {
            header: Arc::clone(&header),
            votes: ReplicaSet::new(),
            certified: false,
        };
        self.own.insert(self.round, own);
        env.cancel_timer(HEADER_TIMER);
        env.work(Work::Hash(header.bytes()));
        env.work(Work::Sign);
        let record = Record::Header(Arc::clone(&header));
        self.persist(record, Outgoing::Header(header), env);
    }

    /// Whether the last complete round needs no further wait for a leader.
    fn is_decided(&self) -> bool {
        let round = self.complete;
        if !R::WAITS || round == 0 || self.given_up >= round {
            return true;
        }
        if R::leads(round) {
            return self.leader_vertex(round).is_some();
        }
        if round - 1 <= self.commits.round() {
            return true;
        }
        let votes = self.support.get(&(round - 1)).copied().unwrap_or(0);
        let others = self.dag.count(round).saturating_sub(votes);
        votes >= self.committee.weak_quorum() || others >= self.committee.quorum()
    }

    pub(super) fn on_leader_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.given_up = self.complete;
        self.try_propose(env);
    }

    /// No round has begun for a while: what was said may be lost.
    pub(super) fn on_retry_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(RETRY_TIMER, self.config.sync_retry_delay);
        let stuck = self.complete < self.round && self.retried == self.round;
        self.retried = self.round;
        if stuck {
            self.say_again(env);
        }
    }

    /// Sends the last header to those who did not vote, or its certificate.
    pub(super) fn say_again<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let Some(own) = self.own.get(&self.round) else {
            return;
        };
        let at = own.header.at;
        if let Some(certificate) = self.dag.get(&at) {
            return env.broadcast(Message::Certificate(Arc::clone(certificate)));
        }
        // Its record is durable since the start, or on its way.
        if own.votes.contains(self.me) {
            let others = self.committee.others(self.me);
            let silent: Vec<_> = others.filter(|id| !own.votes.contains(*id)).collect();
            env.multicast(&silent, Message::Header(Arc::clone(&own.header)));
        }
    }
}
