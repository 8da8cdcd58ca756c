//! Parameters of the shell.

use std::time::Duration;

use crate::params::{ParamSpec, Params};

/// The checked parameters in the form in which the shell uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    pub(super) max_batches: usize,
    pub(super) idle_interval: Duration,
    pub(super) block_interval: Duration,
    pub(super) request_timeout: Duration,
    pub(super) retransmit: Duration,
    pub(super) fetch_delay: Duration,
    pub(super) retain: u64,
    pub(super) fetch_blocks: usize,
    pub(super) checkpoint_interval: u64,
    pub(super) gossip: bool,
    pub(super) peers: u32,
}

impl Config {
    pub(super) fn new(params: &Params) -> Self {
        let checkpoint_interval = params.integer("checkpoint_interval");
        Self {
            max_batches: params.integer("max_batches") as usize,
            idle_interval: params.duration("idle_interval"),
            block_interval: params.duration("block_interval"),
            request_timeout: params.duration("forward_timeout"),
            retransmit: params.duration("retransmit"),
            fetch_delay: params.duration("fetch_delay"),
            // What a compaction leaves on the log must be at hand.
            retain: params.integer("retain").max(2 * checkpoint_interval),
            fetch_blocks: params.integer("fetch_blocks") as usize,
            checkpoint_interval,
            gossip: params.choice("spread") == "gossip",
            peers: params.integer("peers") as u32,
        }
    }
}

/// The parameters that a scenario may set, whatever the core.
pub(super) fn specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::choice(
            "spread",
            &["mesh", "gossip"],
            "mesh",
            "how messages spread: straight to everyone, or passed on over a random peer graph",
        ),
        ParamSpec::integer(
            "peers",
            (1, 4_096),
            "4",
            "with gossip: others that each replica dials, besides those that dial it",
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 100_000),
            "64",
            "most batches in one block",
        ),
        ParamSpec::span(
            "block_interval",
            0,
            "0s",
            "least time from one block's creation to the next height",
        ),
        ParamSpec::span(
            "idle_interval",
            1,
            "1s",
            "wait before an empty block when nothing is pending",
        ),
        ParamSpec::span(
            "forward_timeout",
            1,
            "2s",
            "time after which an uncommitted batch is forwarded again",
        ),
        ParamSpec::span(
            "retransmit",
            1,
            "500ms",
            "time without any progress after which a replica repeats itself",
        ),
        ParamSpec::span(
            "fetch_delay",
            0,
            "50ms",
            "wait for a decision that others have, before asking for it",
        ),
        ParamSpec::integer(
            "retain",
            (8, 1_000_000),
            "512",
            "decided heights kept for replicas that lag, at least two checkpoint intervals",
        ),
        ParamSpec::integer(
            "fetch_blocks",
            (1, 10_000),
            "32",
            "most decisions in one answer to a replica that lags",
        ),
        ParamSpec::integer(
            "checkpoint_interval",
            (1, 1_000_000),
            "64",
            "executed heights between two compactions of the log",
        ),
    ]
}
