//! Protocols in which votes are broadcast over a tree of notarized blocks.
//!
//! A leader proposes a block on a notarized chain; everyone votes to everyone;
//! a quorum of votes notarizes the block. What enters a view, what is voted
//! for and what makes a notarized chain final is up to [`Rules`]:
//! [`Streamlet`](streamlet::Streamlet) and [`Simplex`](simplex::Simplex).
//!
//! This file is the state and the dispatch. Blocks and notarizations are the
//! business of `chain`, batches of `forward`, the log of `storage`.

mod chain;
mod config;
mod forward;
mod message;
pub mod simplex;
mod storage;
pub mod streamlet;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

pub use crate::chain::{BlockRef, Linked};
pub use message::{Blocks, Cert, Choice, Message, Proof, Proposal, Record};

use crate::block::{Batch, Block, Digest, Height};
use crate::chain::{Patience, Sync, Tree};
use crate::committee::{Committee, FaultModel, ReplicaId};
use crate::outbox::Outbox;
use crate::params::{ParamSpec, Params};
use crate::pool::Pool;
use crate::protocol::{Env, Liveness, Protocol, Recovery, Setup, TimerId, Token};
use crate::tally::Votes;
use config::Config;
use storage::Recovered;

/// The view's clock: an epoch ends, an iteration takes too long.
const VIEW_TIMER: TimerId = TimerId(1);
/// An idle leader has waited long enough.
const IDLE_TIMER: TimerId = TimerId(2);
/// A missing block is to be asked for.
const FETCH_TIMER: TimerId = TimerId(3);
/// Batches may be due for forwarding.
const RETRY_TIMER: TimerId = TimerId(4);

/// Votes for views further ahead of the own one, or further behind, do not
/// count.
const WINDOW: u64 = 64;

/// What a protocol of this family adds; `node.rules` is its own state.
pub trait Rules: Debug + Sized + 'static {
    /// See [`Protocol::NAME`].
    const NAME: &'static str;
    /// See [`Protocol::SOURCE`].
    const SOURCE: &'static str;

    /// See [`Protocol::params`].
    fn params() -> Vec<ParamSpec>;
    /// Its state, before [`Rules::start`].
    fn new(params: &Params) -> Self;
    /// Order of notarized blocks: the highest is the one to be extended.
    fn rank(at: &BlockRef) -> (u64, u64);
    /// Begins. The log was read.
    fn start<E: Env<Notarized<Self>> + ?Sized>(node: &mut Notarized<Self>, env: &mut E);
    /// The current view.
    fn view(node: &Notarized<Self>) -> u64;
    /// The first view whose proposal is not made yet, as far as it is known.
    fn next_proposal(node: &Notarized<Self>) -> u64;
    /// Views from there to the first whose proposal a batch that is sent now
    /// can catch.
    fn ahead(node: &Notarized<Self>) -> u64;
    /// Whether a proposal may be taken in; its form and proof are in order.
    ///
    /// # Errors
    /// Why not.
    fn admits(node: &Notarized<Self>, proposal: &Proposal) -> Result<(), &'static str>;
    /// Whether the rules allow a vote for `proposal`, whose parent is here.
    fn may_vote(node: &Notarized<Self>, proposal: &Proposal) -> bool;
    /// A vote that is not for a block.
    fn other_vote<E: Env<Notarized<Self>> + ?Sized>(
        node: &mut Notarized<Self>,
        from: ReplicaId,
        choice: Choice,
        env: &mut E,
    );
    /// A notarization is new here.
    fn certified<E: Env<Notarized<Self>> + ?Sized>(
        node: &mut Notarized<Self>,
        cert: &Arc<Cert>,
        env: &mut E,
    );
    /// The highest block that is final and not committed, where there is one.
    fn final_head(node: &Notarized<Self>) -> Option<BlockRef>;
    /// A message is heard of first (for those who pass it on).
    fn heard<E: Env<Notarized<Self>> + ?Sized>(
        node: &mut Notarized<Self>,
        from: ReplicaId,
        message: &Message,
        env: &mut E,
    );
    /// A timer of the rules expired.
    fn timer<E: Env<Notarized<Self>> + ?Sized>(
        node: &mut Notarized<Self>,
        timer: TimerId,
        env: &mut E,
    );
    /// Proposes, should it be this replica's turn.
    fn try_propose<E: Env<Notarized<Self>> + ?Sized>(node: &mut Notarized<Self>, env: &mut E);
}

