//! What a validator writes before it speaks, and how it comes back.
//!
//! Headers and votes are durable before they are said. Certificates are logged
//! in the order in which they enter the graph, so all that a durable header or
//! vote refers to is durable too. Restarted, a validator replays its graph from
//! the commit state of the last checkpoint: the blocks that come out up to the
//! ledger's height are those that it committed before.

use std::sync::Arc;

use super::message::{Header, Message, Record};
use super::{Config, Narwhal, Own, Rule};
use crate::block::Height;
use crate::committee::ReplicaSet;
use crate::dag::{CommitState, Commits, Dag, Fetch, Room, Vertex, VertexRef};
use crate::outbox::Outbox;
use crate::pool::Pool;
use crate::protocol::{Env, Recovery, Setup, Token};

/// What waits for the disk.
#[derive(Debug)]
pub(super) enum Outgoing {
    Header(Arc<Header>),
    Vote(VertexRef),
    Nothing,
}

impl<R: Rule> Narwhal<R> {
    pub(super) fn recovered(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let config = Config::new(setup.params, R::WAITS);
        let mut genesis = Arc::new(CommitState::default());
        for record in recovery.records {
            if let Record::State(state) = record {
                genesis = Arc::clone(state);
            }
        }
        let n = setup.committee.n();
        let mut this = Self {
            me: setup.me,
            committee: setup.committee,
            rule: std::marker::PhantomData,
            dag: Dag::new(n),
            room: Room::new(n as usize * (config.keep.gc_depth as usize + 8)),
            commits: Commits::new(config.keep, &genesis),
            fetch: Fetch::default(),
            pool: Pool::new(config.keep.batches, config.sync_retry_delay),
            outbox: Outbox::default(),
            applied: recovery.applied,
            executed: recovery.applied,
            round: 0,
            header_at: std::time::Duration::ZERO,
            complete: 0,
            complete_at: std::time::Duration::ZERO,
            given_up: 0,
            own: Default::default(),
            voted: Default::default(),
            pending: Default::default(),
            tips: Default::default(),
            support: Default::default(),
            payload: Default::default(),
            hurry: 0,
            settled: 0,
            retried: 0,
            config,
        };
        this.remember(&genesis);
        this.forget();
        for record in recovery.records {
            this.replay(record);
        }
        this
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Vote(at) => {
                self.voted.insert((at.round, at.author), at.id);
                if at.author == self.me {
                    self.round = self.round.max(at.round);
                }
            }
            Record::Header(header) => {
                self.voted.insert((header.at.round, self.me), header.at.id);
                self.round = self.round.max(header.at.round);
                let mut votes = ReplicaSet::new();
                votes.insert(self.me);
                let own = Own {
                    header: Arc::clone(header),
                    votes,
                    certified: false,
                };
                // Older ones without a certificate are given up.
                self.own.retain(|_, own| own.certified);
                self.own.insert(header.at.round, own);
            }
            Record::Vertex(vertex) => {
                let known = self.is_present(&vertex.at());
                if !known && self.lacks(vertex.parents()).is_none() {
                    self.store(Arc::clone(vertex));
                }
            }
            Record::State(_) => {}
        }
    }

    /// Writes a record; `then` is sent once it is durable.
    pub(super) fn persist<E: Env<Self> + ?Sized>(
        &mut self,
        record: Record,
        then: Outgoing,
        env: &mut E,
    ) {
        let token = self.outbox.push(then);
        let bytes = record.bytes();
        env.persist(record, bytes, token);
    }

    /// Sends what waited for a write.
    pub(super) fn written<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while let Some(outgoing) = self.outbox.pop(done) {
            match outgoing {
                Outgoing::Header(header) => {
                    let at = header.at;
                    env.broadcast(Message::Header(header));
                    self.count_vote(self.me, at, env);
                }
                Outgoing::Vote(at) => env.send(at.author, Message::Vote(at)),
                Outgoing::Nothing => {}
            }
        }
    }

    /// Compacts the log: the commit state of `height`, which is durably
    /// executed, the graph above it, and the promises.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        let state = self.commits.state_from(height);
        let floor = state.round.saturating_sub(self.config.keep.gc_depth);
        let vertices = self.dag.above(floor).cloned().map(Record::Vertex);
        let votes = self
            .voted
            .iter()
            .map(|(&(round, author), &id)| Record::Vote(VertexRef { round, author, id }));
        // Of own headers that are delivered, the promise remains.
        let own = self
            .own
            .values()
            .map(|own| Record::Header(Arc::clone(&own.header)));
        let mut records = vec![Record::State(state)];
        records.extend(votes);
        records.extend(own);
        records.extend(vertices);
        let bytes = records.iter().map(Record::bytes).sum();
        let token = self.outbox.push(Outgoing::Nothing);
        env.rewrite(records, bytes, token);
    }
}
