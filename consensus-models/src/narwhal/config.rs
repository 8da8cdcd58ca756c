//! Parameters of Narwhal and of its orders.

use std::time::Duration;

use crate::dag::Keep;
use crate::params::{ParamSpec, Params};
use crate::wire::Certificates;

/// The checked parameters in the form in which the protocol uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    pub(super) header_size: u32,
    pub(super) max_header_delay: Duration,
    pub(super) parents_delay: Duration,
    pub(super) idle_interval: Duration,
    pub(super) leader_timeout: Duration,
    /// Whether the first certificate of round r + 3 reveals the leader of r.
    pub(super) late_coin: bool,
    pub(super) max_batches: usize,
    pub(super) max_weak_links: usize,
    pub(super) certificates: Certificates,
    pub(super) keep: Keep,
    pub(super) fetch_vertices: usize,
    pub(super) fetch_delay: Duration,
    pub(super) sync_retry_delay: Duration,
    pub(super) checkpoint_interval: u64,
}

impl Config {
    pub(super) fn new(params: &Params, waits: bool) -> Self {
        let checkpoint_interval = params.integer("checkpoint_interval");
        let max_header_delay = params.duration("max_header_delay");
        Self {
            header_size: params.integer("header_size") as u32,
            max_header_delay,
            parents_delay: params.duration("parents_delay"),
            idle_interval: params.duration("idle_interval").max(max_header_delay),
            leader_timeout: if waits {
                params.duration("leader_timeout")
            } else {
                Duration::ZERO
            },
            late_coin: !waits && params.choice("coin") == "next-certificate",
            max_batches: params.integer("max_batches") as usize,
            max_weak_links: params.integer("max_weak_links") as usize,
            certificates: Certificates::read(params.choice("certificates")),
            keep: Keep {
                gc_depth: params.integer("gc_depth"),
                retain: params.integer("retain"),
                // What a compaction begins with must be at hand.
                heights: 2 * checkpoint_interval,
                batches: params.integer("remember"),
            },
            fetch_vertices: params.integer("fetch_vertices") as usize,
            fetch_delay: params.duration("fetch_delay"),
            sync_retry_delay: params.duration("sync_retry_delay"),
            checkpoint_interval,
        }
    }
}

/// The parameters that a scenario may set; `waits`: with a leader to wait for.
pub(super) fn specs(waits: bool) -> Vec<ParamSpec> {
    let mut specs = header_specs();
    if waits {
        specs.push(ParamSpec::span(
            "leader_timeout",
            1,
            "1s",
            "longest wait for a leader's certificate and for the votes for it",
        ));
    } else {
        specs.push(ParamSpec::choice(
            "coin",
            &["quorum", "next-certificate"],
            "quorum",
            "what reveals the leader of round r: a quorum of r + 2, or the first certificate of r + 3",
        ));
    }
    specs.extend(keeping_specs());
    specs
}

fn header_specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::integer(
            "header_size",
            (1, 1_000_000),
            "1000",
            "bytes of batch handles with which a header waits no longer",
        ),
        ParamSpec::span(
            "max_header_delay",
            0,
            "100ms",
            "time from one header to the next when there is less to order",
        ),
        ParamSpec::span(
            "idle_interval",
            0,
            "1s",
            "the same while there is nothing to order at all, at least max_header_delay",
        ),
        ParamSpec::span(
            "parents_delay",
            0,
            "5ms",
            "wait for further certificates of a round after the quorum",
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 100_000),
            "64",
            "most batches in one header",
        ),
        ParamSpec::integer(
            "max_weak_links",
            (1, 100_000),
            "256",
            "most links of one header to late certificates",
        ),
        ParamSpec::choice(
            "certificates",
            Certificates::WORDS,
            "signatures",
            Certificates::HELP,
        ),
    ]
}

fn keeping_specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::integer(
            "gc_depth",
            (4, 100_000),
            "50",
            "rounds below a committed leader that later ones may still deliver",
        ),
        ParamSpec::integer(
            "retain",
            (0, 100_000),
            "100",
            "rounds below those that are kept for validators that lag",
        ),
        ParamSpec::integer(
            "remember",
            (1, 1_000_000),
            "256",
            "heights during which a committed batch is not ordered again",
        ),
        ParamSpec::integer(
            "fetch_vertices",
            (1, 100_000),
            "256",
            "most certificates in one answer to a validator that lags",
        ),
        ParamSpec::span(
            "fetch_delay",
            0,
            "50ms",
            "wait for a missing certificate, which may only be late, before asking for it",
        ),
        ParamSpec::span(
            "sync_retry_delay",
            1,
            "500ms",
            "time after which a question, a header or a certificate is sent again",
        ),
        ParamSpec::integer(
            "checkpoint_interval",
            (1, 100_000),
            "32",
            "executed heights between two compactions of the log",
        ),
    ]
}
