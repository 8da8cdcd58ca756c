//! What a run says: the exact record, the noisy host figures, the windows and
//! the latency histograms. Every document is made from these and nothing else.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::plan::{Expect, Plan};

/// Schema name in every `run.json`.
pub const SCHEMA: &str = "groma.run/1";

/// The stages of a transaction's path, in order: intended send to arrival at a
/// replica; to the close of its batch; to the creation of the block that orders
/// it; to the block's first commit; to its execution at the replica whose reply
/// completes finality; to the client.
pub const STAGES: [&str; 6] = ["submit", "batch", "order", "consensus", "execute", "reply"];

/// Everything that one run produced.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// Exact: equal on every machine and for any thread count.
    pub record: RunRecord,
    /// Noisy: wall clock and memory.
    pub host: HostRecord,
    /// One row per second of virtual time.
    pub windows: Vec<Window>,
    /// Latency histograms by name (`finality`, `commit`, `consensus`, and one
    /// per stage), in microseconds, measured phases only. A value counts as often as
    /// it stands for in true time.
    pub histograms: BTreeMap<String, Histogram<u64>>,
    /// Finality histograms of each window, for the interval log.
    pub window_histograms: Vec<Histogram<u64>>,
    /// The fingerprint along the way, oldest mark first.
    pub trail: Vec<TrailMark>,
    /// Figures that only a comparison with theory or with a published
    /// measurement asks for. They stand in no document of a run.
    pub beside: Beside,
}

/// Exact figures beside the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Transactions in flight, averaged over the measured time.
    pub in_flight_mean: Option<f64>,
    /// Mean from a block's creation to its commit at n - f replicas (at a
    /// majority where faults are crashes), in milliseconds.
    pub quorum_ms_mean: Option<f64>,
    /// Blocks in that mean.
    pub quorum_blocks: u64,
    /// Mean wait of a job for its lane, by the lane's name, in nanoseconds.
    pub lane_wait_ns: BTreeMap<String, f64>,
    /// Jobs in that mean.
    pub lane_jobs: BTreeMap<String, u64>,
}

pub use groma_sim::TRAIL_STEP;

/// The running fingerprint after so many deliveries: two runs whose marks are
/// equal have had the same deliveries until there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailMark {
    /// Deliveries so far: a multiple of [`TRAIL_STEP`], or those of the whole run.
    pub deliveries: u64,
    /// Virtual time of the last of them, in nanoseconds.
    pub at_ns: u64,
    /// 32 hexadecimal digits.
    pub fingerprint: String,
}

/// The exact record: `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// `sim`, `testbed` or `external`.
    pub mode: String,
    /// Scenario name.
    pub name: String,
    /// Hash of the plan.
    pub key: String,
    /// Running hash over all deliveries, 32 hexadecimal digits.
    pub fingerprint: String,
    /// The plan.
    pub plan: Plan,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, one sentence each; empty for a pass.
    pub reasons: Vec<String>,
    /// Counts and rates.
    pub load: LoadRecord,
    /// Intended send time to finality at the client.
    pub finality_ms: Percentiles,
    /// Block creation to its first commit.
    pub consensus_ms: Percentiles,
    /// Intended send time to commit at the first correct replica.
    pub commit_ms: Percentiles,
    /// The path of a transaction by stage; [`STAGES`] gives the path's order.
    pub stages_ms: BTreeMap<String, StageRecord>,
    /// Means per non-empty block, over measured time.
    pub per_block: PerBlock,
    /// Consensus messages sent over the whole run, by kind.
    pub messages: BTreeMap<String, u64>,
    /// Non-empty blocks whose first commit falls in measured time.
    pub blocks: u64,
    /// Committed heights over the whole run, empty ones included.
    pub heights: u64,
    /// Highest view, round or term that a replica reached.
    pub views: u64,
    /// Root of the highest executed state.
    pub state_root: String,
    /// Use of each machine over the measured time.
    pub machines: Vec<MachineRecord>,
    /// Use of the replicas' lanes over the measured time, a row a lane.
    #[serde(default)]
    pub lanes: Vec<LaneRecord>,
    /// What each region's citizens saw, in the order of the committee.
    #[serde(default)]
    pub regions: Vec<RegionRecord>,
    /// How the run came back from each fault of the plan, in its order.
    #[serde(default)]
    pub recoveries: Vec<RecoveryRecord>,
    /// Comparisons really made, by invariant.
    pub checks: Checks,
    /// Broken invariants.
    pub violations: Vec<Violation>,
    /// Targets with their measured values.
    pub targets: Vec<TargetRecord>,
    /// Backlog and growth.
    pub backlog: BacklogRecord,
    /// Growth of the ledger over the whole run.
    pub storage: StorageRecord,
    /// Messages that protocols refused over the whole run, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// What the protocol counted itself over the whole run, over all replicas:
    /// `energy-joule` and such.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Creation of a block to its arrival at replicas, where blocks spread by
    /// gossip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagation_ms: Option<PropagationRecord>,
    /// Deliveries of the simulated network.
    pub deliveries: u64,
    /// Virtual time simulated, in seconds.
    pub virtual_seconds: f64,
}

