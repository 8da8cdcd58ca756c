//! Parameters of `tikv-raft`, and what they are in the crate's own terms.
//!
//! The crate draws election timeouts from the thread's entropy. Given a range
//! of one value there is nothing to draw: replica i gives up after
//! `election_timeout` and i steps more, so that two do not campaign at once.

use std::time::Duration;

use crate::committee::{Committee, ReplicaId};
use crate::params::{ParamSpec, Params};

/// Bytes of entries in an append, as the crate counts them, at most: TiKV's own
/// setting.
const MAX_APPEND_BYTES: u64 = 1 << 20;

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
        let tick = params.duration("heartbeat");
        let election = params.duration("election_timeout").as_nanos();
        Self {
            tick,
            election_ticks: election.div_ceil(tick.as_nanos()).clamp(2, 1 << 20) as u64,
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

    /// The crate's configuration of `me`.
    pub(super) fn of(&self, me: ReplicaId, committee: Committee, applied: u64) -> raft::Config {
        let spread = (self.election_ticks / u64::from(committee.n())).max(1);
        let timeout = (self.election_ticks + spread * u64::from(me.0)) as usize;
        raft::Config {
            election_tick: self.election_ticks as usize,
            heartbeat_tick: 1,
            min_election_tick: timeout,
            max_election_tick: timeout + 1,
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
            "silence of the leader after which replica 0 campaigns; replica i waits i steps longer",
        ),
        ParamSpec::span(
            "heartbeat",
            1,
            "100ms",
            "time between two heartbeats; the crate's tick",
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
