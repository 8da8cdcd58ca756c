//! Primary-backup replication with a fixed primary: the smallest protocol that
//! is worth comparing with Raft, as an outside crate would bring it.
//!
//! Replica 0 orders, for ever. It writes a block to its own disk, sends it to
//! the backups, and commits it once enough of them have it on theirs. Since a
//! block leaves the primary only after the primary's own write, a block once
//! sent is never replaced by another, so there is nothing to vote on: no term,
//! no election, no conflict between logs.
//!
//! The price, stated plainly: **there is no fail-over.** n = 2f + 1; with
//! `acks: majority` any f backups may be down and nothing stops, with
//! `acks: all` one that is down stops everything. While the primary is down
//! nothing commits; when it is back it goes on from its disk. Faults are
//! crashes; nothing here withstands a replica that lies.
//!
//! What was lost on the way comes again: the primary repeats what is not
//! committed, backups forward again what they wait for, and one that missed a
//! committed block takes over the primary's ledger (state transfer).

mod message;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use groma_consensus_models::{
    Batch, BatchId, Block, Committee, Digest, Env, FaultModel, Height, ParamKind, ParamSpec,
    Protocol, Recovery, ReplicaId, ReplicaSet, Setup, TimerId, Token,
};

pub use message::Say;
use message::block_bytes;

const PRIMARY: ReplicaId = ReplicaId(0);
/// Fires at every replica once per `retry`.
const RETRY: TimerId = TimerId(0);
/// Marks writes after which nothing is said; blocks are marked by height.
const SILENT: Token = Token(0);
/// Most batches in a block.
const MAX_BATCHES: usize = 8;
/// Most blocks that a backup holds; what comes beyond that is refused and
/// comes again, or arrives by state transfer.
const MAX_LOG: usize = 4_096;
/// Batches whose order the primary remembers, to know them when they are
/// forwarded twice. One that was forgotten would be ordered again, and the
/// ledger refuses the repetition.
const MAX_REMEMBERED: usize = 4_096;
/// The log is compacted each time that so many blocks were executed.
const COMPACT_EVERY: u64 = 64;
/// Executed blocks that stay in the log: the ledger's disk is taken to be less
/// than this far behind its execution, so that a crash leaves no gap.
const KEPT: u64 = 64;

/// A block in the log.
#[derive(Debug)]
struct Entry {
    block: Block,
    /// It is on this replica's disk.
    durable: bool,
    /// Who has it on disk; kept by the primary alone.
    holders: ReplicaSet,
}

/// One replica: the primary or a backup.
#[derive(Debug)]
pub struct PrimaryBackup {
    me: ReplicaId,
    committee: Committee,
    /// Disks that must hold a block before it commits.
    needed: u32,
    /// Blocks under way at the same time.
    window: u64,
    retry: Duration,
    /// Blocks that the ledger's disk may not include yet.
    log: BTreeMap<Height, Entry>,
    /// Height of the ledger.
    executed: Height,
    /// Highest height given to the host.
    committed: Height,
    /// Highest height that the primary is known to have committed.
    known: Height,
    /// Height of the last block made; the primary's alone.
    ordered: Height,
    /// `committed` when RETRY fired last.
    before: Height,
    /// A state transfer is under way; nothing is committed meanwhile.
    transferring: bool,
    /// Batches to order (primary) or forwarded (backup), with the time.
    waiting: VecDeque<(Batch, Duration)>,
    /// Batches ordered lately, oldest first in the queue; the primary's alone.
    remembered: BTreeMap<BatchId, Height>,
    memory: VecDeque<BatchId>,
}

impl PrimaryBackup {
    fn is_primary(&self) -> bool {
        self.me == PRIMARY
    }

    /// The ledger's disk holds everything up to here.
    fn base(&self) -> Height {
        Height(self.executed.0.saturating_sub(KEPT))
    }