/// How blocks spread over a network of peers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropagationRecord {
    /// To each replica but the maker, over all of them and all blocks.
    pub each: Percentiles,
    /// To half of the replicas, over blocks.
    pub half: Percentiles,
    /// To nine tenths of the replicas, over blocks.
    pub nine_tenths: Percentiles,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Sustained, every target met, no invariant broken.
    Pass,
    /// Sustained, but a target was missed.
    Missed,
    /// The load was not sustained.
    Unsustained,
    /// An invariant broke.
    Violated,
}

impl Verdict {
    /// The word in `run.json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Missed => "missed",
            Self::Unsustained => "unsustained",
            Self::Violated => "violated",
        }
    }
}

/// Counts of transactions *intended* in measured phases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// submitted + shed.
    pub offered: u64,
    /// final + rejected + expired.
    pub submitted: u64,
    /// Final and applied.
    #[serde(rename = "final")]
    pub finalised: u64,
    /// Final and refused by a rule.
    pub rejected: u64,
    /// Refused by a full queue.
    pub shed: u64,
    /// Not final before the horizon.
    pub expired: u64,
    /// Sent again to another replica after a silence.
    pub resent: u64,
    /// Refusals by reason.
    pub rejected_by: BTreeMap<String, u64>,
    /// Transactions by which somebody cheats; null in records of before they were
    /// counted.
    #[serde(default)]
    pub attacks: Option<MeantRecord>,
    /// Transactions by which somebody errs; null in records of before they were
    /// counted.
    #[serde(default)]
    pub mistakes: Option<MeantRecord>,
    /// Offered transactions by kind.
    pub offered_by: BTreeMap<String, u64>,
    /// Offered per second of measured time; of the day that it stands for, where a
    /// calendar is compressed.
    pub offered_tps: f64,
    /// Applied, by time of finality, per second of measured time.
    pub goodput_tps: f64,
    /// Measured time, in seconds.
    pub measured_seconds: f64,
}

/// What became of transactions that should be refused: of those offered the rest was
/// shed or expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeantRecord {
    /// Offered.
    pub offered: u64,
    /// Final and refused by a rule, as they should be.
    pub rejected: u64,
    /// Final and applied: they overtook what they would have been refused for.
    pub applied: u64,
}

/// Percentiles in milliseconds; null where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p999: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Values measured, each as often as it stands for in true time.
    pub count: u64,
}

impl Percentiles {
    /// Reads a histogram of microseconds.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let count = histogram.len();
        if count == 0 {
            return Self::default();
        }
        let ms = |micros: u64| Some(micros as f64 / 1_000.0);
        Self {
            // Rounded to a microsecond, so that the figure is short and the
            // same on every machine.
            mean: Some(histogram.mean().round() / 1_000.0),
            p50: ms(histogram.value_at_quantile(0.5)),
            p90: ms(histogram.value_at_quantile(0.9)),
            p99: ms(histogram.value_at_quantile(0.99)),
            p999: ms(histogram.value_at_quantile(0.999)),
            max: ms(histogram.max()),
            count,
        }
    }
}

