//! Raft: D. Ongaro and J. Ousterhout, "In Search of an Understandable
//! Consensus Algorithm", USENIX ATC 2014; pre-vote, the leader's quorum check
//! and pipelining from D. Ongaro's dissertation (Stanford 2014), sections 9.6,
//! 6.2 and 10.2.
//!
//! A log entry is a block, so heights are log indices and a leader's no-op is
//! an empty block. This file holds the state and the dispatch; the ideas are
//! in `election`, `leader`, `follower`, `snapshot` and `disk`.
//!
//! Where the paper leaves room:
//! - nothing is counted before it is durable: a candidate asks for votes, a
//!   voter answers and a follower acknowledges only after the write, and the
//!   leader counts itself like any other;
//! - a block may commit here before it is on this disk, because a majority
//!   has it; after a crash the ledger may then be ahead of the log, which is
//!   sound: the log votes only for what it holds;
//! - a follower's snapshot may be newer than the one that its leader offered,
//!   so the leader checks the snapshot's last entry against its own log
//!   before it counts it.

mod config;
mod disk;
mod election;
mod follower;
mod leader;
mod log;
mod message;
mod progress;
mod requests;
mod snapshot;

use std::collections::VecDeque;
use std::time::Duration;

use crate::block::{Batch, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId, ReplicaSet};
use crate::params::ParamSpec;
use crate::protocol::{Env, Protocol, Recovery, Setup, TimerId, Token};

use config::Config;
use disk::{After, Write};
use leader::Leadership;
use log::Log;
pub use log::Record;
pub use message::{Place, RaftBody, RaftMessage};
use requests::Requests;

/// A follower campaigns, a leader counts its quorum.
const ELECTION: TimerId = TimerId(0);
/// A leader's heartbeat.
const HEARTBEAT: TimerId = TimerId(1);
/// A follower reminds its leader of batches that wait.
const REMIND: TimerId = TimerId(2);

/// What a replica does in its term.
#[derive(Debug)]
enum Role {
    Follower,
    /// Asks whether it could win, with the grants so far.
    PreCandidate(ReplicaSet),
    /// Asks for votes, with the votes so far.
    Candidate(ReplicaSet),
    Leader(Leadership),
}

/// A Raft replica.
#[derive(Debug)]
pub struct Raft {
    me: ReplicaId,
    committee: Committee,
    config: Config,
    /// currentTerm.
    term: u64,
    /// votedFor.
    vote: Option<ReplicaId>,
    /// The term was entered and its write is not even queued yet.
    term_unsaved: bool,
    role: Role,
    leader: Option<ReplicaId>,
    log: Log,
    /// commitIndex: highest entry of the log known to be committed.
    commit: Height,
    /// lastApplied: highest height that the host was given.
    delivered: Height,
    /// Highest height that the ledger has executed.
    executed: Height,
    /// Highest height of the log that is on the disk.
    durable: Height,
    /// Highest height known to agree with this term's leader.
    matched: Height,
    /// The state transfer under way. Nothing is delivered meanwhile.
    transferring: Option<Height>,
    requests: Requests,
    /// The reminder is armed, for batches that had arrived by this mark.
    reminding: Option<u64>,
    writes: VecDeque<Write>,
    next_token: u64,
    /// This term's randomised election timeout.
    timeout: Duration,
    /// When the election timer is really due; it is armed lazily.
    deadline: Duration,
    /// When the armed election timer fires.
    armed: Duration,
    /// When a leader was heard last.
    heard: Option<Duration>,
}

impl Raft {
    fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    fn say(&self, body: RaftBody) -> RaftMessage {
        RaftMessage {
            term: self.term,
            body,
        }
    }

    /// Learns that the log is committed up to `height`, and delivers.
    fn commit_to<E: Env<Self> + ?Sized>(&mut self, height: Height, env: &mut E) {
        self.commit = self.commit.max(height.min(self.log.last().height));
        if self.transferring.is_some() {
            return;
        }
        while self.delivered < self.commit {
            let next = self.delivered.next();
            let Some(entry) = self.log.get(next) else {
                // The ledger is behind the base: a transfer has to come first.
                return;
            };
            let block = Block::clone(entry);
            for batch in &block.batches {
                self.requests.committed(batch.id);
            }
            self.delivered = next;
            env.commit(block);
        }
    }

