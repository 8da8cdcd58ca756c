//! The loop around the crate: what it has ready is written, sent, delivered.
//!
//! Writes are asynchronous. A leader's messages leave at once; those of others
//! wait until everything before them is durable, as the crate asks.

use std::sync::Arc;
use std::time::Duration;

use raft::eraftpb::{Entry, Message, Snapshot};
use raft::{Ready, StateRole};

use super::message::{TikvMessage, block, created, encode, handles};
use super::storage::{Base, Record};
use super::{TikvRaft, Write, replica};
use crate::block::Height;
use crate::protocol::{Env, Token};

impl TikvRaft {
    pub(super) fn is_leader(&self) -> bool {
        self.node.raft.state == StateRole::Leader
    }

    /// Until nothing is ready and nothing can be proposed.
    pub(super) fn pump<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        loop {
            while self.node.has_ready() {
                let ready = self.node.ready();
                self.handle(ready, env);
            }
            self.watch_leader();
            if !self.propose(env) {
                return;
            }
        }
    }

    fn handle<E: Env<Self> + ?Sized>(&mut self, mut ready: Ready, env: &mut E) {
        for message in ready.take_messages() {
            post(message, env);
        }
        let mut record = Record::default();
        if !ready.snapshot().is_empty() {
            record.base = Some(self.restore(ready.snapshot()));
        }
        for entry in ready.take_committed_entries() {
            self.deliver(entry, env);
        }
        record.entries = ready.take_entries();
        self.note(&record.entries);
        let messages = ready.take_persisted_messages();
        // A commit index alone need not be durable: it is learnt again.
        let must_sync = ready.must_sync();
        record.state = ready.hs().cloned();
        self.node.mut_store().apply(&record);
        let number = ready.number();
        self.node.advance_append_async(ready);
        if must_sync && !record.is_empty() {
            self.next_token += 1;
            let token = Token(self.next_token);
            let bytes = record.bytes();
            env.persist(record, bytes, token);
            self.writes.push_back(Write {
                token,
                number,
                messages,
            });
        } else if let Some(last) = self.writes.back_mut() {
            last.number = number;
            last.messages.extend(messages);
        } else {
            self.node.on_persist_ready(number);
            for message in messages {
                post(message, env);
            }
        }
    }

    pub(super) fn on_written<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while self.writes.front().is_some_and(|write| write.token <= done)
            && let Some(write) = self.writes.pop_front()
        {
            self.node.on_persist_ready(write.number);
            for message in write.messages {
                post(message, env);
            }
        }
        self.advance_applied();
        self.pump(env);
    }

    /// The log begins anew after a snapshot, whose ledger is here already.
    fn restore(&mut self, snapshot: &Snapshot) -> Base {
        let metadata = snapshot.get_metadata();
        let mut clock = [0; 8];
        clock.copy_from_slice(&snapshot.data[..8]);
        let base = Base {
            index: metadata.index,
            term: metadata.term,
            created: Duration::from_nanos(u64::from_le_bytes(clock)),
        };
        self.suffix.clear();
        self.clock = base.created;
        self.newest = self.newest.max(base.created);
        base
    }

    /// Entries enter the log and may replace others there.
    fn note(&mut self, entries: &[Entry]) {
        if let Some(first) = entries.first() {
            self.suffix.truncate_from(first.index);
        }
        for entry in entries {
            self.newest = self.newest.max(created(entry).unwrap_or_default());
            if entry.index > self.delivered.0 {
                self.suffix
                    .push(entry.index, handles(entry).map(|batch| batch.id));
            }
        }
    }

    /// A committed entry, in the order of the log.
    fn deliver<E: Env<Self> + ?Sized>(&mut self, entry: Entry, env: &mut E) {
        if self.transfer.is_some() {
            self.deferred.push_back(entry);
            return;
        }
        self.suffix.pop_to(entry.index);
        let block = block(&entry, self.clock);
        self.clock = block.created;
        self.pool.committed(&block);
        if block.height == self.delivered.next() {
            self.delivered = block.height;
            env.commit(block);
        }
    }

    pub(super) fn deliver_deferred<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        for entry in std::mem::take(&mut self.deferred) {
            self.deliver(entry, env);
        }
    }

    /// Leader: puts what waits into a block; says whether it did.
    fn propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) -> bool {
        if !self.is_leader() || self.pool.is_empty() {
            return false;
        }
        let uncommitted = self.node.raft.raft_log.last_index() - self.node.raft.raft_log.committed;
        if uncommitted >= self.config.max_inflight {
            return false;
        }
        let batches = self
            .pool
            .select(self.suffix.names(), self.config.max_batches);
        if batches.is_empty() {
            return false;
        }
        let created = env.now().max(self.newest);
        let data = encode(created, self.me, &batches);
        self.node.propose(Vec::new(), data).is_ok()
    }

    /// Batches given to a leader that is none any more are due at once.
    fn watch_leader(&mut self) {
        let leader = self.node.raft.leader_id;
        if leader != self.led_by {
            if self.led_by != raft::INVALID_ID {
                self.pool.leader_failed(replica(self.led_by));
            }
            self.led_by = leader;
        }
    }

    /// Forgets old entries, and writes the log anew once in `log_tail` heights.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let (height, tail) = (self.executed.0, self.config.log_tail);
        let applied = self.node.raft.raft_log.applied;
        let log = self.node.mut_store();
        if height.min(applied) < log.base().index + 2 * tail {
            return;
        }
        log.compact(height.min(applied) - tail);
        let record = log.record();
        let bytes = record.bytes();
        self.next_token += 1;
        env.rewrite(vec![record], bytes, Token(self.next_token));
    }

    /// The ledger has executed up to `height`, created at `clock`.
    pub(super) fn ledger_at(&mut self, height: Height) {
        self.executed = self.executed.max(height);
        let log = self.node.store();
        let index = self.executed.0;
        if index >= log.base().index && index <= log.last() {
            let mut clock = log.base().created;
            if index > log.base().index {
                let place = (index - log.base().index - 1) as usize;
                let older = log.entries().range(..=place).rev();
                clock = older.filter_map(created).next().unwrap_or(clock);
            }
            self.node.mut_store().ledger = (index, clock);
        }
        self.advance_applied();
    }

    /// Tells the crate how far the ledger is, within what it holds durably.
    pub(super) fn advance_applied(&mut self) {
        let log = &self.node.raft.raft_log;
        let to = self.executed.0.min(log.committed).min(log.persisted);
        if to > log.applied {
            self.node.advance_apply_to(to);
        }
    }

    /// Whether the log begins after what the crate takes as applied: until the
    /// disk holds the snapshot, it could not campaign.
    pub(super) fn awaits_snapshot(&self) -> bool {
        self.node.raft.raft_log.applied < self.node.store().base().index
    }
}

/// Sends a message of the crate's.
fn post<E: Env<TikvRaft> + ?Sized>(message: Message, env: &mut E) {
    let to = replica(message.to);
    env.send(to, TikvMessage::Raft(Arc::new(message)));
}
