//! A capacity certificate: the highest load that a design sustains, what stops
//! it, and every probe that says so. Exact, like a run's record; it knows
//! neither how probes are chosen nor how it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bottleneck::Resource;
use crate::plan::{Plan, TargetPlan};
use crate::result::{Percentiles, Verdict};

/// Schema name in every certificate.
pub const SCHEMA: &str = "groma.capacity/1";

/// The load that cities ask for, in transactions per second.
pub const CITY_TPS: f64 = 10_000.0;

/// What one search for capacity came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`SCHEMA`].
    pub schema: String,
    /// Scenario name.
    pub name: String,
    /// The plan's label: its varied values but for the seed.
    pub label: String,
    /// Hash of the base plan (that of the first seed): names the certificate.
    pub key: String,
    /// Digest of the build that searched.
    pub build: String,
    /// Seeds of every probe; a load passes when more than half of them do.
    pub seeds: Vec<u64>,
    /// Varied values but for the seed, path -> value as written.
    pub variation: BTreeMap<String, String>,
    /// Relative width at which the search stops.
    pub width: f64,
    /// Highest load that the search would have asked, in transactions per second.
    pub ceiling_tps: f64,
    /// What a load must meet, besides being sustained with no invariant broken.
    pub target: Vec<TargetPlan>,
    /// Highest load that passed a run three times as long as a probe, in offered
    /// transactions per second; null when none did, or an invariant broke.
    pub sustained_tps: Option<f64>,
    /// Lowest load above it that failed such a run; null when none did up to the
    /// ceiling. The load itself where an invariant broke.
    pub failed_tps: Option<f64>,
    /// The criteria that failed there, as in `p99 1.31 s > 1 s`.
    pub failed_because: String,
    /// What binds there, as in `leader egress 97 %`; at the sustained load when
    /// none failed.
    pub binds: String,
    /// The busiest resources of the same run, busiest first.
    pub resources: Vec<Resource>,
    /// `sustained_tps` over [`CITY_TPS`].
    pub headroom_to_10k: Option<f64>,
    /// What the scenario's own load asks for in true time, and how many times it is
    /// sustained; null where no load was.
    #[serde(default)]
    pub demand: Option<Headroom>,
    /// Goodput of the confirming run, median over the seeds.
    pub goodput_tps: Option<f64>,
    /// Finality of the confirming run with the median p99.
    pub finality_ms: Percentiles,
    /// Growth of stored bodies at the sustained load around the clock, in bytes
    /// a year and replica.
    pub storage_bytes_per_year: Option<f64>,
    /// What all machines send at the sustained load, in bytes a day.
    pub network_bytes_per_day: Option<f64>,
    /// Every probe in the order in which it was made.
    pub probes: Vec<Probe>,
    /// The base plan: every probe is this plan under another load.
    pub plan: Plan,
}

/// A capacity against the demand of the scenario's own load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headroom {
    /// Mean over true time, in transactions per second.
    pub mean_tps: f64,
    /// The same in the peak hour.
    pub peak_hour_tps: f64,
    /// The same in the worst second.
    pub worst_second_tps: f64,
    /// How many times the scenario's own load, shape and all, is sustained.
    pub times: f64,
}

impl Certificate {
    /// Whether an invariant broke under some load, which no capacity outweighs.
    #[must_use]
    pub fn violated(&self) -> bool {
        self.probes
            .iter()
            .any(|probe| probe.verdict == Verdict::Violated)
    }
}

/// One load under every seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Why it was made.
    pub step: Step,
    /// Load in the measured time, in transactions per second.
    pub offered_tps: f64,
    /// Measured virtual time, in seconds.
    pub measured_seconds: f64,
    /// Seeds that passed.
    pub passed_seeds: u32,
    /// Whether more than half of the seeds passed and no invariant broke.
    pub passed: bool,
    /// The verdict of the seed that speaks for the others: of those that came
    /// out as the probe did, the one with the median p99. A stall is a load that is not
    /// sustained.
    pub verdict: Verdict,
    /// The criteria that this seed failed; empty when it passed.
    pub because: String,
    /// Median over the seeds.
    pub goodput_tps: f64,
    /// Median over the seeds, in milliseconds.
    pub finality_ms_p50: Option<f64>,
    /// Median over the seeds, in milliseconds.
    pub finality_ms_p99: Option<f64>,
    /// What was busiest, as in `leader egress 97 %`.
    pub binds: String,
}

/// The part of a search that a probe belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Doubling or halving until one load passes and one fails.
    Bracket,
    /// Halving the interval between them.
    Bisect,
    /// A run three times as long, for either end of the answer.
    Confirm,
}
