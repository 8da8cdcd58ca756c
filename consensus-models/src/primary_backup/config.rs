//! Parameters of primary-backup replication. Knows no message.

use std::time::Duration;

use crate::committee::Committee;
use crate::params::{ParamSpec, Params};

/// The checked parameters in the form in which the protocol uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    /// Disks that must hold a block before it commits, the primary's included.
    pub(super) needed: u32,
    pub(super) window: u64,
    pub(super) max_batches: usize,
    pub(super) retry: Duration,
    pub(super) fetch_delay: Duration,
    pub(super) fetch_blocks: u64,
    pub(super) retain: u64,
}

impl Config {
    pub(super) fn read(params: &Params, committee: Committee) -> Self {
        Self {
            needed: needed(params, committee),
            window: params.integer("window"),
            max_batches: params.integer("max_batches") as usize,
            retry: params.duration("retry"),
            fetch_delay: params.duration("fetch_delay"),
            fetch_blocks: params.integer("fetch_blocks"),
            retain: params.integer("retain"),
        }
    }

    /// Whether backups keep a log and acknowledge what is in it.
    pub(super) fn acknowledged(&self) -> bool {
        self.needed > 1
    }
}

/// Disks that `acks` asks for.
pub(super) fn needed(params: &Params, committee: Committee) -> u32 {
    match params.choice("acks") {
        "none" => 1,
        "all" => committee.n(),
        _ => committee.quorum(),
    }
}

/// The parameters that a scenario may set.
pub(super) fn specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::choice(
            "acks",
            &["none", "majority", "all"],
            "majority",
            "disks that must hold a block before it commits: the primary's alone (a single sequencer), a majority, all",
        ),
        ParamSpec::integer(
            "window",
            (1, 4_096),
            "64",
            "uncommitted blocks that the primary allows",
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 4_096),
            "16",
            "waiting batches that the primary groups into one block at most",
        ),
        ParamSpec::span(
            "retry",
            1,
            "1s",
            "silence after which what is not acknowledged or not committed is said again",
        ),
        ParamSpec::span(
            "fetch_delay",
            1,
            "100ms",
            "time that a backup waits for a missing block before it asks for it",
        ),
        ParamSpec::integer(
            "fetch_blocks",
            (1, 4_096),
            "64",
            "blocks sent for one request at most",
        ),
        ParamSpec::integer(
            "retain",
            (4, 100_000),
            "1000",
            "executed blocks kept in the log for backups that lag; a ledger may be durable this far behind",
        ),
    ]
}