/// One stage of a transaction's path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Arithmetic mean, in milliseconds; means add up to the mean finality.
    pub mean: Option<f64>,
    /// Median, in milliseconds.
    pub p50: Option<f64>,
    /// 99th percentile, in milliseconds.
    pub p99: Option<f64>,
}

/// Means per committed block that holds transactions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerBlock {
    /// Transactions.
    pub txs: f64,
    /// Consensus messages.
    pub messages: f64,
    /// Bytes of consensus messages, bodies included.
    pub bytes: f64,
}

/// Use of one machine over the measured time, as shares of its capacity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineRecord {
    /// `shenzhen-0`, or `shenzhen-gateway-0`.
    pub id: String,
    /// `replica` or `gateway`.
    pub role: String,
    /// Region.
    pub region: String,
    /// Busy core time over available core time.
    pub cpu: f64,
    /// Busy share of the outgoing link.
    pub egress: f64,
    /// Busy share of the incoming link.
    pub ingress: f64,
    /// Bytes sent.
    pub egress_bytes: u64,
    /// Bytes received.
    pub ingress_bytes: u64,
    /// Mean wait of a message for the outgoing link; null where none left.
    #[serde(default)]
    pub egress_wait_ms: Option<f64>,
    /// Mean wait of a message for the incoming link; null where none came.
    #[serde(default)]
    pub ingress_wait_ms: Option<f64>,
}

/// Use of one serial lane over all replicas and the measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaneRecord {
    /// `consensus`, `execution`, `storage` (the disk), `intake` or `verify`.
    pub lane: String,
    /// Busy share of the time, mean over the replicas.
    pub busy_mean: f64,
    /// Busy share of the busiest replica's lane.
    pub busy_max: f64,
    /// Number of that replica.
    pub busiest: u32,
    /// Mean wait of a job in the lane's queue, over all replicas; null where
    /// there was no job.
    pub wait_ms_mean: Option<f64>,
    /// The same at the busiest replica.
    pub wait_ms_busiest: Option<f64>,
}

/// What the citizens of one region saw: transactions intended in measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionRecord {
    /// Region.
    pub region: String,
    /// Offered by its gateways.
    pub offered: u64,
    /// Final and applied.
    #[serde(rename = "final")]
    pub finalised: u64,
    /// Final and refused by a rule.
    pub rejected: u64,
    /// Refused by a full queue.
    pub shed: u64,
    /// Intended send time to finality at its gateways.
    pub finality_ms: Percentiles,
}

/// The time after one fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryRecord {
    /// Index of the fault in the plan.
    pub fault: usize,
    /// From the strike to the first commit of a new height by any replica.
    pub first_commit_ms: Option<f64>,
    /// Longest time between two such commits, from the strike until a second
    /// after the heal (or the end of the load).
    pub longest_gap_ms: Option<f64>,
    /// From the heal until the backlog was first no larger than before the
    /// strike, sampled every second; null where it never was.
    pub drain_ms: Option<f64>,
}

/// Comparisons really made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// Two replicas committed the same block at a height.
    pub agreement: u64,
    /// A replica's heights follow one another.
    pub contiguous: u64,
    /// A committed batch was formed by a replica from submitted transactions.
    pub validity: u64,
    /// A transaction was applied at most once.
    pub exactly_once: u64,
    /// Two replicas reached the same state root at a height.
    pub state_root: u64,
    /// What a client holds as final is what correct replicas executed.
    #[serde(default)]
    pub finality: u64,
    /// The workloads' laws hold in the state.
    pub conservation: u64,
    /// What nobody was ever granted was refused.
    #[serde(default)]
    pub intrusion: u64,
    /// Commits go on after the faults have healed.
    pub progress: u64,
    /// offered = submitted + shed, submitted = final + rejected + expired.
    pub balance: u64,
    /// Shared executions repeated without sharing and found equal.
    pub audit: u64,
}