    /// Primary: makes blocks of what waits, while the window has room.
    fn propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        while !self.waiting.is_empty() && self.ordered.0 - self.committed.0 < self.window {
            let count = self.waiting.len().min(MAX_BATCHES);
            let block = Block {
                height: self.ordered.next(),
                view: 0,
                proposer: self.me,
                created: env.now(),
                batches: self
                    .waiting
                    .drain(..count)
                    .map(|(batch, _)| batch)
                    .collect(),
            };
            self.ordered = block.height;
            for batch in &block.batches {
                self.remember(batch.id, block.height);
            }
            self.write(block, env);
        }
    }

    fn remember(&mut self, batch: BatchId, height: Height) {
        self.remembered.insert(batch, height);
        self.memory.push_back(batch);
        if self.memory.len() > MAX_REMEMBERED
            && let Some(oldest) = self.memory.pop_front()
        {
            self.remembered.remove(&oldest);
        }
    }

    /// Puts a block into the log. What follows, follows once it is durable.
    fn write<E: Env<Self> + ?Sized>(&mut self, block: Block, env: &mut E) {
        env.persist(block.clone(), block_bytes(&block), Token(block.height.0));
        let entry = Entry {
            block,
            durable: false,
            holders: ReplicaSet::new(),
        };
        self.log.insert(entry.block.height, entry);
    }

    fn append(&self, block: &Block) -> Say {
        Say::Append {
            block: block.clone(),
            committed: self.committed,
        }
    }

    /// Primary: a replica has the block at `height` on its disk.
    fn held<E: Env<Self> + ?Sized>(&mut self, height: Height, by: ReplicaId, env: &mut E) {
        if let Some(entry) = self.log.get_mut(&height) {
            entry.holders.insert(by);
        }
        let before = self.committed;
        let enough = |entry: &&Entry| entry.holders.len() >= self.needed;
        let mut ready = Vec::new();
        while let Some(entry) = self
            .log
            .get(&Height(before.next().0 + ready.len() as u64))
            .filter(enough)
        {
            ready.push(entry.block.clone());
        }
        for block in ready {
            self.committed = block.height;
            env.commit(block);
        }
        if self.committed > before {
            env.broadcast(Say::Notice(self.committed));
            self.propose(env);
        }
    }

    /// Backup: a block arrived. It is acknowledged once it is on the disk, and
    /// again whenever the primary repeats it.
    fn hold<E: Env<Self> + ?Sized>(&mut self, block: &Block, env: &mut E) {
        let height = block.height;
        match self.log.get(&height) {
            Some(entry) if !entry.durable => {}
            None if height > self.base() && self.log.len() >= MAX_LOG => env.reject("log full"),
            None if height > self.base() => self.write(block.clone(), env),
            _ => env.send(PRIMARY, Say::Ack(height)),
        }
    }

    /// Backup: commits as far as the primary did and the log reaches.
    fn follow<E: Env<Self> + ?Sized>(&mut self, committed: Height, env: &mut E) {
        self.known = self.known.max(committed);
        while self.committed < self.known && !self.transferring {
            let Some(entry) = self.log.get(&self.committed.next()) else {
                return;
            };
            let block = entry.block.clone();
            self.waiting
                .retain(|(batch, _)| !block.batches.contains(batch));
            self.committed = block.height;
            env.commit(block);
        }
    }

    /// Primary: sends again what has gone uncommitted for `age`, and where it
    /// stands to those who might have missed it.
    fn repeat<E: Env<Self> + ?Sized>(&mut self, age: Duration, env: &mut E) {
        for (_, entry) in self.log.range(self.committed.next()..) {
            if entry.durable && entry.block.created + age <= env.now() {
                let missing: Vec<ReplicaId> = self
                    .committee
                    .others(self.me)
                    .filter(|id| !entry.holders.contains(*id))
                    .collect();
                env.multicast(&missing, self.append(&entry.block));
            }
        }
        env.broadcast(Say::Notice(self.committed));
    }

    /// Backup: forwards again what has waited for long, and asks for a ledger
    /// when a committed block has been missing since the last time.
    fn catch_up<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let now = env.now();
        for (batch, since) in &mut self.waiting {
            if *since + self.retry <= now {
                *since = now;
                env.forward(PRIMARY, *batch);
            }
        }
        if self.committed < self.known && self.committed == self.before && !self.transferring {
            self.transferring = true;
            env.transfer(PRIMARY, self.known);
        }
        self.before = self.committed;
    }
}

impl Protocol for PrimaryBackup {
    type Message = Say;
    type Record = Block;

