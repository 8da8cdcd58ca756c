//! What a scenario may set.

use std::time::Duration;

use crate::params::{ParamKind, ParamSpec, Params};

/// When followers learn that an entry is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitNotify {
    /// With the next append or heartbeat: 2(n-1) messages per append round.
    Piggyback,
    /// In a round of empty appends of its own: 4(n-1).
    Eager,
}

/// The parameters, read once.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) election_timeout: Duration,
    pub(super) heartbeat: Duration,
    pub(super) max_inflight: usize,
    pub(super) max_batches: usize,
    pub(super) commit_notify: CommitNotify,
    pub(super) pre_vote: bool,
    pub(super) log_tail: u64,
}

impl Config {
    pub(super) fn read(params: &Params) -> Self {
        Self {
            election_timeout: params.duration("election_timeout"),
            heartbeat: params.duration("heartbeat"),
            max_inflight: params.integer("max_inflight") as usize,
            max_batches: params.integer("max_batches") as usize,
            commit_notify: match params.choice("commit_notify") {
                "eager" => CommitNotify::Eager,
                _ => CommitNotify::Piggyback,
            },
            pre_vote: params.flag("pre_vote"),
            log_tail: params.integer("log_tail"),
        }
    }

    pub(super) fn specs() -> Vec<ParamSpec> {
        let span = ParamKind::Duration {
            min: Duration::from_millis(1),
            max: Duration::from_secs(600),
        };
        let count = ParamKind::Integer {
            min: 1,
            max: 100_000,
        };
        vec![
            ParamSpec {
                name: "election_timeout",
                kind: span,
                default: "1s",
                help: "a follower that hears nothing for this long, randomised up to twice it, campaigns",
            },
            ParamSpec {
                name: "heartbeat",
                kind: span,
                default: "100ms",
                help: "time between two heartbeats of the leader; well below election_timeout",
            },
            ParamSpec {
                name: "max_inflight",
                kind: count,
                default: "64",
                help: "uncommitted blocks that the leader allows, and appends in flight to one follower",
            },
            ParamSpec {
                name: "max_batches",
                kind: count,
                default: "16",
                help: "waiting batches that the leader groups into one block at most",
            },
            ParamSpec {
                name: "commit_notify",
                kind: ParamKind::Choice(&["piggyback", "eager"]),
                default: "piggyback",
                help: "followers learn the commit index with the next append or heartbeat, or in a round of its own",
            },
            ParamSpec {
                name: "pre_vote",
                kind: ParamKind::Flag,
                default: "true",
                help: "ask whether an election could be won before raising the term (dissertation 9.6)",
            },
            ParamSpec {
                name: "log_tail",
                kind: count,
                default: "1000",
                help: "executed blocks kept in the log for followers that lag; a ledger may be durable this far behind",
            },
        ]
    }
}