impl RunRecord {
    /// Whether one of the reasons says that the application suits no chain.
    #[must_use]
    pub fn is_unsuitable(&self) -> bool {
        let mut reasons = self.reasons.iter();
        reasons.any(|reason| reason.starts_with(crate::suitability::MARK))
    }

    /// Whether the run came out as its scenario says. A scenario that expects an
    /// overload or a broken quorum states no targets that could be missed.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        match self.plan.expect {
            Expect::Sustained => self.verdict == Verdict::Pass,
            Expect::Unsustained => self.verdict == Verdict::Unsustained,
            Expect::Violated => {
                let found = |check: &String| self.violations.iter().any(|it| it.check == *check);
                self.verdict == Verdict::Violated && self.plan.breaks.iter().all(found)
            }
        }
    }
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The invariant, as in [`Checks`].
    pub check: String,
    /// Virtual time, in nanoseconds.
    pub at_ns: u64,
    /// What was compared and what differed.
    pub detail: String,
    /// The command that shows it again, given in the folder of results: the one
    /// that holds `runs/`.
    pub replay: String,
}

/// A target with its measured value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// Metric name.
    pub metric: String,
    /// The bound.
    pub target: f64,
    /// Whether the value must be at least (or at most) the bound.
    pub at_least: bool,
    /// The measured value; null where it does not apply.
    pub measured: Option<f64>,
    /// Whether it was met.
    pub met: bool,
}

/// Unfinished transactions, to tell a queue that grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacklogRecord {
    /// Unfinished at the middle of the measured time.
    pub middle: u64,
    /// Unfinished at its end.
    pub end: u64,
    /// Offered between the two.
    pub offered_between: u64,
    /// Largest at the end of any window.
    pub max: u64,
}

/// Growth of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageRecord {
    /// Bytes of committed bodies over the whole run.
    pub block_bytes: u64,
    /// Records written into the state over the whole run.
    pub records_written: u64,
    /// Transactions executed over the whole run, refused ones included.
    pub executed_txs: u64,
    /// Executions charged beyond one for each of them, because they compute more than a
    /// payment.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extra_executions: u64,
    /// Of the transactions of a sample of blocks, the share that wait for one another
    /// whatever the number of cores; null where no block of the sample had several.
    #[serde(default)]
    pub contention: Option<f64>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Noisy figures: `host.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Wall-clock seconds of the simulation.
    pub wall_seconds: f64,
    /// Virtual seconds simulated.
    pub virtual_seconds: f64,
    /// Events taken from the queue.
    pub events: u64,
    /// Events per wall-clock second.
    pub events_per_second: f64,
    /// Largest resident set of the process so far.
    pub peak_rss_bytes: u64,
    /// Processor model.
    pub cpu_model: String,
    /// Threads of the sweep.
    pub threads: usize,
    /// Digest of the result-affecting sources and the lock file.
    pub build: String,
}

/// One second of virtual time: a row of `windows.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Start, in seconds.
    pub start_s: u64,
    /// Whether the second lies wholly in measured phases.
    pub measured: bool,
    /// Intended in this second.
    pub offered: u64,
    /// Applied with finality in this second.
    pub finalised: u64,
    /// Refused by a rule, with finality in this second.
    pub rejected: u64,
    /// Refused by a full queue in this second.
    pub shed: u64,
    /// Unfinished at the end of the second.
    pub backlog: u64,
    /// Blocks first committed in this second.
    pub blocks: u64,
    /// Median finality latency of what became final in this second, in ms.
    pub finality_ms_p50: Option<f64>,
    /// 99th percentile of the same.
    pub finality_ms_p99: Option<f64>,
    /// Largest of the same.
    pub finality_ms_max: Option<f64>,
    /// Mean CPU use of the replicas' machines.
    pub cpu: f64,
    /// Largest egress use of a replica's machine.
    pub egress_max: f64,
    /// Largest ingress use of any machine.
    pub ingress_max: f64,
}

impl Window {
    /// Length of the windows of one run, in seconds.
    #[must_use]
    pub fn length_s(windows: &[Self]) -> u64 {
        match windows {
            [first, second, ..] => second.start_s - first.start_s,
            _ => 1,
        }
    }
}
