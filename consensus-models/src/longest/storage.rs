//! The write-ahead log: every whole block is on it, so that a node resumes
//! from its own chain.
//!
//! Two things wait for the disk. A node announces a block of its own only once
//! it is durable, so that it never makes two in one turn. And a block counts
//! for the depth of those under it only once it is durable: otherwise a crash
//! of all nodes could forget the branch on which something was committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Longest;
use super::config::Config;
use super::forks::{Forks, Place};
use super::header::{Header, Sealed};
use super::message::Record;
use super::rule::{Rule, is_better};
use crate::block::{BlockId, Height};
use crate::chain::BlockRef;
use crate::committee::ReplicaId;
use crate::pool::Pool;
use crate::protocol::{Env, Recovery, Token};

/// What follows once a record is durable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outgoing {
    /// The block counts; one's own is announced.
    Block { at: BlockRef, own: bool },
    /// Nothing: the log was compacted.
    Nothing,
}

/// What a log gives back.
pub(super) struct Recovered {
    pub(super) forks: Forks,
    pub(super) pool: Pool,
    pub(super) made: u64,
}

impl Recovered {
    pub(super) fn new<R: Rule>(
        me: ReplicaId,
        rule: &R,
        config: &Config,
        recovery: &Recovery<'_, Record>,
    ) -> Self {
        let genesis = Header::genesis(rule.genesis_weight());
        let mut found = Self {
            forks: Forks::new(genesis, recovery.applied, config.limits),
            pool: Pool::new(config.limits.retain as u64, config.request_timeout),
            made: 0,
        };
        let mut blocks = Vec::new();
        for record in recovery.records {
            match record {
                Record::Block(block) => {
                    if block.header.maker == me {
                        found.made = found.made.max(block.header.draft.view);
                    }
                    blocks.push(Arc::clone(block));
                }
                Record::Made(view) => found.made = found.made.max(*view),
                Record::Recent(batches) => {
                    for &(height, id) in batches.iter() {
                        found.pool.remember(height, id);
                    }
                }
            }
        }
        found.regrow(rule, recovery.applied, &blocks);
        found
    }

    /// Puts the logged blocks back. Committed are those under the heaviest
    /// branch up to `applied`: a branch that leaves the committed chain never
    /// gets onto the log.
    fn regrow<R: Rule>(&mut self, rule: &R, applied: Height, blocks: &[Arc<Sealed>]) {
        let better = |new: &Header, old: &Header| is_better(rule, new, old);
        let by_name: BTreeMap<(Height, BlockId), &Arc<Sealed>> = blocks
            .iter()
            .map(|block| ((block.header.height(), block.header.id()), block))
            .collect();
        let best = blocks.iter().reduce(|old, new| {
            if better(&new.header, &old.header) {
                new
            } else {
                old
            }
        });
        let mut committed = Vec::new();
        let mut next = best;
        while let Some(block) = next {
            if block.header.height() <= applied {
                committed.push(Arc::clone(block));
            }
            let parent = block.header.parent;
            next = by_name.get(&(parent.height, parent.id)).copied();
        }
        committed.reverse();
        let reaches = committed
            .last()
            .is_some_and(|root| root.header.height() == applied);
        if reaches {
            for block in &committed {
                self.pool.committed(&block.block);
            }
            self.forks.restore(committed);
        }
        for block in blocks {
            let place = self.forks.place(&block.header);
            if !matches!(place, Place::On(_) | Place::OnUnknown) {
                continue;
            }
            self.forks.add_header(block.header);
            for header in self.forks.add_block(block) {
                self.forks.mark_durable(&header.at());
                if self.forks.tip().is_none_or(|tip| better(&header, tip)) {
                    self.forks.follow(&header);
                }
            }
        }
    }
}

impl<R: Rule> Longest<R> {
    /// Writes a record; `then` follows once it is durable.
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

    /// What waited for a write.
    pub(super) fn written<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while let Some(outgoing) = self.outbox.pop(done) {
            let Outgoing::Block { at, own } = outgoing else {
                continue;
            };
            self.forks.mark_durable(&at);
            // A block that was overtaken while it was written is no news.
            if own && self.forks.tip().is_some_and(|tip| tip.at() == at) {
                self.announce(self.me, env);
            }
        }
        self.finalise(env);
    }

    /// Compacts the log at a checkpoint. Blocks since the checkpoint before
    /// stay on it: `executed` does not say that the ledger is durable.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, executed: Height, env: &mut E) {
        let before = executed.0.saturating_sub(self.config.checkpoint_interval);
        let mut records = vec![
            Record::Made(self.made),
            Record::Recent(self.pool.recent().collect()),
        ];
        let blocks = self.forks.to_log(Height(before));
        records.extend(blocks.into_iter().map(Record::Block));
        let bytes = records.iter().map(Record::bytes).sum();
        let token = self.outbox.push(Outgoing::Nothing);
        env.rewrite(records, bytes, token);
    }
}
