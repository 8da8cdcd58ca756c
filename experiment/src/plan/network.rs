//! The network of a plan: laws of latency, and how bytes share what carries them.

use serde::{Deserialize, Serialize};

/// Latency between regions; only the regions of the committee are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkPlan {
    /// Name, or `inline`.
    pub name: String,
    /// Where the figures come from.
    pub source: String,
    /// Law of the one-way latency, `from` index times regions plus `to` index
    /// (row-major over `committee`). Drawn once per link and run.
    pub links: Vec<LatencyPlan>,
    /// Standard deviation of the per-message jitter, in nanoseconds (normal,
    /// cut at zero total latency).
    pub jitter_ns: u64,
    /// Messages lost per million.
    pub loss_ppm: u32,
    /// Added to the latency of every message, as the hosts' own handling.
    pub overhead_ns: u64,
    /// What limits a connection besides the machines' bandwidth.
    pub transport: TransportPlan,
    /// How messages share a machine's interface.
    pub sharing: SharingPlan,
    /// Bytes of the largest packet: each packet of a message is framed; 0: a
    /// message is framed once, whatever its size.
    pub mtu_bytes: u32,
}

/// How messages share a machine's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharingPlan {
    /// One after the other, in the order in which they come.
    Fifo,
    /// All connections at once, max-min fair.
    MaxMin,
}

/// What limits a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TransportPlan {
    /// Nothing.
    Unlimited,
    /// TCP's congestion window: slow start, and again after a pause.
    Tcp {
        /// Bytes before the first acknowledgement.
        initial_bytes: u64,
        /// The largest window.
        most_bytes: u64,
        /// The retransmission timeout beyond a round trip.
        patience_ns: u64,
    },
}

/// A law of a one-way latency, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LatencyPlan {
    /// Always the same.
    Constant {
        /// The latency.
        ns: u64,
    },
    /// Uniform over an inclusive range.
    Uniform {
        /// Smallest.
        low_ns: u64,
        /// Largest.
        high_ns: u64,
    },
    /// Normal, cut at zero.
    Normal {
        /// Mean.
        mean_ns: u64,
        /// Standard deviation.
        sd_ns: u64,
    },
    /// Log-normal through two percentiles.
    LogNormal {
        /// Median.
        p50_ns: u64,
        /// 90th percentile.
        p90_ns: u64,
    },
    /// Pareto.
    Pareto {
        /// Smallest value.
        min_ns: u64,
        /// Tail index in thousandths (greater than 1000 for a finite mean).
        shape_milli: u64,
    },
    /// Drawn anew for every message instead of once per link.
    PerMessage(Box<LatencyPlan>),
}
