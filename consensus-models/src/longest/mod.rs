//! Chains that grow without votes: the heaviest branch is followed, and what
//! is deep enough in it is final with a probability. S. Nakamoto, "Bitcoin: A
//! Peer-to-Peer Electronic Cash System", 2008, and what came after it.
//!
//! One node, generic over the [`Rule`] that says who may make a block when:
//! [`Nakamoto`] by proof of work, [`Clique`] by proof of authority, [`Praos`]
//! by proof of stake. Batches flood a graph of peers; blocks are announced or
//! pushed along it; who lacks some asks for headers first.
//!
//! A committed block is never taken back, as the host asks: should the network
//! agree on a branch that parts below it, this node stays where it is and
//! disagrees, so that a checker sees what too few confirmations do.
//!
//! This file is the state and the dispatch; it knows no rule.

mod clique;
mod config;
mod forks;
mod header;
mod message;
mod nakamoto;
mod praos;
mod produce;
mod relay;
mod rule;
mod storage;
mod sync;

use std::collections::VecDeque;
use std::sync::Arc;

pub use clique::Authority;
pub use header::{Draft, Header, Sealed};
pub use message::{Headers, Locator, Message, Record};
pub use nakamoto::Work;
pub use praos::Stake;
pub use rule::{Branch, Rule};

use crate::block::{Batch, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId};
use crate::gossip::{Degrees, Peers};
use crate::outbox::Outbox;
use crate::params::{ParamSpec, Params};
use crate::pool::Pool;
use crate::protocol::{Env, Liveness, Protocol, Recovery, Setup, TimerId, Token};
use config::Config;
use forks::Forks;
use storage::{Outgoing, Recovered};
use sync::Sync;

/// Bitcoin's rule.
pub type Nakamoto = Longest<Work>;
/// Ethereum's proof of authority.
pub type Clique = Longest<Authority>;
/// Ouroboros Praos.
pub type Praos = Longest<Stake>;

/// The rule's wait before a block may be made is over.
const MAKE_TIMER: TimerId = TimerId(1);
/// Something asked for may be overdue.
const FETCH_TIMER: TimerId = TimerId(2);
/// Batches may be due for forwarding.
const RETRY_TIMER: TimerId = TimerId(3);
/// Whether a block came lately is looked at.
const POLL_TIMER: TimerId = TimerId(4);

/// The graph of peers is the same in every run, so that runs compare.
const GRAPH_SEED: u64 = 1;

/// A node that follows the heaviest chain.
#[derive(Debug)]
pub struct Longest<R> {
    me: ReplicaId,
    rule: R,
    config: Config,
    peers: Peers,
    forks: Forks,
    pool: Pool,
    sync: Sync,
    /// Blocks that are not durable yet.
    outbox: Outbox<Outgoing>,
    /// Blocks whose parents are unknown, oldest first.
    orphans: VecDeque<Arc<Sealed>>,
    /// The last view in which this node made a block.
    made: u64,
    executed: Height,
    /// The tip when a peer was last asked for want of news.
    polled: Height,
    /// Whether the retry timer is armed.
    retrying: bool,
}

/// Links in the graph of `n` nodes that dial `peers` others each: closed forms
/// count messages by them.
#[must_use]
pub fn links(n: u32, peers: u32) -> u64 {
    let ends = (0..n).map(|id| {
        let peers = Peers::new(ReplicaId(id), n, Degrees::Fixed(peers), 0, GRAPH_SEED);
        peers.all().len() as u64
    });
    ends.sum::<u64>() / 2
}

impl<R: Rule> Protocol for Longest<R> {
    type Message = Message;
    type Record = Record;

    const NAME: &'static str = R::NAME;
    const SOURCE: &'static str = R::SOURCE;
    const FAULT_MODEL: FaultModel = FaultModel::HonestMajority;
    const GOSSIPS: bool = true;

    fn params() -> Vec<ParamSpec> {
        [R::params(), config::specs()].concat()
    }

    fn liveness(committee: Committee, params: &Params) -> Liveness {
        let rule = R::new(&Setup {
            me: ReplicaId(0),
            committee,
            params,
            deviations: &[],
        });
        Liveness {
            silence: rule.silence(),
            needs: Vec::new(),
        }
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let rule = R::new(setup);
        let committee: Committee = setup.committee;
        let config = Config::new(setup.params, committee, &rule);
        let found = Recovered::new(setup.me, &rule, &config, recovery);
        Self {
            me: setup.me,
            peers: Peers::new(
                setup.me,
                committee.n(),
                config.degrees,
                rule.clique(),
                GRAPH_SEED,
            ),
            rule,
            config,
            forks: found.forks,
            pool: found.pool,
            sync: Sync::default(),
            outbox: Outbox::default(),
            orphans: VecDeque::new(),
            made: found.made,
            executed: recovery.applied,
            polled: Height(0),
            retrying: false,
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.finalise(env);
        self.plan(env);
        env.set_timer(POLL_TIMER, self.config.poll_interval);
        if !env.now().is_zero() {
            // It comes back. Nobody may have heard of the last own block.
            self.announce(self.me, env);
            self.ask_someone(env);
        }
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        match message {
            Message::Inv(at) => self.on_inv(from, *at, env),
            Message::GetData(wanted) => self.on_getdata(from, wanted, env),
            Message::Block(block) | Message::Compact(block) => self.on_block(from, block, env),
            Message::GetHeaders(locator) => self.on_getheaders(from, locator, env),
            Message::Headers(answer) => self.on_headers(from, answer, env),
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            MAKE_TIMER => self.on_make_timer(env),
            FETCH_TIMER => self.on_fetch_timer(env),
            RETRY_TIMER => self.on_retry_timer(env),
            POLL_TIMER => self.on_poll_timer(env),
            TimerId(other) => unreachable!("timer {other} is never armed"),
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        self.on_request(batch, env);
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.written(done, env);
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.executed = self.executed.max(height);
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
        self.forks.tip().and_then(|tip| self.rule.expected(tip))
    }

    fn view(&self) -> u64 {
        self.forks.tip().map_or(0, |tip| tip.draft.view)
    }
}
