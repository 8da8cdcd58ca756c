//! The parameters that all protocols of notarized blocks share.

use std::time::Duration;

use crate::committee::hashed_turn;
use crate::committee::{Committee, ReplicaId};
use crate::params::{ParamSpec, Params};
use crate::wire::Certificates;

/// The checked parameters in the form in which the protocol uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    pub(super) delta: Duration,
    hashed: bool,
    pub(super) max_batches: usize,
    pub(super) request_timeout: Duration,
    pub(super) certificates: Certificates,
    pub(super) retain: u64,
    pub(super) fetch_blocks: u32,
    pub(super) fetch_delay: Duration,
    pub(super) checkpoint_interval: u64,
}

impl Config {
    pub(super) fn new(params: &Params) -> Self {
        let checkpoint_interval = params.integer("checkpoint_interval");
        Self {
            delta: params.duration("delta"),
            hashed: params.choice("leader") == "hashed",
            max_batches: params.integer("max_batches") as usize,
            request_timeout: params.duration("request_timeout"),
            certificates: Certificates::read(params.choice("certificates")),
            // What a compaction leaves on the log must be at hand.
            retain: params.integer("retain").max(2 * checkpoint_interval),
            fetch_blocks: params.integer("fetch_blocks") as u32,
            fetch_delay: params.duration("fetch_delay"),
            checkpoint_interval,
        }
    }

    /// The replica that proposes in `view`.
    pub(super) fn leader(&self, committee: &Committee, view: u64) -> ReplicaId {
        let turn = if self.hashed { hashed_turn(view) } else { view };
        committee.round_robin(turn)
    }
}

/// The shared parameters, with the default of `delta`.
pub(super) fn specs(delta: &'static str) -> Vec<ParamSpec> {
    let mut specs = vec![ParamSpec::span(
        "delta",
        1,
        delta,
        "bound on the delay of a message that the protocol's times are made of",
    )];
    specs.extend([
        ParamSpec::choice(
            "leader",
            &["round-robin", "hashed"],
            "round-robin",
            "leaders in turn, or drawn by a hash of the view's number",
        ),
        ParamSpec::choice(
            "certificates",
            Certificates::WORDS,
            "signatures",
            Certificates::HELP,
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 100_000),
            "1024",
            "most batches in one block; many, as blocks by the clock are few",
        ),
        ParamSpec::span(
            "request_timeout",
            1,
            "2s",
            "time after which an uncommitted batch is forwarded again",
        ),
        ParamSpec::span(
            "fetch_delay",
            0,
            "50ms",
            "wait for a missing block, which may only be late, before asking for it",
        ),
    ]);
    specs.extend(keeping_specs());
    specs
}

fn keeping_specs() -> [ParamSpec; 3] {
    [
        ParamSpec::integer(
            "retain",
            (8, 1_000_000),
            "512",
            "committed heights kept for replicas that lag, at least two checkpoint intervals",
        ),
        ParamSpec::integer(
            "fetch_blocks",
            (1, 10_000),
            "32",
            "most blocks in one answer to a replica that lags",
        ),
        ParamSpec::integer(
            "checkpoint_interval",
            (1, 1_000_000),
            "64",
            "executed heights between two compactions of the log",
        ),
    ]
}