    /// Messages of an older term: whoever sent it learns the term and stops.
    fn stale<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, body: &RaftBody, env: &mut E) {
        match body {
            RaftBody::Vote(_) => env.send(from, self.say(RaftBody::VoteReply(false))),
            RaftBody::Append { .. }
            | RaftBody::Heartbeat { .. }
            | RaftBody::InstallSnapshot { .. } => {
                let reply = RaftBody::HeartbeatReply {
                    round: 0,
                    received: Height(0),
                    durable: Height(0),
                };
                env.send(from, self.say(reply));
            }
            _ => {}
        }
    }
}

impl Protocol for Raft {
    type Message = RaftMessage;
    type Record = Record;

    const NAME: &'static str = "raft";
    const SOURCE: &'static str =
        "D. Ongaro, J. Ousterhout, In Search of an Understandable Consensus Algorithm, 2014";
    const FAULT_MODEL: FaultModel = FaultModel::Crash;

    fn params() -> Vec<ParamSpec> {
        Config::specs()
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record>) -> Self {
        let (term, vote, log) = Log::replay(recovery.records);
        let mut requests = Requests::default();
        for entry in log.entries() {
            requests.logged(entry);
        }
        Self {
            me: setup.me,
            committee: setup.committee,
            config: Config::read(setup.params),
            term,
            vote,
            term_unsaved: false,
            role: Role::Follower,
            leader: None,
            // Not the ledger's height: what the ledger executed may have been
            // overwriting entries here whose write the crash forgot.
            commit: log.base().height,
            delivered: recovery.applied,
            executed: recovery.applied,
            durable: log.last().height,
            matched: Height(0),
            transferring: None,
            requests,
            reminding: None,
            writes: VecDeque::new(),
            next_token: 0,
            timeout: Duration::ZERO,
            deadline: Duration::ZERO,
            armed: Duration::MAX,
            heard: None,
            log,
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.draw_timeout(env);
        self.postpone_election(env);
        self.fetch_below_base(env);
    }

    fn message<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        message: &RaftMessage,
        env: &mut E,
    ) {
        let RaftMessage { term, body } = message;
        // A pre-vote speaks of a term that nobody has entered yet.
        match body {
            RaftBody::PreVote(last) => return self.on_pre_vote(from, *term, *last, env),
            RaftBody::PreVoteReply(true) => return self.on_pre_vote_granted(from, *term, env),
            _ => {}
        }
        if *term < self.term {
            return self.stale(from, body, env);
        }
        if *term > self.term {
            self.enter_term(*term, env);
            // A vote is written together with the term that it enters.
            if !matches!(body, RaftBody::Vote(_)) {
                self.write_term(After::Nothing, env);
            }
        }
        match body {
            RaftBody::PreVote(_) | RaftBody::PreVoteReply(_) => {}
            RaftBody::Vote(last) => self.on_vote(from, *last, env),
            RaftBody::VoteReply(granted) => self.on_vote_reply(from, *granted, env),
            RaftBody::Append {
                prev,
                entries,
                commit,
            } => self.on_append(from, *prev, entries, *commit, env),
            RaftBody::AppendOk(height) => self.on_append_ok(from, *height, env),
            RaftBody::Conflict { refused, hint } => self.on_conflict(from, *refused, *hint, env),
            RaftBody::Heartbeat { round, commit } => self.on_heartbeat(from, *round, *commit, env),
            RaftBody::HeartbeatReply {
                round,
                received,
                durable,
            } => self.on_heartbeat_reply(from, *round, *received, *durable, env),
            RaftBody::InstallSnapshot { last, created } => {
                self.on_install_snapshot(from, *last, *created, env);
            }
            RaftBody::Installed(last) => self.on_installed(from, *last, env),
            RaftBody::Remind(batches) => self.on_remind(from, batches, env),
            RaftBody::RemindReply(batches) => {
                for batch in batches {
                    self.requests.committed(batch.id);
                }
            }
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            ELECTION => self.on_election_timer(env),
            HEARTBEAT => self.on_heartbeat_timer(env),
            REMIND => self.on_remind_timer(env),
            _ => {}
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.requests.take(batch, self.commit) {
            return;
        }
        if self.is_leader() {
            self.propose(env);
        } else if let Some(leader) = self.leader {
            env.forward(leader, batch);
            self.arm_reminder(env);
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.on_written(done, env);
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.executed = self.executed.max(height);
        self.compact(env);
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        _digest: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.on_transferred(height, block, env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        self.leader
    }

    fn view(&self) -> u64 {
        self.term
    }
}
