//! Chained protocols: blocks that carry a certificate of their parent.
//!
//! In every view the leader proposes such a block; votes go to the leader of
//! the next view, who makes the next certificate of them. A block commits once
//! enough certified blocks of consecutive views stand on it. Views that fail
//! end by a certificate of timeouts. [`HotStuff`](hotstuff::HotStuff),
//! [`Jolteon`](jolteon::Jolteon) and [`HotStuff2`](hotstuff2::HotStuff2) are
//! this with their own [`Rules`]; a further one is a further file of them.
//!
//! This file is the state and the dispatch; it knows no rule.

mod config;
mod forward;
pub mod hotstuff;
pub mod hotstuff2;
pub mod jolteon;
mod leader;
mod message;
mod pacemaker;
mod rest;
mod rules;
mod safety;
mod storage;
mod sync;
mod tally;

use std::sync::Arc;

pub use crate::chain::{BlockRef, Linked};
pub use config::shared;
pub use message::{Blocks, Message, NewView, Proposal, Qc, Record, Tc, Timeout};
pub use rules::{Ballot, CommitRule, Leaders, Rules};

use crate::block::{Batch, Block, Digest, Height};
use crate::chain::{Patience, Sync, Tree};
use crate::committee::{Committee, FaultModel, ReplicaId};
use crate::outbox::Outbox;
use crate::params::ParamSpec;
use crate::pool::Pool;
use crate::protocol::{Env, Protocol, Recovery, Setup, TimerId, Token, Work};
use crate::tally::Votes;
use config::Config;
use pacemaker::Pacemaker;
use rest::Rest;
use safety::Safety;
use storage::{Outgoing, Recovered};

/// The current view takes too long.
const VIEW_TIMER: TimerId = TimerId(1);
/// An idle leader has waited long enough.
const IDLE_TIMER: TimerId = TimerId(2);
/// A missing block is to be asked for.
const FETCH_TIMER: TimerId = TimerId(3);
/// Batches may be due for forwarding.
const RETRY_TIMER: TimerId = TimerId(4);

/// A leader has waited for the highest lock.
const LOCKS_TIMER: TimerId = TimerId(5);
/// A leader has rested after its proposal.
const REST_TIMER: TimerId = TimerId(6);

/// A replica of the chained protocol with these rules.
#[derive(Debug)]
pub struct Chained<R> {
    me: ReplicaId,
    committee: Committee,
    config: Config<R>,
    tree: Tree<Proposal>,
    safety: Safety,
    pacemaker: Pacemaker,
    votes: Votes<BlockRef>,
    pool: Pool,
    sync: Sync,
    /// Votes and timeouts whose records are not durable yet.
    outbox: Outbox<Outgoing>,
    /// The last view proposed in, and the lock then: that of whoever voted for
    /// the parent.
    proposed: u64,
    proposed_over: u64,
    /// A proposal that waits for its parent.
    deferred: Option<Arc<Proposal>>,
    /// Highest height that the proposals seen so far let everyone commit.
    shown: Height,
    /// Highest committed height whose block holds batches.
    payload: Height,
    /// Whether the idle timer is armed.
    idling: bool,
    /// Whether the idle wait of the current view is over.
    idle_over: bool,
    /// Whether this leader waits for the highest lock.
    awaiting_locks: bool,
    /// Whether the retry timer is armed.
    retrying: bool,
    /// What a leader that rests has not heard yet.
    rest: Rest,
}