    const NAME: &'static str = "primary-backup";
    const SOURCE: &'static str = "P. Alsberg, J. Day, A Principle for Resilient Sharing of Distributed Resources, 1976; fixed primary";
    const FAULT_MODEL: FaultModel = FaultModel::Crash;

    fn params() -> Vec<ParamSpec> {
        let duration = ParamKind::Duration {
            min: Duration::from_millis(1),
            max: Duration::from_secs(3_600),
        };
        vec![
            ParamSpec {
                name: "acks",
                kind: ParamKind::Choice(&["majority", "all"]),
                default: "majority",
                help: "replicas that must have a block on disk before it commits",
            },
            ParamSpec {
                name: "window",
                kind: ParamKind::Integer { min: 1, max: 1_024 },
                default: "32",
                help: "blocks under way at the same time",
            },
            ParamSpec {
                name: "retry",
                kind: duration,
                default: "1s",
                help: "silence after which a message is sent again",
            },
        ]
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Block>) -> Self {
        let fresh = recovery
            .records
            .iter()
            .filter(|block| block.height > recovery.applied);
        let log: BTreeMap<Height, Entry> = fresh
            .map(|block| {
                let mut holders = ReplicaSet::new();
                holders.insert(setup.me);
                (
                    block.height,
                    Entry {
                        block: block.clone(),
                        durable: true,
                        holders,
                    },
                )
            })
            .collect();
        let all = setup.params.choice("acks") == "all";
        Self {
            me: setup.me,
            committee: setup.committee,
            needed: if all {
                setup.committee.n()
            } else {
                setup.committee.quorum()
            },
            window: setup.params.integer("window"),
            retry: setup.params.duration("retry"),
            executed: recovery.applied,
            committed: recovery.applied,
            known: recovery.applied,
            ordered: log.keys().last().copied().unwrap_or(recovery.applied),
            before: recovery.applied,
            transferring: false,
            waiting: VecDeque::new(),
            remembered: BTreeMap::new(),
            memory: VecDeque::new(),
            log,
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(RETRY, self.retry);
        if self.is_primary() && self.ordered > Height(0) {
            self.repeat(Duration::ZERO, env);
        }
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Say, env: &mut E) {
        match message {
            Say::Append { block, committed } => {
                self.hold(block, env);
                self.follow(*committed, env);
            }
            Say::Ack(height) => self.held(*height, from, env),
            Say::Notice(committed) => self.follow(*committed, env),
            Say::Known(id) => self.waiting.retain(|(batch, _)| batch.id != *id),
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, _timer: TimerId, env: &mut E) {
        env.set_timer(RETRY, self.retry);
        if self.is_primary() {
            self.repeat(self.retry, env);
        } else {
            self.catch_up(env);
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if self.waiting.iter().any(|(known, _)| known.id == batch.id) {
            return;
        }
        match self.remembered.get(&batch.id) {
            Some(&height) if height <= self.committed => env.broadcast(Say::Known(batch.id)),
            Some(_) => {}
            None => {
                self.waiting.push_back((batch, env.now()));
                if self.is_primary() {
                    self.propose(env);
                } else {
                    env.forward(PRIMARY, batch);
                }
            }
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        if done == SILENT {
            return;
        }
        let height = Height(done.0);
        if let Some(entry) = self.log.get_mut(&height) {
            entry.durable = true;
        }
        if !self.is_primary() {
            env.send(PRIMARY, Say::Ack(height));
        } else if let Some(entry) = self.log.get(&height) {
            env.broadcast(self.append(&entry.block));
            self.held(height, self.me, env);
        }
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.executed = self.executed.max(height);
        self.log = self.log.split_off(&self.base().next());
        if height.0.is_multiple_of(COMPACT_EVERY) {
            let blocks: Vec<Block> = self.log.values().map(|entry| entry.block.clone()).collect();
            let bytes = blocks.iter().map(block_bytes).sum();
            env.rewrite(blocks, bytes, SILENT);
        }
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        _digest: Digest,
        _block: &Block,
        env: &mut E,
    ) {
        self.transferring = false;
        self.committed = self.committed.max(height);
        self.ordered = self.ordered.max(height);
        self.follow(height, env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        Some(PRIMARY)
    }

    fn view(&self) -> u64 {
        0
    }
}
