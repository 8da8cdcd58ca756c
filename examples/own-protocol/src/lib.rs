//! Chain replication: R. van Renesse and F. Schneider, OSDI 2004, as an outside
//! crate would bring it.
//!
//! Replicas stand in a row. The first, the head, orders: it writes a block to
//! its own disk and passes it to the next, which does the same. When the block
//! is on the last disk, the tail's, it is committed; the word of it travels back
//! to the head. Every replica sends a block once, whatever n: no leader pays for
//! all. And a block is on all disks or not committed: nothing is to be voted on.
//!
//! The price, stated plainly: the way is long, n - 1 delays to the tail and as
//! many back; and **there is no fail-over**. The paper's master takes failed
//! replicas out of the chain; here the chain is fixed, and while any replica is
//! down nothing commits. When it is back, it goes on from its disk.
//!
//! Faults are crashes and lost messages; nothing here withstands a liar.

mod message;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use groma_consensus_models::{
    Batch, BatchId, Block, Committee, Digest, Env, FaultModel, Height, Liveness, ParamSpec, Params,
    Protocol, Recovery, ReplicaId, Setup, TimerId, Token,
};

pub use message::Say;
use message::block_bytes;

const HEAD: ReplicaId = ReplicaId(0);
/// Fires at every replica once per `retry`.
const RETRY: TimerId = TimerId(0);
/// Marks writes after which nothing is said; blocks are marked by height.
const SILENT: Token = Token(0);
/// Most batches in a block.
const MAX_BATCHES: usize = 16;
/// Batches whose order the head remembers, to know them when they come again.
/// One that was forgotten would be ordered again, and the ledger refuses it.
const MAX_REMEMBERED: usize = 4_096;
/// Executed blocks that stay in the log: the ledger's disk is taken to be less
/// than this far behind its execution, so that a crash leaves no gap.
const KEPT: u64 = 64;

/// A block in the log.
#[derive(Debug)]
struct Entry {
    block: Block,
    /// When it was passed on last; `None` until it is on this replica's disk.
    passed: Option<Duration>,
}

/// One replica: the head, the tail, or one between them.
#[derive(Debug)]
pub struct ChainReplication {
    me: ReplicaId,
    committee: Committee,
    /// Uncommitted blocks that the head allows.
    window: u64,
    retry: Duration,
    /// What is not committed, and the last `KEPT` executed blocks.
    log: BTreeMap<Height, Entry>,
    /// Highest height given to the host.
    committed: Height,
    /// Batches to order (head) or handed to the head, with the time.
    waiting: VecDeque<(Batch, Duration)>,
    /// Height and clock of the last block made; the head's alone.
    ordered: Height,
    created: Duration,
    /// Batches ordered lately, oldest first in the queue; the head's alone.
    remembered: BTreeSet<BatchId>,
    memory: VecDeque<BatchId>,
}

impl ChainReplication {
    fn previous(&self) -> Option<ReplicaId> {
        self.me.0.checked_sub(1).map(ReplicaId)
    }

    fn next(&self) -> Option<ReplicaId> {
        let next = ReplicaId(self.me.0 + 1);
        (next.0 < self.committee.n()).then_some(next)
    }

    /// Head: makes blocks of what waits, while the window has room.
    fn propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        while !self.waiting.is_empty() && self.ordered.0 - self.committed.0 < self.window {
            let count = self.waiting.len().min(MAX_BATCHES);
            self.ordered = self.ordered.next();
            self.created = self.created.max(env.now());
            let block = Block {
                height: self.ordered,
                view: 0,
                proposer: self.me,
                created: self.created,
                batches: self
                    .waiting
                    .drain(..count)
                    .map(|(batch, _)| batch)
                    .collect(),
            };
            self.remember(&block);
            self.write(block, env);
        }
    }

    fn remember(&mut self, block: &Block) {
        for batch in &block.batches {
            self.remembered.insert(batch.id);
            self.memory.push_back(batch.id);
        }
        while self.memory.len() > MAX_REMEMBERED {
            let oldest = self.memory.pop_front();
            oldest.map(|id| self.remembered.remove(&id));
        }
    }

    /// Puts a block into the log. What follows, follows once it is durable.
    fn write<E: Env<Self> + ?Sized>(&mut self, block: Block, env: &mut E) {
        let height = block.height;
        env.persist(block.clone(), block_bytes(&block), Token(height.0));
        let passed = None;
        self.log.insert(height, Entry { block, passed });
    }

    /// A block is on this disk: it goes to the next replica, or is committed
    /// when there is none.
    fn pass<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        if let Some(entry) = self.log.get_mut(&height) {
            entry.passed = Some(env.now());
            match self.next() {
                Some(next) => env.send(next, Say::Pass(self.log[&height].block.clone())),
                None => self.commit(Height(u64::MAX), env),
            }
        }
    }

    /// Commits what is on this disk up to `limit`, and says so to the replica
    /// before.
    fn commit<E: Env<Self> + ?Sized>(&mut self, limit: Height, env: &mut E) {
        let before = self.committed;
        while self.committed < limit
            && let Some(entry) = self.log.get(&self.committed.next())
            && entry.passed.is_some()
        {
            let block = entry.block.clone();
            self.committed = block.height;
            self.waiting
                .retain(|(batch, _)| !block.batches.contains(batch));
            env.commit(block);
        }
        match self.previous() {
            Some(previous) if self.committed > before => {
                env.send(previous, Say::Done(self.committed));
            }
            Some(_) => {}
            None => self.propose(env),
        }
    }

    /// A block from the replica before.
    fn hold<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, block: &Block, env: &mut E) {
        if block.height <= self.committed {
            // It has not heard: the word was lost.
            env.send(from, Say::Done(self.committed));
        } else if block.height.0 > self.committed.0 + self.window + KEPT {
            env.reject("block too far ahead");
        } else if !self.log.contains_key(&block.height) {
            self.write(block.clone(), env);
        }
    }
}

