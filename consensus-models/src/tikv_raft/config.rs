//! Parameters of `tikv-raft`, and what they are in the crate's own terms.
//!
//! The crate draws election timeouts from the thread's entropy, between
//! `election_timeout` and twice that. A run must not depend on it: before each
//! tick the host puts a value of the same range in its place, from the replica's
//! own stream. (A fixed value per replica is no way out: without pre-vote, the
//! replica with the shortest would disturb all others for ever, were its log too
//! old to win.)

use std::time::Duration;

use crate::committee::ReplicaId;
use crate::params::{ParamSpec, Params};

/// Bytes of entries in an append, as the crate counts them, at most: TiKV's own
/// setting.
const MAX_APPEND_BYTES: u64 = 1 << 20;

/// Ticks between two heartbeats: the more, the seldomer two campaign at once.
const HEARTBEAT_TICKS: u32 = 5;

/// The checked parameters in the form in which the host uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    /// Time between two ticks of the crate.
    pub(super) tick: Duration,
    /// Ticks without a leader after which any replica may campaign.
    pub(super) election_ticks: u64,
    pub(super) max_inflight: u64,
    pub(super) max_batches: usize,
    pub(super) log_tail: u64,
    eager: bool,
    pre_vote: bool,
}

impl Config {
    pub(super) fn read(params: &Params) -> Self {
        let tick = params.duration("heartbeat") / HEARTBEAT_TICKS;
        let election = params.duration("election_timeout").as_nanos();
        Self {
            tick,
            election_ticks: election
                .div_ceil(tick.as_nanos())
                .clamp(2 * u128::from(HEARTBEAT_TICKS), 1 << 30) as u64,
            max_inflight: params.integer("max_inflight"),
            max_batches: params.integer("max_batches") as usize,
            log_tail: params.integer("log_tail"),
            eager: params.choice("commit_notify") == "eager",
            pre_vote: params.flag("pre_vote"),
        }
    }

    /// How long a batch waits before the leader is reminded of it.
    pub(super) fn patience(&self) -> Duration {
        self.tick * self.election_ticks as u32
    }

    /// A randomised election timeout, in ticks.
    pub(super) fn draw(&self, word: u64) -> usize {
        (self.election_ticks + word % self.election_ticks) as usize
    }

    /// The crate's configuration of `me`.
    pub(super) fn of(&self, me: ReplicaId, applied: u64) -> raft::Config {
        raft::Config {
            election_tick: self.election_ticks as usize,
            heartbeat_tick: HEARTBEAT_TICKS as usize,
            applied,
            max_size_per_msg: MAX_APPEND_BYTES,
            max_inflight_msgs: self.max_inflight as usize,
            check_quorum: true,
            pre_vote: self.pre_vote,
            skip_bcast_commit: !self.eager,
            ..raft::Config::new(super::peer(me))
        }
    }
}

/// The parameters that a scenario may set.
pub(super) fn specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::span(
            "election_timeout",
            2,
            "1s",
            "a follower that hears nothing for this long, randomised up to twice it, campaigns",
        ),
        ParamSpec::span(
            "heartbeat",
            1,
            "100ms",
            "time between two heartbeats of the leader; well below election_timeout",
        ),
        ParamSpec::integer(
            "max_inflight",
            (1, 100_000),
            "64",
            "uncommitted blocks that the leader allows, and appends in flight to one follower",
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 100_000),
            "16",
            "waiting batches that the leader groups into one block at most",
        ),
        ParamSpec::choice(
            "commit_notify",
            &["eager", "piggyback"],
            "eager",
            "followers learn the commit index in a round of its own, or with the next append or heartbeat",
        ),
        ParamSpec::flag(
            "pre_vote",
            "true",
            "ask whether an election could be won before raising the term",
        ),
        ParamSpec::integer(
            "log_tail",
            (1, 100_000),
            "1000",
            "executed blocks kept in the log for followers that lag; a ledger may be durable this far behind",
        ),
    ]
}