/// A replica of the protocol with these rules.
#[derive(Debug)]
pub struct Notarized<R> {
    me: ReplicaId,
    committee: Committee,
    config: Config,
    rules: R,
    tree: Tree<Proposal>,
    /// Notarizations of blocks above the last committed one, it included.
    certs: BTreeMap<BlockRef, Arc<Cert>>,
    /// That of the chain to be extended: its end, in the rules' order.
    tip: Arc<Cert>,
    /// Notarized dummy blocks of views above the tip's.
    dummies: BTreeMap<u64, Arc<Cert>>,
    /// View of the last committed block.
    floor: u64,
    votes: Votes<BlockRef>,
    /// The last vote for a block.
    vote: Option<BlockRef>,
    /// The last view whose dummy block was voted for.
    given_up: u64,
    /// The last view proposed in.
    proposed: u64,
    /// The last view of which a proposal was seen.
    seen: u64,
    /// A proposal that waits for its parent or for its view.
    deferred: Option<Arc<Proposal>>,
    /// Whether it came back from a crash.
    recovered: bool,
    pool: Pool,
    sync: Sync,
    /// What waits for the disk.
    outbox: Outbox<Option<Choice>>,
    /// Leaders whose last view failed.
    suspects: Vec<bool>,
    retrying: bool,
}

impl<R: Rules> Notarized<R> {
    fn leader_of(&self, view: u64) -> ReplicaId {
        self.config.leader(&self.committee, view)
    }

    /// What arrived, from its signer: also through an echo.
    fn receive<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        match message {
            Message::Proposal(proposal) => self.on_proposal(from, proposal, env),
            Message::Vote(Choice::Block(at)) => self.on_vote(from, *at, env),
            Message::Vote(choice) => R::other_vote(self, from, *choice, env),
            Message::Notarized(cert) => {
                self.learn(cert, env);
            }
            Message::Chain(proof) => self.learn_chain(proof, env),
            Message::Echo(..) => env.reject("echo of an echo"),
            Message::BlockRequest { at, above } => self.on_block_request(from, *at, *above, env),
            Message::BlockResponse(answer) => self.on_block_response(from, answer, env),
        }
    }

    /// What may be possible after any event.
    fn go_on<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        self.vote_deferred(env);
        self.commit_final(env);
        self.follow(from, env);
        R::try_propose(self, env);
    }
}

impl<R: Rules> Protocol for Notarized<R> {
    type Message = Message;
    type Record = Record;

    const NAME: &'static str = R::NAME;
    const SOURCE: &'static str = R::SOURCE;
    const FAULT_MODEL: FaultModel = FaultModel::Byzantine;
    const CHAINS: bool = true;

    fn params() -> Vec<ParamSpec> {
        R::params()
    }

    fn liveness(committee: Committee, params: &Params) -> Liveness {
        // Every member's turn may have to come and fail twice.
        let turns = 2 * (committee.n() + 3);
        let silence = params.duration("delta").saturating_mul(3 * turns);
        Liveness {
            silence: silence.max(Liveness::default().silence),
            needs: Vec::new(),
        }
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let config = Config::new(setup.params);
        let found = Recovered::new::<R>(&config, recovery);
        let patience = Patience {
            late: config.fetch_delay,
            answer: 2 * config.delta,
        };
        let n = setup.committee.n();
        Self {
            me: setup.me,
            committee: setup.committee,
            config,
            rules: R::new(setup.params),
            tree: found.tree,
            certs: found.certs,
            tip: found.tip,
            dummies: found.dummies,
            floor: 0,
            votes: Votes::default(),
            vote: found.vote,
            given_up: found.given_up,
            proposed: 0,
            seen: 0,
            deferred: None,
            recovered: !recovery.records.is_empty(),
            pool: found.pool,
            sync: Sync::new(setup.me, n, recovery.applied, patience),
            outbox: Outbox::default(),
            suspects: vec![false; n as usize],
            retrying: false,
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        R::start(self, env);
        self.go_on(self.me, env);
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        let (signer, said) = match message {
            Message::Echo(signer, said) => (*signer, said.as_ref()),
            other => (from, other),
        };
        if signer == self.me && signer != from {
            return;
        }
        R::heard(self, signer, said, env);
        self.receive(signer, said, env);
        self.go_on(from, env);
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            FETCH_TIMER => self.on_fetch_timer(env),
            RETRY_TIMER => self.on_retry_timer(env),
            other => R::timer(self, other, env),
        }
        self.go_on(self.me, env);
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        self.on_request(batch, env);
        R::try_propose(self, env);
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.written(done, env);
        self.go_on(self.me, env);
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.sync.executed(height);
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
        self.on_transferred(block);
        let source = self.sync.any_other(env.rand());
        self.go_on(source, env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        Some(self.leader_of(R::next_proposal(self)))
    }

    fn view(&self) -> u64 {
        R::view(self)
    }
}
