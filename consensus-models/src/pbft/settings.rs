//! The parameters of PBFT.

use std::time::Duration;

use crate::params::{ParamKind, ParamSpec, Params};

/// Checked parameters.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) view_timeout: Duration,
    pub(super) patience: u32,
    pub(super) retransmit: Duration,
    pub(super) interval: u64,
    pub(super) log_size: u64,
    pub(super) max_batches: usize,
    pub(super) pipeline: u64,
    pub(super) macs: bool,
    pub(super) durable: bool,
}

impl Settings {
    pub(super) fn read(params: &Params) -> Self {
        let interval = params.integer("checkpoint_interval");
        Self {
            view_timeout: params.duration("view_timeout"),
            patience: params.integer("patience") as u32,
            retransmit: params.duration("retransmit"),
            interval,
            log_size: interval * params.integer("log_intervals"),
            max_batches: params.integer("max_batches") as usize,
            pipeline: params.integer("pipeline"),
            macs: params.choice("auth") == "macs",
            durable: params.flag("durable"),
        }
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn span(name: &'static str, default: &'static str, help: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Duration {
            min: MILLISECOND,
            max: HOUR,
        },
        default,
        help,
    }
}

pub(super) fn specs() -> Vec<ParamSpec> {
    vec![
        span(
            "view_timeout",
            "2s",
            "how long a backup waits for a pending request before it asks for a view change; doubles with every attempt",
        ),
        ParamSpec::integer(
            "patience",
            (1, 1_000),
            "32",
            "view timeouts that one request may wait while others commit; 1 is the paper's rule, which overload turns into view changes",
        ),
        span(
            "retransmit",
            "500ms",
            "how long a replica with something outstanding waits without progress before it says where it stands and repeats itself",
        ),
        ParamSpec::integer(
            "checkpoint_interval",
            (1, 4_096),
            "128",
            "heights between checkpoints (the paper's K)",
        ),
        ParamSpec::integer(
            "log_intervals",
            (2, 8),
            "2",
            "distance of the watermarks in checkpoint intervals (the paper's L / K)",
        ),
        ParamSpec::integer("max_batches", (1, 4_096), "16", "most batches in a block"),
        ParamSpec::integer(
            "pipeline",
            (1, 65_536),
            "8",
            "most blocks that the primary has proposed and not yet committed",
        ),
        ParamSpec::choice(
            "auth",
            &["signatures", "macs"],
            "signatures",
            "how messages are authenticated; macs are charged as a hash of the message, view changes are signed either way",
        ),
        ParamSpec::flag(
            "durable",
            "true",
            "wait for the disk before a commit is sent; without, a replica that restarts only listens until a later checkpoint is stable, and more than f restarts at once may halt the committee",
        ),
    ]
}
