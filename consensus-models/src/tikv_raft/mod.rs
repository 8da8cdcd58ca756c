//! Raft as TiKV runs it: the crate `raft` 0.7, unmodified, in virtual time.
//!
//! The crate is a state machine over ticks and messages; this module is its
//! host. It ticks it by timers, writes what must be durable, sends, delivers
//! committed entries as blocks (an entry's index is its block's height), moves
//! snapshots as state transfers, and proposes batches. Nothing of the protocol
//! itself is here.
//!
//! The crate's encoded bytes are never parsed: messages stay in memory.

mod config;
mod drive;
mod message;
mod storage;
mod suffix;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use raft::eraftpb::{self, Entry, MessageType};
use raft::{ProgressState, RawNode, SnapshotStatus, StateRole};

use crate::block::{Batch, BatchId, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId};
use crate::params::ParamSpec;
use crate::pool::Pool;
use crate::protocol::{Env, Protocol, Recovery, Setup, TimerId, Token};

use config::Config;
pub use message::TikvMessage;
use storage::Log;
pub use storage::{Base, Record};
use suffix::Suffix;

/// The crate's clock.
const TICK: TimerId = TimerId(0);
/// Batches named in one reminder at most.
const MAX_REMINDED: usize = 256;
/// Election timeouts after which a snapshot that brought no answer is taken as
/// lost: the crate waits for its host to say so.
const SNAPSHOT_TIMEOUTS: u32 = 5;

/// The crate's name of a replica; 0 is nobody.
fn peer(id: ReplicaId) -> u64 {
    u64::from(id.0) + 1
}

fn replica(peer: u64) -> ReplicaId {
    ReplicaId(peer.saturating_sub(1) as u32)
}

/// A write under way, and what follows it.
struct Write {
    token: Token,
    /// The crate's number of the step that is durable then.
    number: u64,
    messages: Vec<eraftpb::Message>,
}

/// A replica that runs the crate.
pub struct TikvRaft {
    me: ReplicaId,
    committee: Committee,
    config: Config,
    node: RawNode<Log>,
    pool: Pool,
    suffix: Suffix,
    writes: VecDeque<Write>,
    next_token: u64,
    /// Highest height given to the host.
    delivered: Height,
    /// Highest height that the ledger has executed.
    executed: Height,
    /// Clock of the last entry that went through delivery.
    clock: Duration,
    /// The latest clock in the log.
    newest: Duration,
    /// The leader when it was looked at last.
    led_by: u64,
    /// A state transfer to at least this height. Nothing is delivered meanwhile.
    transfer: Option<Height>,
    /// The snapshot message that waits for it.
    held: Option<Arc<eraftpb::Message>>,
    /// Entries that were committed meanwhile.
    deferred: VecDeque<Entry>,
    /// Leader: since when a follower has been owed the answer to a snapshot.
    snapshots: BTreeMap<u64, Duration>,
    /// `delivered` when batches were looked at last.
    before: Height,
    /// The election timeout in force, in ticks, and the term and role for which
    /// it was drawn.
    timeout: usize,
    drawn_for: Option<(u64, StateRole)>,
}

impl TikvRaft {
    /// A snapshot's ledger comes first, its message second.
    fn on_snapshot<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        message: &Arc<eraftpb::Message>,
        env: &mut E,
    ) {
        let height = Height(message.get_snapshot().get_metadata().index);
        if height <= self.delivered && self.transfer.is_none() {
            self.step(message, env);
            return;
        }
        self.held = Some(Arc::clone(message));
        if self.transfer.is_none() {
            self.transfer = Some(height);
            env.transfer(from, height);
        }
    }

    fn step<E: Env<Self> + ?Sized>(&mut self, message: &eraftpb::Message, env: &mut E) {
        if self.node.step(message.clone()).is_err() {
            env.reject("message that the crate refuses");
        }
        self.pump(env);
    }

    /// One step of the crate's clock, with an election timeout of the replica's
    /// own stream in the place of the one that the crate drew.
    fn tick<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.awaits_snapshot() {
            return;
        }
        let seat = (self.node.raft.term, self.node.raft.state);
        if self.drawn_for != Some(seat) {
            self.drawn_for = Some(seat);
            self.timeout = self.config.draw(env.rand());
        }
        self.node.raft.set_randomized_election_timeout(self.timeout);
        if self.node.tick() && !self.is_leader() {
            self.drawn_for = None;
        }
    }

    /// Leader: a snapshot that brought no answer for long failed.
    fn watch_snapshots<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let patience = self.config.patience() * SNAPSHOT_TIMEOUTS;
        for id in self.committee.members().map(peer) {
            let progress = self.node.raft.prs().get(id);
            let waits = self.is_leader()
                && progress.is_some_and(|progress| progress.state == ProgressState::Snapshot);
            if !waits {
                self.snapshots.remove(&id);
                continue;
            }
            let since = *self.snapshots.entry(id).or_insert(env.now());
            if since + patience <= env.now() {
                self.snapshots.remove(&id);
                self.node.report_snapshot(id, SnapshotStatus::Failure);
            }
        }
    }

    fn remind<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let leader = self.node.raft.leader_id;
        if leader == raft::INVALID_ID || leader == peer(self.me) || self.pool.is_empty() {
            return;
        }
        let busy = self.delivered > self.before;
        self.before = self.delivered;
        let due = self.pool.take_due(env.now(), busy, MAX_REMINDED);
        if !due.is_empty() {
            for batch in &due {
                self.pool.forwarded(batch.id, replica(leader));
            }
            env.send(replica(leader), TikvMessage::Remind(due));
        }
    }

    fn on_remind<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        batches: &[Batch],
        env: &mut E,
    ) {
        let mut known: Vec<BatchId> = Vec::new();
        for batch in batches {
            if self.pool.is_recent(batch.id) {
                known.push(batch.id);
            } else {
                self.pool.add(*batch, env.now());
            }
        }
        if !known.is_empty() {
            env.send(from, TikvMessage::Known(known));
        }
        self.pump(env);
    }
}