impl Protocol for ChainReplication {
    type Message = Say;
    type Record = Block;

    const NAME: &'static str = "chain-replication";
    const SOURCE: &'static str = "R. van Renesse, F. Schneider, Chain Replication for Supporting High Throughput and Availability, 2004; fixed chain";
    const FAULT_MODEL: FaultModel = FaultModel::Crash;

    fn params() -> Vec<ParamSpec> {
        vec![
            ParamSpec::integer(
                "window",
                (1, 4_096),
                "64",
                "uncommitted blocks that the head allows",
            ),
            ParamSpec::span(
                "retry",
                1,
                "1s",
                "silence after which a message is sent again",
            ),
        ]
    }

    fn liveness(committee: Committee, _params: &Params) -> Liveness {
        Liveness {
            needs: committee.members().collect(),
            ..Liveness::default()
        }
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Block>) -> Self {
        let mut replica = Self {
            me: setup.me,
            committee: setup.committee,
            window: setup.params.integer("window"),
            retry: setup.params.duration("retry"),
            log: BTreeMap::new(),
            committed: recovery.applied,
            waiting: VecDeque::new(),
            ordered: recovery.applied,
            created: Duration::ZERO,
            remembered: BTreeSet::new(),
            memory: VecDeque::new(),
        };
        for block in recovery.records {
            replica.ordered = replica.ordered.max(block.height);
            replica.created = replica.created.max(block.created);
            replica.remember(block);
            let entry = Entry {
                block: block.clone(),
                passed: Some(Duration::ZERO),
            };
            replica.log.insert(block.height, entry);
        }
        replica
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(RETRY, self.retry);
        let uncommitted = self.log.range(self.committed.next()..);
        let heights: Vec<Height> = uncommitted.map(|(height, _)| *height).collect();
        for height in heights {
            self.pass(height, env);
        }
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Say, env: &mut E) {
        match message {
            Say::Pass(block) => self.hold(from, block, env),
            Say::Done(height) => self.commit(*height, env),
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, _timer: TimerId, env: &mut E) {
        env.set_timer(RETRY, self.retry);
        let old = |since: Duration| since + self.retry <= env.now();
        let uncommitted = self.log.range(self.committed.next()..);
        let stuck: Vec<Height> = uncommitted
            .filter(|(_, entry)| entry.passed.is_some_and(old))
            .map(|(height, _)| *height)
            .collect();
        for height in stuck {
            self.pass(height, env);
        }
        for (batch, since) in &mut self.waiting {
            if self.me != HEAD && *since + self.retry <= env.now() {
                *since = env.now();
                env.forward(HEAD, *batch);
            }
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        let waits = self.waiting.iter().any(|(known, _)| known.id == batch.id);
        if waits || self.remembered.contains(&batch.id) {
            return;
        }
        self.waiting.push_back((batch, env.now()));
        if self.me == HEAD {
            self.propose(env);
        } else {
            env.forward(HEAD, batch);
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        if done != SILENT {
            self.pass(Height(done.0), env);
        }
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        let base = Height(height.0.saturating_sub(KEPT));
        self.log = self.log.split_off(&base.next());
        if height.0.is_multiple_of(KEPT) {
            let blocks: Vec<Block> = self.log.values().map(|entry| entry.block.clone()).collect();
            let bytes = blocks.iter().map(block_bytes).sum();
            env.rewrite(blocks, bytes, SILENT);
        }
    }

    /// Never asked for: what is committed is on every disk, so nobody misses it.
    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        _digest: Digest,
        _block: &Block,
        _env: &mut E,
    ) {
        self.committed = self.committed.max(height);
    }

    fn leader(&self) -> Option<ReplicaId> {
        Some(HEAD)
    }

    fn view(&self) -> u64 {
        0
    }
}
