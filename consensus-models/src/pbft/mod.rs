//! Practical Byzantine Fault Tolerance.
//!
//! M. Castro, B. Liskov: Practical Byzantine Fault Tolerance, OSDI 1999, and
//! Practical Byzantine Fault Tolerance and Proactive Recovery, ACM TOCS 20(4),
//! 2002. The version with certificates that can be passed on (OSDI, section
//! 4); status messages after Castro's thesis (MIT, 2001, chapter 5).
//!
//! The paper's words here: a *sequence number* is a height, a *request* is a
//! batch, and a pre-prepare orders a block of them. A replica multicasts to
//! the n - 1 others and counts its own vote itself.
//!
//! - `normal.rs`: pre-prepare, prepare, commit, delivery;
//! - `checkpoint.rs`: checkpoints, watermarks, state transfer;
//! - `view_change.rs`, `new_view.rs`: how a view ends and the next one opens;
//! - `status.rs`: what is repeated when messages were lost;
//! - `durable.rs`: the disk and what a restarted replica may still do;
//! - `log.rs`, `requests.rs`, `message.rs`, `trace.rs`, `auth.rs`,
//!   `settings.rs`.
//!
//! A block keeps its identity for life: a new view proposes it again with the
//! height, view, proposer and time of its first proposal, and only the
//! pre-prepare names the new view. A null request is an empty block of the
//! new view's primary with the time of the next block above it, so that every
//! backup computes the same one.
//!
//! Where this departs from the paper:
//! - The timer runs while a pending batch or an accepted proposal waits for
//!   its commit. It starts anew at each commit, but one batch waits at most
//!   `patience` timeouts; 1 is the paper's rule.
//! - It waits for the *commit*, not for the execution: a slow ledger is no
//!   fault of the primary.
//! - A batch is known to the replica that took it in and to the primary. Where
//!   the paper's client multicasts after a timeout, that replica hands its
//!   oldest batch to all others.
//! - A replica that left its view alone, because it was cut off, stays out of
//!   it, as in the paper; it goes on learning the view's commits, and hands
//!   its batches to that view's primary.
//! - A quorum of commits is enough to commit, prepared certificate or not.

mod auth;
mod checkpoint;
mod durable;
mod log;
mod message;
mod new_view;
mod normal;
mod requests;
mod settings;
mod status;
mod trace;
mod view_change;

use std::time::Duration;

use crate::block::{Batch, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId};
use crate::params::ParamSpec;
use crate::protocol::{Env, Protocol, Recovery, Setup, TimerId, Token};

pub use durable::Record;
pub use message::{
    Certificate, Checkpoint, Content, Message, NewView, PrePrepare, StableProof, Status,
    ViewChange, Vote,
};

use durable::{Amnesia, Disk};
use log::Log;
use normal::Phase;
use requests::Requests;
use settings::Settings;
use status::{Peer, Retry};
use view_change::Views;

/// The view-change timer.
pub const VIEW_TIMER: TimerId = TimerId(0);
/// The retransmission timer.
pub const RETRY_TIMER: TimerId = TimerId(1);

/// One replica.
#[derive(Debug)]
pub struct Pbft {
    me: ReplicaId,
    committee: Committee,
    quorum: u32,
    weak: u32,
    settings: Settings,

    /// The view that this replica is in, or wants to be in.
    view: u64,
    /// Whether it takes part in `view`; else it waits for the new view.
    active: bool,
    /// The view that the log's votes belong to: `view`, or the one before the
    /// view change, whose votes still teach a replica that waits.
    installed: u64,
    /// Primary of the installed view.
    primary: ReplicaId,
    /// The installed view proposes only above this height.
    floor: Height,
    views: Views,

    log: Log,
    stable: StableProof,
    /// Last height handed to the ledger.
    committed: Height,
    /// Last height that the primary of this view proposed, when it is me.
    proposed: Height,
    /// Highest height of an accepted proposal, in the installed view.
    accepted: Height,
    /// Highest height that any proposal or vote named.
    seen: Height,
    /// Latest creation time of any block accepted: block times never fall.
    created: Duration,
    /// A state transfer is under way.
    transfer: Option<Height>,