impl<R: Rules> Chained<R> {
    /// A message that no rest holds back.
    fn hear<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        match message {
            Message::Proposal(proposal) => self.on_proposal(from, proposal, env),
            Message::Vote(at) => self.on_vote(from, *at, env),
            Message::Timeout(timeout) => self.on_timeout(from, timeout, env),
            Message::NewView(said) => self.on_new_view(from, said, env),
            Message::BlockRequest { at, above } => {
                self.on_block_request(from, *at, *above, env);
            }
            Message::BlockResponse(answer) => self.on_block_response(from, answer, env),
        }
        self.try_propose(env);
    }

    fn on_proposal<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        proposal: &Arc<Proposal>,
        env: &mut E,
    ) {
        let at = proposal.at();
        if self.tree.get(&at).is_some() || at.height <= self.tree.committed() {
            return;
        }
        if let Err(why) = self.check_form(from, proposal) {
            return env.reject(why);
        }
        env.work(Work::Hash(proposal.bytes()));
        env.work(Work::Verify);
        let late = at.view <= self.pacemaker.high().at.view;
        self.learn_qc(&proposal.justify, false, env);
        if let Some(tc) = &proposal.tc {
            self.learn_tc(tc, Some(from), env);
        }
        if at.view > self.pacemaker.view() + self.config.rules.views_ahead() {
            return env.reject("proposal without evidence of its view");
        }
        if self.tree.has_rival(&at) && !self.sync.wants(&at) {
            return env.reject("second proposal of a view");
        }
        self.pacemaker.saw_proposal(at.view, from);
        self.tree.insert(Arc::clone(proposal));
        self.consider_vote(proposal, env);
        self.commit_by(proposal.parent(), true, env);
        let awaited = self
            .deferred
            .as_ref()
            .is_some_and(|waiting| waiting.parent() == at);
        if late || awaited {
            self.caught_up(env);
        }
        self.follow(from, env);
    }

    /// Checks what a correct leader's proposal cannot fail.
    fn check_form(&self, from: ReplicaId, proposal: &Proposal) -> Result<(), &'static str> {
        let block = &proposal.block;
        let parent = proposal.parent();
        if block.proposer != from || self.config.views.leader(block.view) != from {
            return Err("proposal by a replica that does not lead");
        }
        if block.height != parent.height.next() || block.view <= parent.view {
            return Err("proposal that does not fit its parent");
        }
        self.check_certificates(&proposal.justify, proposal.tc.as_deref())
    }

    fn check_certificates(&self, qc: &Qc, tc: Option<&Tc>) -> Result<(), &'static str> {
        let quorum = self.committee.quorum();
        if qc.at != BlockRef::default() && qc.signers.len() < quorum {
            return Err("certificate without a quorum");
        }
        if tc.is_some_and(|tc| tc.signers.len() < quorum) {
            return Err("timeout certificate without a quorum");
        }
        Ok(())
    }

    /// Charges the verification of a certificate with so many signers.
    fn charge_certificate<E: Env<Self> + ?Sized>(&self, signers: u32, env: &mut E) {
        env.work(self.config.certificates.verify(signers));
    }
}

impl<R: Rules> Protocol for Chained<R> {
    type Message = Message;
    type Record = Record;

    const NAME: &'static str = R::NAME;
    const SOURCE: &'static str = R::SOURCE;
    const FAULT_MODEL: FaultModel = FaultModel::Byzantine;
    const CHAINS: bool = true;

    fn params() -> Vec<ParamSpec> {
        R::params()
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let config = Config::new(setup.params, setup.committee);
        let found = Recovered::new(&config, recovery);
        Self {
            me: setup.me,
            committee: setup.committee,
            config,
            tree: found.tree,
            // What was proposed before a crash is not on the log, so nothing
            // is proposed again up to the view after the last promise.
            proposed: match recovery.records {
                [] => 0,
                _ => found.safety.closed + 1,
            },
            proposed_over: 0,
            safety: found.safety,
            pacemaker: Pacemaker::new(found.high, found.tc, &config.views, setup.committee.n()),
            votes: Votes::default(),
            pool: found.pool,
            sync: Sync::new(
                setup.me,
                setup.committee.n(),
                recovery.applied,
                Patience {
                    late: config.fetch_delay,
                    answer: config.view_timeout / 2,
                },
            ),
            outbox: Outbox::default(),
            deferred: None,
            shown: recovery.applied,
            payload: Height::default(),
            idling: false,
            idle_over: false,
            awaiting_locks: false,
            retrying: false,
            rest: Rest::default(),
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.entered_view(env);
        self.commit_late(env);
        let peer = ReplicaId((self.me.0 + 1) % self.committee.n());
        self.follow(peer, env);
        self.try_propose(env);
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        if !self.rest.keep(from, message) {
            self.hear(from, message, env);
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            VIEW_TIMER => self.on_view_timer(env),
            IDLE_TIMER => self.on_idle_timer(),
            FETCH_TIMER => self.on_fetch_timer(env),
            RETRY_TIMER => self.on_retry_timer(env),
            LOCKS_TIMER => self.awaiting_locks = false,
            REST_TIMER => self.on_rest_timer(env),
            TimerId(other) => unreachable!("timer {other} is never armed"),
        }
        self.try_propose(env);
    }
    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        self.on_request(batch, env);
        self.try_propose(env);
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.written(done, env);
        self.try_propose(env);
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
        self.on_transferred(block, env);
        self.try_propose(env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        let views = &self.config.views;
        Some(views.leader(self.pacemaker.next_proposal(views)))
    }

    fn view(&self) -> u64 {
        self.pacemaker.view()
    }

    fn fork(&mut self, proposal: &Message) -> Option<Message> {
        let Message::Proposal(proposal) = proposal else {
            return None;
        };
        let fork = Arc::new(self.fork_of(proposal)?);
        self.tree.insert(Arc::clone(&fork));
        Some(Message::Proposal(fork))
    }
}
