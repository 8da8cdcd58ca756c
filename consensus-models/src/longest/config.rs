//! Parameters that all longest chains share.

use std::time::Duration;

use super::forks::Limits;
use super::rule::Rule;
use crate::committee::Committee;
use crate::gossip::Degrees;
use crate::params::{ParamSpec, Params};

/// How blocks travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relay {
    /// Announced, asked for, sent with the bodies.
    Full,
    /// Header and handles are pushed; bodies are fetched where they lack.
    Compact,
}

/// The checked parameters in the form in which the protocol uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    pub(super) relay: Relay,
    pub(super) degrees: Degrees,
    pub(super) filler_bytes: u32,
    pub(super) confirmations: u64,
    pub(super) max_block_bytes: u64,
    pub(super) max_batches: usize,
    pub(super) request_timeout: Duration,
    pub(super) poll_interval: Duration,
    pub(super) fetch_blocks: usize,
    pub(super) fetch_timeout: Duration,
    pub(super) checkpoint_interval: u64,
    pub(super) limits: Limits,
}

impl Config {
    pub(super) fn new<R: Rule>(params: &Params, committee: Committee, rule: &R) -> Self {
        let confirmations = rule.confirmations();
        let fetch_blocks = params.integer("fetch_blocks");
        let checkpoint_interval = params.integer("checkpoint_interval");
        let poll = params.duration("poll_interval");
        Self {
            relay: match params.choice("relay") {
                "compact" => Relay::Compact,
                _ => Relay::Full,
            },
            degrees: match params.choice("degrees") {
                "measured" => Degrees::Measured,
                _ => Degrees::Fixed(params.integer("peers") as u32),
            },
            filler_bytes: params.integer("filler_bytes") as u32,
            confirmations,
            max_block_bytes: params.integer("max_block_bytes"),
            max_batches: params.integer("max_batches") as usize,
            request_timeout: params.duration("request_timeout"),
            poll_interval: if poll.is_zero() {
                rule.interval() * 10
            } else {
                poll
            },
            fetch_blocks: fetch_blocks as usize,
            fetch_timeout: params.duration("fetch_timeout"),
            checkpoint_interval,
            limits: Limits {
                // What a compaction leaves on the log must be at hand.
                retain: params.integer("retain").max(2 * checkpoint_interval) as usize,
                // The tip is `confirmations` above the root; two answers of
                // headers may be above the tip.
                ahead: confirmations + 2 * fetch_blocks + 64,
                // Each node may have a branch of its own, for a while.
                rivals: 2 * committee.n() as usize + 8,
            },
        }
    }
}

/// The parameters that a scenario may set, besides the rule's own.
pub(super) fn specs() -> Vec<ParamSpec> {
    [relay_specs(), keeping_specs()].concat()
}

fn relay_specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::integer(
            "peers",
            (1, 1000),
            "8",
            "nodes that each node dials at random; n - 1 or more: all know all",
        ),
        ParamSpec::choice(
            "degrees",
            &["peers", "measured"],
            "peers",
            "whether each node dials `peers` others, or as many as measured in Bitcoin, 2015",
        ),
        ParamSpec::integer(
            "filler_bytes",
            (0, 1_000_000_000),
            "0",
            "bytes of every block besides its batches, as studies of propagation have them",
        ),
        ParamSpec::choice(
            "relay",
            &["full", "compact"],
            "full",
            "announce a block and send it with bodies when asked, or push header and handles",
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 100_000),
            "1000",
            "most batches in one block",
        ),
        ParamSpec::span(
            "request_timeout",
            1,
            "1m",
            "time after which a batch that is on no followed block goes to one more peer",
        ),
        ParamSpec::span(
            "poll_interval",
            0,
            "0s",
            "time without a new block after which a peer is asked; 0s: ten block intervals",
        ),
    ]
}

fn keeping_specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::integer(
            "fetch_blocks",
            (1, 10_000),
            "32",
            "most headers in one answer, and most blocks asked for at once",
        ),
        ParamSpec::span(
            "fetch_timeout",
            1,
            "5s",
            "wait for an asked block before another peer is asked",
        ),
        ParamSpec::integer(
            "retain",
            (8, 1_000_000),
            "512",
            "committed heights kept for nodes that lag, at least two checkpoint intervals",
        ),
        ParamSpec::integer(
            "checkpoint_interval",
            (1, 1_000_000),
            "64",
            "executed heights between two compactions of the log",
        ),
    ]
}
