//! Mysticeti-C: K. Babel, A. Chursin, G. Danezis, A. Kichidis,
//! L. Kokoris-Kogias, A. Koshy, A. Sonnino, M. Tian, "Mysticeti: Reaching the
//! Latency Limits with Uncertified DAGs", NDSS 2025 (arXiv:2310.14821).
//!
//! Every member makes one signed block per round and sends it to all. A block
//! refers to a quorum of blocks of the round before; nothing else is said, no
//! vote and no certificate. Some authors of each round are leaders; which of
//! their blocks are committed, the later blocks show (`committer.rs`), and each
//! of those takes its history along (`order.rs`).
//!
//! This file is the state and the dispatch; it knows no rule.

mod committer;
mod config;
mod dag;
mod fetch;
mod message;
mod order;
mod propose;
mod storage;

use std::collections::VecDeque;
use std::sync::Arc;

pub use message::{DagBlock, Message, Point, Record, Ref, Request, Response};

use crate::block::{Batch, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId};
use crate::outbox::Outbox;
use crate::params::{ParamSpec, Params};
use crate::pool::Pool;
use crate::protocol::{Env, Liveness, Protocol, Recovery, Setup, TimerId, Token, Work};
use committer::Committer;
use config::Config;
use dag::{Dag, Inserted};
use fetch::Sync;
use propose::Pace;
use storage::Recovered;

/// The leaders' blocks of a round take too long.
const LEADER_TIMER: TimerId = TimerId(1);
/// An idle replica has waited long enough.
const IDLE_TIMER: TimerId = TimerId(2);
/// Missing blocks are to be asked for.
const FETCH_TIMER: TimerId = TimerId(3);
/// The last own block may have been lost.
const RESEND_TIMER: TimerId = TimerId(4);

/// A replica of Mysticeti.
#[derive(Debug)]
pub struct Mysticeti {
    me: ReplicaId,
    config: Config,
    dag: Dag,
    committer: Committer,
    pace: Pace,
    pool: Pool,
    sync: Sync,
    /// Own blocks that are not durable yet; `None` stands for other writes.
    outbox: Outbox<Option<Arc<DagBlock>>>,
    /// The highest round of which each member has sent a block.
    claimed: Vec<u64>,
    /// Where the order was taken up.
    base: Point,
    /// The last committed leader.
    committed: Point,
    /// Recent ones, for the log.
    points: VecDeque<Point>,
    /// The height of the ledger when this replica began, or was transferred:
    /// up to here commits are made again, but not handed to the host.
    applied: Height,
}

impl Mysticeti {
    fn on_block<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        block: &Arc<DagBlock>,
        env: &mut E,
    ) {
        if self.dag.is_known(&block.at()) {
            return;
        }
        if block.at().author != from {
            return env.reject("block of another author");
        }
        if let Err(why) = self.check_form(block) {
            return env.reject(why);
        }
        env.work(Work::Hash(block.bytes()));
        env.work(Work::Verify);
        self.take(block, env);
        self.look_for_missing(from, env);
        self.settled(env);
    }

    /// Checks what a block of a correct author cannot fail.
    fn check_form(&self, block: &DagBlock) -> Result<(), &'static str> {
        let at = block.at();
        let committee = self.config.slots.committee;
        if at.author.0 >= committee.n() || at.round == 0 {
            return Err("block of no member or no round");
        }
        let own = usize::from(
            block
                .parents
                .first()
                .is_some_and(|own| own.author == at.author),
        );
        let others = &block.parents[own..];
        let order = others
            .windows(2)
            .all(|pair| (pair[0].round, pair[0].author) < (pair[1].round, pair[1].author));
        let proper = |parent: &Ref| parent.round < at.round && parent.author.0 < committee.n();
        if !order
            || !block.parents.iter().all(proper)
            || others.iter().any(|parent| parent.author == at.author)
        {
            return Err("block with improper parents");
        }
        let before = block.parents.iter();
        let before = before.filter(|parent| parent.round + 1 == at.round);
        if (before.count() as u32) < committee.quorum() {
            return Err("block without a quorum of parents");
        }
        if block.parents.len() > 2 * committee.n() as usize {
            return Err("block with too many parents");
        }
        Ok(())
    }

    /// Takes a block of proper form; says whether it changed anything.
    fn take<E: Env<Self> + ?Sized>(&mut self, block: &Arc<DagBlock>, env: &mut E) -> bool {
        let at = block.at();
        let claimed = &mut self.claimed[at.author.index()];
        *claimed = (*claimed).max(at.round);
        match self.dag.insert(Arc::clone(block)) {
            Inserted::Accepted | Inserted::Waiting => true,
            Inserted::Useless | Inserted::Ahead => false,
            Inserted::Twin => {
                env.reject("second block of a round");
                false
            }
        }
    }

    /// The DAG may have grown: commits, then goes on.
    fn settled<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.advance(env);
        self.try_propose(env);
    }
}

impl Protocol for Mysticeti {
    type Message = Message;
    type Record = Record;

    const NAME: &'static str = "mysticeti";
    const SOURCE: &'static str = "Babel et al., Mysticeti: Reaching the Latency Limits with \
        Uncertified DAGs, NDSS 2025 (Mysticeti-C)";
    const FAULT_MODEL: FaultModel = FaultModel::Byzantine;

    fn params() -> Vec<ParamSpec> {
        config::specs()
    }

    fn liveness(committee: Committee, params: &Params) -> Liveness {
        let default = Liveness::default();
        // Every round may have a leader that is down; a slot is decided four
        // rounds later, or after as many slots of other leaders that are.
        let waits = committee.f() + 4;
        let silence = waits * params.duration("leader_timeout");
        Liveness {
            silence: default.silence.max(silence),
            ..default
        }
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let config = Config::new(setup.params, setup.committee);
        let found = Recovered::new(&config, setup.me, recovery);
        let mut claimed = vec![0; setup.committee.n() as usize];
        claimed[setup.me.index()] = found.proposed;
        Self {
            me: setup.me,
            committer: Committer::new(config.slots, found.dag.floor() + 1),
            config,
            dag: found.dag,
            pace: Pace::new(found.proposed, found.own),
            pool: found.pool,
            sync: Sync::new(recovery.applied),
            outbox: Outbox::default(),
            claimed,
            base: found.base,
            committed: found.base,
            points: VecDeque::from([found.base]),
            applied: recovery.applied,
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(RESEND_TIMER, self.config.retry_delay);
        self.resend(env);
        self.settled(env);
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        match message {
            Message::Block(block) => self.on_block(from, block, env),
            Message::Request(request) => self.on_request(from, request, env),
            Message::Response(response) => self.on_response(from, response, env),
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            LEADER_TIMER => self.on_leader_timer(),
            IDLE_TIMER => self.on_idle_timer(),
            FETCH_TIMER => self.on_fetch_timer(env),
            RESEND_TIMER => self.on_resend_timer(env),
            TimerId(other) => unreachable!("timer {other} is never armed"),
        }
        self.try_propose(env);
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if self.pool.add(batch, env.now()) {
            self.try_propose(env);
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while let Some(written) = self.outbox.pop(done) {
            if let Some(block) = written {
                self.send(block, env);
            }
        }
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.sync.executed = self.sync.executed.max(height);
        if height.0.is_multiple_of(self.config.checkpoint_interval) {
            self.compact(height, env);
        }
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        _height: Height,
        _digest: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.on_transferred(block, env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        Some(self.config.slots.leader(self.pace.proposed + 1, 0))
    }

    fn view(&self) -> u64 {
        self.pace.proposed
    }
}
