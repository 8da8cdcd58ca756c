//! The primary: orders, sends, counts disks, commits, repeats what was lost.
//!
//! What it has written is ordered for ever, so a batch leaves the pool when its
//! block is made, not when it commits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::message::Say;
use super::{Entry, PrimaryBackup, RETRY};
use crate::block::{Batch, BatchId, Block, Height};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::protocol::Env;

impl PrimaryBackup {
    /// Makes blocks of what waits, while the window has room.
    pub(super) fn propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        while !self.pool.is_empty() && self.ordered.0 - self.committed.0 < self.config.window {
            self.created = self.created.max(env.now());
            let block = Block {
                height: self.ordered.next(),
                view: 0,
                proposer: self.me,
                created: self.created,
                batches: self.pool.select(&BTreeSet::new(), self.config.max_batches),
            };
            self.ordered = block.height;
            self.pool.committed(&block);
            self.write(Arc::new(block), env);
        }
    }

    /// A block of its own is durable: only now do others hear of it, so none
    /// that was sent is ever replaced by another.
    pub(super) fn on_own_write<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        let Some(entry) = self.log.get_mut(&height) else {
            return;
        };
        entry.durable = true;
        entry.holders.insert(self.me);
        let block = Arc::clone(&entry.block);
        let alone = self.advance(env);
        env.broadcast(self.append(block));
        if alone {
            self.told = true;
            self.propose(env);
        }
    }

    fn append(&self, block: Arc<Block>) -> Say {
        Say::Append {
            block,
            committed: self.committed,
        }
    }

    /// A backup has the block at `height` on its disk.
    pub(super) fn on_ack<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        height: Height,
        env: &mut E,
    ) {
        if let Some(entry) = self.log.get_mut(&height) {
            entry.holders.insert(from);
        }
        if self.advance(env) {
            self.told = true;
            env.broadcast(Say::Notice(self.committed));
            self.propose(env);
        }
    }

    /// Commits what enough disks hold, in order; says whether it did.
    pub(super) fn advance<E: Env<Self> + ?Sized>(&mut self, env: &mut E) -> bool {
        let before = self.committed;
        while !self.transferring
            && let Some(entry) = self.log.get(&self.committed.next())
            && entry.durable
            && entry.holders.len() >= self.config.needed
        {
            self.committed = entry.block.height;
            env.commit(Block::clone(&entry.block));
        }
        self.committed > before
    }

    /// Once per `retry`: sends again what has gone uncommitted for that long,
    /// and says how far it is when nothing else did.
    pub(super) fn on_primary_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(RETRY, self.config.retry);
        self.repeat(self.config.retry, env);
        if !self.told && self.committed > Height(0) {
            env.broadcast(Say::Notice(self.committed));
        }
        self.told = false;
    }

    /// Sends uncommitted blocks of that age to those who have not acknowledged
    /// them.
    pub(super) fn repeat<E: Env<Self> + ?Sized>(&mut self, age: Duration, env: &mut E) {
        for entry in self
            .log
            .range(self.committed.next()..)
            .map(|(_, entry)| entry)
        {
            if entry.durable && entry.block.created + age <= env.now() {
                let others = self.committee.others(self.me);
                let missing: Vec<ReplicaId> =
                    others.filter(|id| !entry.holders.contains(*id)).collect();
                env.multicast(&missing, self.append(Arc::clone(&entry.block)));
            }
        }
    }

    /// A backup misses blocks from `first` on.
    pub(super) fn on_fetch<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        first: Height,
        env: &mut E,
    ) {
        if self.log.contains_key(&first) {
            let portion = self.log.range(first..).map(|(_, entry)| entry);
            for entry in portion.take(self.config.fetch_blocks as usize) {
                if entry.durable {
                    env.send(from, self.append(Arc::clone(&entry.block)));
                }
            }
        } else if first <= self.executed {
            env.send(from, Say::Gone(self.executed));
        }
    }

    /// Batches that a backup forwarded and still waits for.
    pub(super) fn on_remind<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        batches: &[Batch],
        env: &mut E,
    ) {
        let uncommitted = self.log.range(self.committed.next()..);
        let uncommitted: BTreeSet<BatchId> = uncommitted
            .flat_map(|(_, entry)| entry.block.batches.iter().map(|batch| batch.id))
            .collect();
        let mut known = Vec::new();
        for batch in batches {
            if !self.pool.is_recent(batch.id) {
                self.pool.add(*batch, env.now());
            } else if !uncommitted.contains(&batch.id) {
                known.push(batch.id);
            }
        }
        if !known.is_empty() {
            env.send(from, Say::Known(known));
        }
        self.propose(env);
    }

    /// Back after a crash: the log says what was ordered. What it does not say
    /// was never sent.
    pub(super) fn resume<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let next = self.committed.next();
        let first = self.log.keys().find(|height| **height >= next).copied();
        match first {
            // The log was compacted further than the ledger's disk reaches.
            Some(first) if first > next && self.committee.n() > 1 => {
                self.transferring = true;
                env.transfer(ReplicaId(1), Height(first.0 - 1));
            }
            _ => {
                let alone = self.advance(env);
                if alone {
                    env.broadcast(Say::Notice(self.committed));
                } else {
                    self.repeat(Duration::ZERO, env);
                }
            }
        }
    }
}

impl Entry {
    /// An entry that is not on the disk yet.
    pub(super) fn new(block: Arc<Block>) -> Self {
        Self {
            block,
            durable: false,
            holders: ReplicaSet::new(),
        }
    }

    /// An entry that was read from the disk of `me`.
    pub(super) fn read(block: Arc<Block>, me: ReplicaId) -> Self {
        let mut holders = ReplicaSet::new();
        holders.insert(me);
        Self {
            block,
            durable: true,
            holders,
        }
    }
}
