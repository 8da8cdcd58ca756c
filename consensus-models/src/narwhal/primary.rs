//! The primary: headers, votes and certificates.
//!
//! Whoever votes for a header holds its batches and all that it links to, and
//! has made both durable: a certificate says that its vertex can be had from a
//! correct validator. One vote per round and author: no two vertices of one
//! author and round are certified.

use std::sync::Arc;

use super::message::{Certificate, Header, Message, Record};
use super::storage::Outgoing;
use super::{Narwhal, Own, Pending, Rule};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::dag::{Vertex, VertexRef};
use crate::protocol::{Env, Work};

impl<R: Rule> Narwhal<R> {
    /// A header asks for a vote.
    pub(super) fn on_header<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        header: &Arc<Header>,
        env: &mut E,
    ) {
        let at = header.at;
        if at.round <= self.commits.floor() {
            return;
        }
        if let Some(&id) = self.voted.get(&(at.round, at.author)) {
            // Its author did not hear the vote.
            if id != at.id {
                env.reject("second header of a round");
            } else if from == at.author {
                env.send(from, Message::Vote(at));
            }
            return;
        }
        if from != at.author || !header.is_well_formed(&self.committee) {
            return env.reject("malformed header");
        }
        env.work(Work::Hash(header.bytes()));
        env.work(Work::Verify);
        let near = at.round > self.complete && at.round <= self.complete + 2;
        if !header.batches.is_empty() && near && at.round > self.hurry {
            self.hurry = at.round;
            self.try_propose(env);
        }
        self.consider_vote(header, env);
    }

    /// Votes for a header, or keeps it until its parents are here.
    fn consider_vote<E: Env<Self> + ?Sized>(&mut self, header: &Arc<Header>, env: &mut E) {
        let at = header.at;
        if let Some(lacks) = self.lacks(&header.parents) {
            let newer = |old: &Pending| old.header.at.round <= at.round;
            if self.pending.get(&at.author).is_none_or(newer) {
                let header = Arc::clone(header);
                self.pending.insert(at.author, Pending { header, lacks });
            }
            return self.missing(at.author, env);
        }
        if self.voted.contains_key(&(at.round, at.author)) || at.round <= self.commits.floor() {
            return;
        }
        self.voted.insert((at.round, at.author), at.id);
        env.work(Work::Sign);
        self.persist(Record::Vote(at), Outgoing::Vote(at), env);
    }

    /// A vertex is here: headers that waited for it are looked at again.
    fn wake_pending<E: Env<Self> + ?Sized>(&mut self, at: Option<&VertexRef>, env: &mut E) {
        let ready = self.pending.values();
        let ready = ready.filter(|pending| at.is_none_or(|at| pending.lacks == *at));
        let ready: Vec<_> = ready.map(|pending| Arc::clone(&pending.header)).collect();
        for header in ready {
            self.pending.remove(&header.at.author);
            self.consider_vote(&header, env);
        }
    }

    /// A vote for an own header.
    pub(super) fn on_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: VertexRef,
        env: &mut E,
    ) {
        let open = self.own.get(&at.round);
        let open = open.is_some_and(|own| own.header.at == at && !own.certified);
        if open {
            env.work(Work::Verify);
            self.count_vote(from, at, env);
        }
    }

    /// Counts a verified vote; the last missing one makes a certificate.
    pub(super) fn count_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: VertexRef,
        env: &mut E,
    ) {
        let Some(own) = self
            .own
            .get_mut(&at.round)
            .filter(|own| own.header.at == at)
        else {
            return;
        };
        own.votes.insert(from);
        if own.certified || own.votes.len() < self.committee.quorum() {
            return;
        }
        own.certified = true;
        let (header, voters) = (Arc::clone(&own.header), own.votes.clone());
        let form = self.config.certificates;
        let certificate = Certificate::new(header, voters, self.committee.n(), form);
        let certificate = Arc::new(certificate);
        env.broadcast(Message::Certificate(Arc::clone(&certificate)));
        self.take_in(self.me, &certificate, env);
        self.progress(env);
    }

    /// A certificate arrived.
    pub(super) fn on_certificate<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        certificate: &Arc<Certificate>,
        env: &mut E,
    ) {
        if self.check_certificate(certificate, env) {
            self.take_in(from, certificate, env);
            self.progress(env);
        }
    }

    /// Whether a certificate is new and holds.
    pub(super) fn check_certificate<E: Env<Self> + ?Sized>(
        &self,
        certificate: &Certificate,
        env: &mut E,
    ) -> bool {
        let at = certificate.at();
        if self.is_present(&at) || self.room.holds(&at) {
            return false;
        }
        if !certificate.is_well_formed(&self.committee) {
            env.reject("malformed certificate");
            return false;
        }
        env.work(Work::Hash(certificate.header.bytes()));
        let signers = certificate.signers.len();
        env.work(self.config.certificates.verify(signers));
        true
    }

    /// Stores a vertex, and those that waited for it; or lets it wait.
    pub(super) fn take_in<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        certificate: &Arc<Certificate>,
        env: &mut E,
    ) {
        let mut open = vec![Arc::clone(certificate)];
        while let Some(vertex) = open.pop() {
            let at = vertex.at();
            if let Some(lacks) = self.lacks(vertex.parents()) {
                if !self.room.put(vertex, lacks) {
                    env.count("vertices-without-room", 1);
                }
                self.missing(from, env);
                continue;
            }
            open.extend(self.room.release(&at));
            if self.is_present(&at) {
                continue;
            }
            self.persist(Record::Vertex(Arc::clone(&vertex)), Outgoing::Nothing, env);
            self.store(vertex);
            self.wake_pending(Some(&at), env);
        }
    }

    /// Puts a vertex whose parents are present into the graph.
    pub(super) fn store(&mut self, vertex: Arc<Certificate>) {
        let at = vertex.at();
        for parent in vertex.parents() {
            self.tips.remove(parent);
        }
        self.tips.insert(at);
        if !vertex.batches().is_empty() {
            self.payload.insert(at);
        }
        if at.author == self.me {
            let own = self.own.entry(at.round).or_insert_with(|| Own {
                header: Arc::clone(&vertex.header),
                votes: ReplicaSet::new(),
                certified: true,
            });
            own.certified = true;
        }
        self.count_support(&vertex);
        self.dag.insert(vertex);
        if at.round > self.complete && self.dag.count(at.round) >= self.committee.quorum() {
            self.complete = at.round;
            self.complete_at = std::time::Duration::MAX;
        }
    }

    /// The graph has grown.
    pub(super) fn progress<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.order(env);
        let floor = self.commits.floor();
        if floor > self.settled {
            // A missing parent below the depth is missed no longer.
            self.settled = floor;
            return self.look_again(env);
        }
        self.try_propose(env);
    }

    /// What is present has changed altogether: all that waits is looked at.
    pub(super) fn look_again<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        for vertex in self.room.release_all() {
            if !self.is_present(&vertex.at()) {
                self.take_in(vertex.at().author, &vertex, env);
            }
        }
        self.wake_pending(None, env);
        self.progress(env);
    }
}