impl Protocol for TikvRaft {
    type Message = TikvMessage;
    type Record = Record;

    const NAME: &'static str = "tikv-raft";
    const SOURCE: &'static str = "raft 0.7 of TiKV, unmodified: Raft in production";
    const FAULT_MODEL: FaultModel = FaultModel::Crash;

    fn params() -> Vec<ParamSpec> {
        config::specs()
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let config = Config::read(setup.params);
        let applied = recovery.applied.0;
        let log = Log::replay(setup.committee.n(), recovery.records, applied);
        let known = log.clamp(applied);
        let mut pool = Pool::new(config.log_tail, config.patience());
        let mut suffix = Suffix::default();
        let (mut clock, mut newest) = (log.base().created, log.base().created);
        for entry in log.entries() {
            newest = newest.max(message::created(entry).unwrap_or_default());
            if entry.index <= known {
                let block = message::block(entry, clock);
                clock = block.created;
                pool.committed(&block);
            } else {
                suffix.push(entry.index, message::handles(entry).map(|batch| batch.id));
            }
        }
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let settings = config.of(setup.me, known);
        let node = RawNode::new(&settings, log, &logger)
            .expect("the settings are within the crate's bounds");
        let mut replica = Self {
            me: setup.me,
            committee: setup.committee,
            config,
            node,
            pool,
            suffix,
            writes: VecDeque::new(),
            next_token: 0,
            delivered: recovery.applied,
            executed: recovery.applied,
            clock,
            newest,
            led_by: raft::INVALID_ID,
            transfer: None,
            held: None,
            deferred: VecDeque::new(),
            snapshots: BTreeMap::new(),
            before: recovery.applied,
            timeout: 0,
            drawn_for: None,
        };
        replica.ledger_at(recovery.applied);
        replica
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(TICK, self.config.tick);
        let base = Height(self.node.store().base().index);
        // The log was compacted further than the ledger's disk reaches.
        if base > self.delivered && self.committee.n() > 1 {
            self.transfer = Some(base);
            let next = ReplicaId((self.me.0 + 1) % self.committee.n());
            env.transfer(next, base);
        }
        self.pump(env);
    }

    fn message<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        message: &TikvMessage,
        env: &mut E,
    ) {
        match message {
            TikvMessage::Raft(message) if message.get_msg_type() == MessageType::MsgSnapshot => {
                self.on_snapshot(from, message, env);
            }
            TikvMessage::Raft(message) => self.step(message, env),
            TikvMessage::Remind(batches) => self.on_remind(from, batches, env),
            TikvMessage::Known(ids) => {
                for id in ids {
                    self.pool.remove(*id);
                    self.pool.remember(self.delivered, *id);
                }
            }
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, _timer: TimerId, env: &mut E) {
        env.set_timer(TICK, self.config.tick);
        self.tick(env);
        self.watch_snapshots(env);
        self.pump(env);
        self.remind(env);
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.pool.add(batch, env.now()) {
            return;
        }
        let leader = self.node.raft.leader_id;
        if self.is_leader() {
            self.pump(env);
        } else if leader != raft::INVALID_ID && leader != peer(self.me) {
            self.pool.forwarded(batch.id, replica(leader));
            env.forward(replica(leader), batch);
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.on_written(done, env);
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.ledger_at(height);
        self.compact(env);
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        _digest: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.transfer = None;
        self.delivered = height;
        self.newest = self.newest.max(block.created);
        self.deliver_deferred(env);
        self.ledger_at(height);
        if let Some(message) = self.held.take() {
            let from = replica(message.from);
            self.on_snapshot(from, &message, env);
        }
        self.pump(env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        let leader = self.node.raft.leader_id;
        (leader != raft::INVALID_ID).then(|| replica(leader))
    }

    fn view(&self) -> u64 {
        self.node.raft.term
    }
}
