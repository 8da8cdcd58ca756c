//! Transactions that wait at a replica for a batch: first in, first out, with
//! a limit. Knows nothing of consensus.

use std::collections::VecDeque;

use groma_sim::Time;

use crate::wire::Ticketed;

/// When a batch is closed.
#[derive(Clone, Copy, Debug)]
pub struct BatchRule {
    /// At this many transactions.
    pub max_txs: u32,
    /// At this many bytes.
    pub max_bytes: u32,
}

/// The queue of one replica.
#[derive(Debug)]
pub struct Mempool {
    queue: VecDeque<Ticketed>,
    bytes: u64,
    rule: BatchRule,
    limit: u32,
    /// Transactions in batches that this replica formed and that have not
    /// committed: they count against the limit too, or a stalled protocol
    /// would hide an unbounded queue.
    in_batches: u64,
}

impl Mempool {
    /// An empty queue that holds at most `limit` transactions.
    #[must_use]
    pub fn new(rule: BatchRule, limit: u32) -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            rule,
            limit,
            in_batches: 0,
        }
    }

    /// Takes a transaction in; `false` when the queue is full.
    #[must_use]
    pub fn admit(&mut self, tx: Ticketed) -> bool {
        if self.queue.len() as u64 + self.in_batches >= u64::from(self.limit) {
            return false;
        }
        self.bytes += u64::from(tx.tx.wire_bytes);
        self.queue.push_back(tx);
        true
    }

    /// Whether a full batch waits.
    #[must_use]
    pub fn is_ripe(&self) -> bool {
        self.queue.len() >= self.rule.max_txs as usize
            || self.bytes >= u64::from(self.rule.max_bytes)
    }

    /// Arrival of the oldest transaction.
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        self.queue.front().map(|tx| tx.arrived)
    }

    /// Closes a batch: as many of the oldest transactions as the rule allows,
    /// and at least one. Returns them with their bytes; `None` when empty.
    pub fn close(&mut self) -> Option<(Vec<Ticketed>, u32)> {
        let (mut count, mut bytes) = (0_usize, 0_u32);
        for tx in self.queue.iter().take(self.rule.max_txs as usize) {
            let with = bytes.saturating_add(tx.tx.wire_bytes);
            if count > 0 && with > self.rule.max_bytes {
                break;
            }
            (count, bytes) = (count + 1, with);
        }
        if count == 0 {
            return None;
        }
        self.bytes -= u64::from(bytes);
        self.in_batches += count as u64;
        Some((self.queue.drain(..count).collect(), bytes))
    }

    /// A batch of `txs` transactions that this replica formed has committed.
    pub fn committed(&mut self, txs: u32) {
        self.in_batches = self.in_batches.saturating_sub(u64::from(txs));
    }

    /// Forgets everything, as a crash does.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
        self.in_batches = 0;
    }
}
