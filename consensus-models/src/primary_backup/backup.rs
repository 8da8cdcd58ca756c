//! A backup: holds, acknowledges, follows, and asks for what it misses.

use std::sync::Arc;

use super::message::Say;
use super::{Entry, FETCH, PRIMARY, PrimaryBackup, RETRY};
use crate::block::{Batch, BatchId, Block, Height};
use crate::protocol::Env;

/// Heights above the committed one from which a backup takes blocks; what lies
/// beyond is asked for when its turn has come.
const MAX_AHEAD: u64 = 4_096;
/// Batches named in one reminder at most.
const MAX_REMINDED: usize = 256;

impl PrimaryBackup {
    /// A block arrived.
    pub(super) fn on_append<E: Env<Self> + ?Sized>(
        &mut self,
        block: &Arc<Block>,
        committed: Height,
        env: &mut E,
    ) {
        self.hold(block, env);
        self.follow(committed, env);
    }

    /// It is acknowledged once it is on the disk, and again whenever the
    /// primary repeats it.
    fn hold<E: Env<Self> + ?Sized>(&mut self, block: &Arc<Block>, env: &mut E) {
        let height = block.height;
        let acknowledged = self.config.acknowledged();
        match self.log.get(&height) {
            Some(entry) if !entry.durable => {}
            None if height > self.committed => {
                if height.0 > self.committed.0 + MAX_AHEAD {
                    env.reject("block too far ahead");
                } else if acknowledged {
                    self.write(Arc::clone(block), env);
                } else {
                    self.log.insert(height, Entry::new(Arc::clone(block)));
                }
            }
            // In the log's durable part, or in the ledger.
            _ if acknowledged => env.send(PRIMARY, Say::Ack(height)),
            _ => {}
        }
    }

    /// A block of the primary's is on this disk.
    pub(super) fn on_held<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        if let Some(entry) = self.log.get_mut(&height) {
            entry.durable = true;
        }
        env.send(PRIMARY, Say::Ack(height));
    }

    /// Commits as far as the primary did and the log reaches.
    pub(super) fn follow<E: Env<Self> + ?Sized>(&mut self, committed: Height, env: &mut E) {
        self.known = self.known.max(committed);
        if self.transferring {
            return;
        }
        while self.committed < self.known
            && let Some(entry) = self.log.get(&self.committed.next())
        {
            let block = Block::clone(&entry.block);
            self.committed = block.height;
            self.pool.committed(&block);
            env.commit(block);
        }
        if self.committed >= self.known {
            self.asked = None;
        } else if self.asked.is_some_and(|last| self.committed >= last) {
            // The last portion is here, and it was not all.
            self.fetch(env);
        } else if !self.fetching {
            self.fetching = true;
            env.set_timer(FETCH, self.config.fetch_delay);
        }
    }

    fn fetch<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.asked = Some(Height(self.committed.0 + self.config.fetch_blocks));
        self.fetching = true;
        env.set_timer(FETCH, self.config.retry.max(self.config.fetch_delay));
        env.send(PRIMARY, Say::Fetch(self.committed.next()));
    }

    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.fetching = false;
        if self.committed < self.known && !self.transferring {
            self.fetch(env);
        }
    }

    /// The primary's log no longer has what this backup misses.
    pub(super) fn on_gone<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        if height > self.committed && !self.transferring {
            self.known = self.known.max(height);
            self.transferring = true;
            env.transfer(PRIMARY, height);
        }
    }

    /// Keeps a batch until it commits, and hands it to the primary.
    pub(super) fn pass_on<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if self.pool.add(batch, env.now()) {
            env.forward(PRIMARY, batch);
            self.arm_reminder(env);
        }
    }

    fn arm_reminder<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if !self.reminding {
            self.reminding = true;
            env.set_timer(RETRY, self.config.retry);
        }
    }

    /// Names what has waited for long.
    pub(super) fn on_backup_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.reminding = false;
        let busy = self.committed > self.before;
        self.before = self.committed;
        let due = self.pool.take_due(env.now(), busy, MAX_REMINDED);
        if !due.is_empty() {
            env.send(PRIMARY, Say::Remind(due));
        }
        if !self.pool.is_empty() {
            self.arm_reminder(env);
        }
    }

    /// These committed in blocks that a state transfer left out.
    pub(super) fn on_known(&mut self, ids: &[BatchId]) {
        for id in ids {
            self.pool.remove(*id);
            self.pool.remember(self.committed, *id);
        }
    }
}
