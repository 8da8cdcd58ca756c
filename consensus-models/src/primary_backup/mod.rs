//! Primary-backup replication with a fixed primary: P. Alsberg and J. Day, "A
//! Principle for Resilient Sharing of Distributed Resources", ICSE 1976. With
//! `acks: none` it is the single sequencer of a private chain.
//!
//! Replica 0 orders, for ever. It writes a block to its own disk, sends it to
//! the backups, and commits it once enough of them have it on theirs. A block
//! leaves the primary only after the primary's own write, so one that was sent
//! is never replaced by another and there is nothing to vote on: no term, no
//! election, no conflict between logs.
//!
//! The price: **there is no fail-over.** While the primary is down nothing
//! commits; back from its disk, it goes on. With `acks: all` the same holds for
//! every replica. Faults are crashes; nothing here withstands a liar.
//!
//! This file holds the state and the dispatch; the two roles are in `primary`
//! and `backup`.

mod backup;
mod config;
mod message;
mod primary;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::block::{Batch, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId, ReplicaSet};
use crate::params::{ParamSpec, Params};
use crate::pool::Pool;
use crate::protocol::{Env, Liveness, Protocol, Recovery, Setup, TimerId, Token};
use crate::wire::RECORD_BYTES;

use config::Config;
pub use message::Say;
use message::block_bytes;

const PRIMARY: ReplicaId = ReplicaId(0);
/// The primary repeats, a backup reminds.
const RETRY: TimerId = TimerId(0);
/// A backup asks for what it misses.
const FETCH: TimerId = TimerId(1);
/// Marks writes after which nothing is said; blocks are marked by height.
const SILENT: Token = Token(0);

/// A block in the log.
#[derive(Debug)]
struct Entry {
    block: Arc<Block>,
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
    config: Config,
    /// What is not committed, and the last `retain` executed blocks.
    log: BTreeMap<Height, Entry>,
    /// Height of the ledger.
    executed: Height,
    /// Highest height given to the host.
    committed: Height,
    /// The log on the disk was compacted at this height.
    compacted: Height,
    /// A state transfer is under way; nothing is committed meanwhile.
    transferring: bool,
    /// To order (primary), or forwarded (backup); with the names of what was
    /// ordered (primary) or committed (backup) lately.
    pool: Pool,
    /// Primary: height and clock of the last block made.
    ordered: Height,
    created: Duration,
    /// Primary: backups were told of a commit since RETRY fired last.
    told: bool,
    /// Backup: highest height that the primary is known to have committed.
    known: Height,
    /// Backup: the last height of the portion asked for.
    asked: Option<Height>,
    /// Backup: FETCH is armed.
    fetching: bool,
    /// Backup: RETRY is armed.
    reminding: bool,
    /// Backup: `committed` when RETRY fired last.
    before: Height,
}

impl PrimaryBackup {
    fn is_primary(&self) -> bool {
        self.me == PRIMARY
    }

    /// Puts a block into the log. What follows, follows once it is durable.
    fn write<E: Env<Self> + ?Sized>(&mut self, block: Arc<Block>, env: &mut E) {
        let height = block.height;
        let bytes = RECORD_BYTES + block_bytes(&block);
        env.persist(Arc::clone(&block), bytes, Token(height.0));
        self.log.insert(height, Entry::new(block));
    }

    /// Forgets old blocks; on the disk, once in `retain` heights.
    fn compact<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let base = Height(self.executed.0.saturating_sub(self.config.retain));
        while let Some(oldest) = self.log.first_entry().filter(|entry| *entry.key() <= base) {
            oldest.remove();
        }
        let written = self.is_primary() || self.config.acknowledged();
        if written && self.executed.0 >= self.compacted.0 + self.config.retain {
            self.compacted = self.executed;
            let blocks = self.log.values().map(|entry| Arc::clone(&entry.block));
            let blocks: Vec<_> = blocks.collect();
            let bytes = blocks.iter().map(|block| RECORD_BYTES + block_bytes(block));
            let bytes = bytes.sum();
            env.rewrite(blocks, bytes, SILENT);
        }
    }
}

impl Protocol for PrimaryBackup {
    type Message = Say;
    type Record = Arc<Block>;

    const NAME: &'static str = "primary-backup";
    const SOURCE: &'static str =
        "P. Alsberg, J. Day, A Principle for Resilient Sharing of Distributed Resources, 1976";
    const FAULT_MODEL: FaultModel = FaultModel::Crash;

    fn params() -> Vec<ParamSpec> {
        config::specs()
    }

    fn liveness(committee: Committee, params: &Params) -> Liveness {
        let all = config::needed(params, committee) == committee.n();
        Liveness {
            needs: if all {
                committee.members().collect()
            } else {
                vec![PRIMARY]
            },
            ..Liveness::default()
        }
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Arc<Block>>) -> Self {
        let config = Config::read(setup.params, setup.committee);
        let mut pool = Pool::new(config.retain, config.retry);
        let mut log = BTreeMap::new();
        let mut created = Duration::ZERO;
        for block in recovery.records {
            created = created.max(block.created);
            if setup.me == PRIMARY || block.height <= recovery.applied {
                pool.committed(block);
            }
            let entry = Entry::read(Arc::clone(block), setup.me);
            log.insert(block.height, entry);
        }
        let last = log.keys().next_back().copied().unwrap_or_default();
        Self {
            me: setup.me,
            committee: setup.committee,
            config,
            executed: recovery.applied,
            committed: recovery.applied,
            compacted: recovery.applied,
            transferring: false,
            pool,
            ordered: last.max(recovery.applied),
            created,
            told: false,
            known: recovery.applied,
            asked: None,
            fetching: false,
            reminding: false,
            before: recovery.applied,
            log,
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.is_primary() {
            env.set_timer(RETRY, self.config.retry);
            self.resume(env);
        }
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Say, env: &mut E) {
        match message {
            Say::Append { block, committed } => self.on_append(block, *committed, env),
            Say::Notice(committed) => self.follow(*committed, env),
            Say::Gone(height) => self.on_gone(*height, env),
            Say::Known(ids) => self.on_known(ids),
            Say::Ack(height) => self.on_ack(from, *height, env),
            Say::Fetch(first) => self.on_fetch(from, *first, env),
            Say::Remind(batches) => self.on_remind(from, batches, env),
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            RETRY if self.is_primary() => self.on_primary_timer(env),
            RETRY => self.on_backup_timer(env),
            _ => self.on_fetch_timer(env),
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.is_primary() {
            self.pass_on(batch, env);
        } else if self.pool.add(batch, env.now()) {
            self.propose(env);
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        match done {
            SILENT => {}
            Token(height) if self.is_primary() => self.on_own_write(Height(height), env),
            Token(height) => self.on_held(Height(height), env),
        }
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.executed = self.executed.max(height);
        self.compact(env);
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        _digest: Digest,
        _block: &Block,
        env: &mut E,
    ) {
        self.transferring = false;
        self.committed = height;
        self.executed = height;
        self.compact(env);
        if self.is_primary() {
            self.ordered = self.ordered.max(height);
            self.resume(env);
            self.propose(env);
        } else {
            self.follow(height, env);
        }
    }

    fn leader(&self) -> Option<ReplicaId> {
        Some(PRIMARY)
    }

    fn view(&self) -> u64 {
        0
    }
}
