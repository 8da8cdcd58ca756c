//! Narwhal with two ways to order its graph: G. Danezis, L. Kokoris-Kogias,
//! A. Sonnino, A. Spiegelman, "Narwhal and Tusk: A DAG-based Mempool and
//! Efficient BFT Consensus", EuroSys 2022 (arXiv:2105.11827); A. Spiegelman,
//! N. Giridharan, A. Sonnino, L. Kokoris-Kogias, "Bullshark: DAG BFT Protocols
//! Made Practical", CCS 2022 (arXiv:2201.05677), in its partially synchronous
//! version (arXiv:2209.05633).
//!
//! In every round each validator broadcasts a header, the others vote for it
//! once, and the votes make a certificate that is broadcast. Certificates of
//! round r are what headers of round r + 1 link to. The order needs no further
//! message: each validator reads it off its own graph (`order.rs`).
//!
//! This file is the state and the dispatch; it knows no rule.

mod config;
mod message;
mod order;
mod primary;
mod rounds;
mod storage;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use crate::dag::{CommitState, Vertex, VertexRef};
pub use message::{Certificate, Header, Message, Record, Vertices};
pub use order::{BullsharkRule, Rule, TuskRule};

use crate::block::{Batch, BatchId, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId, ReplicaSet};
use crate::dag::{Commits, Dag, Fetch, Room};
use crate::outbox::Outbox;
use crate::params::{ParamSpec, Params};
use crate::pool::Pool;
use crate::protocol::{Env, Liveness, Protocol, Recovery, Setup, TimerId, Token};
use config::Config;
use storage::Outgoing;

/// Narwhal ordered by Tusk.
pub type Tusk = Narwhal<TuskRule>;
/// Narwhal ordered by Bullshark.
pub type Bullshark = Narwhal<BullsharkRule>;

/// The next header may be due.
const HEADER_TIMER: TimerId = TimerId(1);
/// The leader of the last complete round is waited for no longer.
const LEADER_TIMER: TimerId = TimerId(2);
/// Something missing is to be asked for.
const FETCH_TIMER: TimerId = TimerId(3);
/// Without progress, what was said is said again.
const RETRY_TIMER: TimerId = TimerId(4);

/// A header of this validator that is not delivered yet.
#[derive(Debug)]
struct Own {
    header: Arc<Header>,
    votes: ReplicaSet,
    certified: bool,
}

/// A header whose vote waits for a parent.
#[derive(Debug)]
struct Pending {
    header: Arc<Header>,
    lacks: VertexRef,
}

/// A validator: the primary of Narwhal and an order `R` over its graph.
#[derive(Debug)]
pub struct Narwhal<R: Rule> {
    me: ReplicaId,
    committee: Committee,
    config: Config,
    rule: std::marker::PhantomData<R>,
    dag: Dag<Certificate>,
    room: Room<Certificate>,
    commits: Commits,
    fetch: Fetch,
    pool: Pool,
    outbox: Outbox<Outgoing>,
    /// Highest height of the ledger: lower ones are not committed again.
    applied: Height,
    executed: Height,
    /// The round of the last own header.
    round: u64,
    header_at: Duration,
    /// The highest round with a quorum of certificates, and since when.
    complete: u64,
    complete_at: Duration,
    /// The last round whose leader is waited for no longer.
    given_up: u64,
    /// Own headers by round.
    own: BTreeMap<u64, Own>,
    /// The one header voted for of each round and author.
    voted: BTreeMap<(u64, ReplicaId), u64>,
    /// One header per author that waits for a parent.
    pending: BTreeMap<ReplicaId, Pending>,
    /// Vertices that none links to.
    tips: BTreeSet<VertexRef>,
    /// Certificates of the next round that link to a leader, by its round.
    support: BTreeMap<u64, u32>,
    /// Vertices with batches that are not delivered.
    payload: BTreeSet<VertexRef>,
    /// The highest round of which a header with batches was seen.
    hurry: u64,
    /// The commit depth at which all that waits was last looked at.
    settled: u64,
    /// The round at the last retry.
    retried: u64,
}

impl<R: Rule> Narwhal<R> {
    /// Whether a vertex is at hand, or too old to matter.
    fn is_present(&self, at: &VertexRef) -> bool {
        at.round <= self.commits.floor()
            || self.dag.get(at).is_some()
            || self.commits.has_delivered(at)
    }

    /// The first parent that is missing.
    fn lacks(&self, parents: &[VertexRef]) -> Option<VertexRef> {
        parents.iter().find(|at| !self.is_present(at)).copied()
    }

    /// Batches of own headers that may still be delivered.
    fn taken(&self) -> BTreeSet<BatchId> {
        let headers = self.own.values().map(|own| &own.header);
        headers
            .flat_map(|h| h.batches.iter().map(|batch| batch.id))
            .collect()
    }
}

impl<R: Rule> Protocol for Narwhal<R> {
    type Message = Message;
    type Record = Record;

    const NAME: &'static str = R::NAME;
    const SOURCE: &'static str = R::SOURCE;
    const FAULT_MODEL: FaultModel = FaultModel::Byzantine;

    fn params() -> Vec<ParamSpec> {
        config::specs(R::WAITS)
    }

    fn liveness(committee: Committee, params: &Params) -> Liveness {
        let mut silence = 20 * params.duration("idle_interval");
        if R::WAITS {
            // As many leaders in a row may be down, each waited for.
            silence += (committee.f() + 2) * params.duration("leader_timeout");
        }
        let default = Liveness::default();
        Liveness {
            silence: default.silence.max(silence),
            ..default
        }
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        Self::recovered(setup, recovery)
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.header_at = env.now();
        self.complete_at = Duration::MAX;
        env.set_timer(RETRY_TIMER, self.config.sync_retry_delay);
        self.order(env);
        self.say_again(env);
        self.try_propose(env);
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        match message {
            Message::Header(header) => self.on_header(from, header, env),
            Message::Vote(at) => self.on_vote(from, *at, env),
            Message::Certificate(certificate) => self.on_certificate(from, certificate, env),
            Message::VertexRequest { wants, above } => {
                self.on_vertex_request(from, wants, *above, env);
            }
            Message::Vertices(answer) => self.on_vertices(from, answer, env),
            Message::StateRequest(height) => self.on_state_request(from, *height, env),
            Message::State(state) => self.on_state(from, state, env),
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            HEADER_TIMER => self.try_propose(env),
            LEADER_TIMER => self.on_leader_timer(env),
            FETCH_TIMER => self.on_fetch_timer(env),
            _ => self.on_retry_timer(env),
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if self.pool.add(batch, env.now()) {
            self.try_propose(env);
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.written(done, env);
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _: Digest, env: &mut E) {
        self.executed = self.executed.max(height);
        if height.0.is_multiple_of(self.config.checkpoint_interval) {
            let before = height.0.saturating_sub(self.config.checkpoint_interval);
            self.compact(Height(before), env);
        }
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        _: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.on_transferred(height, block, env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        // Everybody proposes; the leader of the graph's next round to lead.
        let round = (self.round..).find(|&round| R::leads(round))?;
        R::LOOKAHEAD.then(|| R::leader(&self.committee, round))
    }

    fn view(&self) -> u64 {
        self.round
    }
}