    requests: Requests,
    peers: Vec<Peer>,
    retry: Retry,
    disk: Disk,
    amnesia: Option<Amnesia>,
}

impl Pbft {
    /// Sorts a message of the agreement by its view: that of the installed
    /// view is served, a later one is kept for when it opens.
    fn on_agreement<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        view: u64,
        message: &Message,
        env: &mut E,
    ) {
        if self.installed == view {
            match &message.content {
                Content::PrePrepare(proposal) => {
                    self.on_pre_prepare(from, proposal, &message.content, env);
                }
                Content::Prepare(vote) => {
                    self.on_vote(from, Phase::Prepare, *vote, &message.content, env);
                }
                Content::Commit(vote) => {
                    self.on_vote(from, Phase::Commit, *vote, &message.content, env);
                }
                _ => {}
            }
        } else if view >= self.view {
            self.keep_early(from, message, env);
        }
    }
}

impl Protocol for Pbft {
    type Message = Message;
    type Record = Record;

    const NAME: &'static str = "pbft";
    const SOURCE: &'static str =
        "Castro and Liskov: Practical Byzantine Fault Tolerance, OSDI 1999 and ACM TOCS 2002";
    const FAULT_MODEL: FaultModel = FaultModel::Byzantine;

    fn params() -> Vec<ParamSpec> {
        settings::specs()
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let settings = Settings::read(setup.params);
        let committee = setup.committee;
        let mut replica = Self {
            me: setup.me,
            committee,
            quorum: committee.quorum(),
            weak: committee.weak_quorum(),
            view: 0,
            active: true,
            installed: 0,
            primary: committee.round_robin(0),
            floor: Height(0),
            views: Views::new(committee.n()),
            log: Log::new(Height(0), settings.log_size, settings.interval),
            stable: StableProof::default(),
            committed: Height(0),
            proposed: Height(0),
            accepted: Height(0),
            seen: Height(0),
            created: Duration::ZERO,
            transfer: None,
            requests: Requests::default(),
            peers: (0..committee.n()).map(|_| Peer::default()).collect(),
            retry: Retry::default(),
            disk: Disk::default(),
            amnesia: None,
            settings,
        };
        replica.recover(recovery);
        replica
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.amnesia.is_none() {
            self.persist_view(self.view, env);
        } else {
            self.come_back(env);
        }
        self.watch(env);
    }

    fn message<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        let content = &message.content;
        match content {
            Content::Prepare(vote) | Content::Commit(vote) => {
                self.on_agreement(from, vote.view, message, env);
            }
            Content::PrePrepare(proposal) => self.on_agreement(from, proposal.view, message, env),
            Content::Checkpoint(claim) => self.on_checkpoint(from, *claim, content, env),
            Content::ViewChange(change) => self.on_view_change(from, change, env),
            Content::NewView(opening) => self.on_new_view(opening, env),
            Content::Status(status) => self.on_status(from, status, content, env),
            Content::Stable(proof) => self.on_stable_proof(proof, env),
            Content::Committed(certificate) => self.on_committed(certificate, env),
            Content::Recall(ids) => self.on_recall(from, ids, content, env),
            Content::Recalled(ids) => self.on_recalled(from, ids, content, env),
        }
        self.watch(env);
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            VIEW_TIMER => self.on_view_timer(env),
            _ => self.on_retry_timer(env),
        }
        self.watch(env);
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.requests.insert(batch, self.retry.tick) {
            return;
        }
        if self.primary == self.me {
            self.propose(env);
        } else if self.active || self.views.left_alive {
            env.forward(self.primary, batch);
        }
        self.start_view_timer(env);
        self.watch(env);
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.on_persisted(done, env);
        self.watch(env);
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, digest: Digest, env: &mut E) {
        self.on_executed(height, digest, env);
        self.watch(env);
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        digest: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.on_transferred(height, digest, block, env);
        self.watch(env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        self.active.then_some(self.primary)
    }

    fn view(&self) -> u64 {
        self.view
    }
}
