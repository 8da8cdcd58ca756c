//! A plan: one run, with every value present.
//!
//! A scenario may omit; a plan has no option and no default, and the result
//! embeds it, so that a replay needs nothing else. Times are nanoseconds,
//! sizes bytes, rates bits or thousandths of a transaction per second; the
//! unit stands last in every name. The order of fields is part of the plan's
//! key, so a change here changes every key.

mod clock;
mod fault;
mod load;
mod network;

use std::collections::{BTreeMap, BTreeSet};

use groma_workloads::steps::{self, Step};
use groma_workloads::workload::{ATTACK_PPM, MISTAKE_PPM};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::seats::seats;

pub use self::clock::{Clock, DAY_NS};
pub use self::fault::{Byzantine, FaultKind, FaultPlan};
pub use self::load::{Arrivals, LoadPlan, PhasePlan};
pub use self::network::{LatencyPlan, NetworkPlan, SharingPlan, TransportPlan};

/// One run, completely described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Scenario name, `[a-z0-9-]+`.
    pub name: String,
    /// The question that the scenario asks.
    pub why: String,
    /// The values that `vary:` gave this plan, path -> value as written.
    pub variation: BTreeMap<String, String>,
    /// The only source of randomness.
    pub seed: u64,
    /// Regions in scenario order with their replicas.
    pub committee: Vec<RegionPlan>,
    /// How replica ids fall on the regions.
    pub seating: Seating,
    /// Latency between the regions.
    pub network: NetworkPlan,
    /// The machine under every replica.
    pub machine: MachinePlan,
    /// Replicas that share one machine (1: a machine each).
    pub replicas_per_machine: u32,
    /// The price list.
    pub costs: CostPlan,
    /// The consensus protocol with all of its parameters.
    pub protocol: ProtocolPlan,
    /// When a replica closes a batch.
    pub batch: BatchPlan,
    /// Transactions that a replica holds before it sheds.
    pub mempool_max_txs: u32,
    /// What is submitted.
    pub workload: WorkloadPlan,
    /// Inhabitants.
    pub population: u64,
    /// What the scenario multiplied every rate of the open loop by, in thousandths.
    pub scale_milli: u64,
    /// Phases in order.
    pub load: Vec<PhasePlan>,
    /// Scheduled faults.
    pub faults: Vec<FaultPlan>,
    /// Time after the last phase; what is not final by then is expired.
    pub drain_ns: u64,
    /// Signatures.
    pub crypto: CryptoPlan,
    /// How batch bodies reach the replicas.
    pub dissemination: Dissemination,
    /// How citizens reach the replicas.
    pub client: ClientPlan,
    /// What the run must reach; metrics in scenario order.
    pub targets: Vec<TargetPlan>,
    /// The verdict that the scenario expects.
    pub expect: Expect,
    /// Checks, by the names of [`crate::result::Checks`], that must find a violation
    /// where one is expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<String>,
    /// Safety limits of the run.
    pub limits: LimitPlan,
}

impl Plan {
    /// The plan's canonical JSON: one line, fields in declaration order.
    ///
    /// # Panics
    /// Never: a plan holds only strings, integers, finite decimals and maps.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a plan has only string keys and finite numbers")
    }

    /// The run's key: the first 16 hexadecimal digits of the SHA-256 of
    /// [`Plan::to_json`]. Names the run's folder.
    #[must_use]
    pub fn key(&self) -> String {
        Sha256::digest(self.to_json().as_bytes())
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Number of replicas.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        self.committee.iter().map(|region| region.replicas).sum()
    }

    /// Region index of every replica.
    #[must_use]
    pub fn seats(&self) -> Vec<u32> {
        seats(&self.committee, self.seating, self.seed)
    }

    /// Length of the windows in which a run's course is kept: a second, or more
    /// whole seconds where a run lasts longer than a day.
    #[must_use]
    pub fn window_s(&self) -> u64 {
        const MOST_WINDOWS: u64 = 86_400;
        self.horizon_ns()
            .div_ceil(MOST_WINDOWS * 1_000_000_000)
            .max(1)
    }

    /// End of the last phase, in nanoseconds.
    #[must_use]
    pub fn load_end_ns(&self) -> u64 {
        self.load.iter().map(|phase| phase.for_ns).sum()
    }

    /// The horizon: end of load plus drain, in nanoseconds.
    #[must_use]
    pub fn horizon_ns(&self) -> u64 {
        self.load_end_ns() + self.drain_ns
    }

    /// `no faults`, `1 of 4 down` where replicas crash for good at the start, `2 of
    /// 7 silent` where they deviate in one way all along; other faults need their
    /// own words.
    fn faults_label(&self) -> Option<String> {
        let mut out: BTreeSet<u32> = BTreeSet::new();
        let mut how = None;
        for fault in &self.faults {
            let (ids, word) = match &fault.kind {
                FaultKind::Crash(ids) => (ids, "down"),
                FaultKind::Byzantine {
                    replicas,
                    behaviour,
                } => (replicas, behaviour.word()),
                _ => return None,
            };
            let always = fault.at_ns == 0 && fault.until_ns >= self.horizon_ns();
            if !always || *how.get_or_insert(word) != word {
                return None;
            }
            out.extend(ids);
        }
        Some(match how {
            None => "no faults".to_owned(),
            Some(word) => format!("{} of {} {word}", out.len(), self.replicas()),
        })
    }

    /// A short label that tells this run from its siblings: the varied values,
    /// or the scenario's name when nothing was varied.
    #[must_use]
    pub fn label(&self) -> String {
        if self.variation.is_empty() {
            return self.name.clone();
        }
        let short = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        // `{hotstuff: {leader: stable}}` reads better as `hotstuff leader stable`.
        let plain = |value: &str| value.replace(['{', '}', ':', '"'], "");
        self.variation
            .iter()
            .map(|(path, value)| match path.as_str() {
                "protocol" => plain(value),
                // The number tells committees apart where there is little room.
                "committee" => format!("n {} ({})", self.replicas(), plain(value)),
                "faults" => self
                    .faults_label()
                    .unwrap_or_else(|| format!("faults {}", plain(value))),
                _ => format!("{} {}", short(path), plain(value)),
            })
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Replicas of one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionPlan {
    /// Region name, as in the network.
    pub region: String,
    /// Replicas there.
    pub replicas: u32,
    /// Outgoing bits per second of a machine's access line there; 0: as its NIC.
    pub up_bps: u64,
    /// Incoming bits per second of the same; 0: as its NIC.
    pub down_bps: u64,
    /// Inhabitants, in proportion to whom its gateway is asked; 0 in all regions: in
    /// proportion to replicas.
    pub people: u64,
}

/// How replica ids, and with them the turns of rotating leaders, fall on the
/// regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seating {
    /// Region after region.
    ByRegion,
    /// One of each region in turn.
    Interleaved,
    /// In an order drawn from the seed, as that of public keys would be.
    Shuffled,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachinePlan {
    /// Name, or `inline`.
    pub name: String,
    /// Where the figures come from.
    pub source: String,
    /// Cores; 0 means that CPU is free (for closed forms only).
    pub cores: u32,
    /// Outgoing bits per second; 0 means infinite.
    pub egress_bps: u64,
    /// Incoming bits per second; 0 means infinite.
    pub ingress_bps: u64,
    /// Time of a flush to stable storage.
    pub fsync_ns: u64,
    /// Bytes per second appended on top of it; 0 means infinite.
    pub disk_bytes_per_s: u64,
    /// How a replica's work shares the cores.
    pub lanes: Lanes,
}

/// How a replica's work shares the cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lanes {
    /// Intake, verification, consensus and execution each have a lane.
    Parted,
    /// One event loop does them all, one after the other.
    OneLoop,
}

/// The price list: what counted work costs on the reference core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostPlan {
    /// Name, or `inline`.
    pub name: String,
    /// Where the figures come from.
    pub source: String,
    /// One signature made.
    pub sign_ns: u64,
    /// One signature verified alone.
    pub verify_ns: u64,
    /// One signature verified in a batch.
    pub verify_batch_ns: u64,
    /// Hashing: fixed part.
    pub hash_ns: u64,
    /// Hashing: per byte, in picoseconds.
    pub hash_byte_ps: u64,
    /// Handling one message, sent or received: fixed part.
    pub message_ns: u64,
    /// Handling one message: per byte, in picoseconds.
    pub message_byte_ps: u64,
    /// Decoding and admitting one transaction.
    pub admit_ns: u64,
    /// Executing one payment; what computes more is worth several.
    pub execute_ns: u64,
    /// Hashing one touched record into the state root.
    pub root_ns: u64,
}

/// A protocol and its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolPlan {
    /// Name in the table of constructors.
    pub name: String,
    /// Every declared parameter, as the scenario would write it.
    pub params: BTreeMap<String, String>,
}

/// When a replica closes a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchPlan {
    /// At this many transactions.
    pub max_txs: u32,
    /// At this many bytes.
    pub max_bytes: u32,
    /// Or when its first transaction has waited this long.
    pub max_wait_ns: u64,
}

/// Workloads with their weights; one entry for a single workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadPlan {
    /// Name -> weight in thousandths, in scenario order.
    pub mix: Vec<WorkloadShare>,
    /// Of a million transactions, so many by which somebody cheats. Left out where it is
    /// [`ATTACK_PPM`], as in plans of before it could be said.
    #[serde(default = "attack_ppm", skip_serializing_if = "is_attack_ppm")]
    pub attack_ppm: u32,
    /// Of a million transactions, so many by which somebody errs. Left out where it is
    /// [`MISTAKE_PPM`].
    #[serde(default = "mistake_ppm", skip_serializing_if = "is_mistake_ppm")]
    pub mistake_ppm: u32,
    /// Steps that come at rates of their own, by their names in the table of steps: their
    /// workloads leave them out, and each phase has a rate for each, after those of the mix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<String>,
}

fn attack_ppm() -> u32 {
    ATTACK_PPM
}

fn is_attack_ppm(ppm: &u32) -> bool {
    *ppm == ATTACK_PPM
}

fn mistake_ppm() -> u32 {
    MISTAKE_PPM
}

fn is_mistake_ppm(ppm: &u32) -> bool {
    *ppm == MISTAKE_PPM
}

impl WorkloadPlan {
    /// A mix among whom people cheat and err as often as the catalogue says.
    #[must_use]
    pub fn usual(mix: Vec<WorkloadShare>) -> Self {
        Self {
            mix,
            attack_ppm: ATTACK_PPM,
            mistake_ppm: MISTAKE_PPM,
            apart: Vec::new(),
        }
    }

    /// The same with these steps apart.
    #[must_use]
    pub(crate) fn standing_apart(self, apart: Vec<String>) -> Self {
        Self { apart, ..self }
    }

    /// The steps that stand apart.
    ///
    /// # Panics
    /// When one does not exist: a plan comes from a checked scenario.
    #[must_use]
    pub fn steps(&self) -> Vec<&'static Step> {
        let step = |name: &String| steps::find(name).expect("a plan's steps are checked");
        self.apart.iter().map(step).collect()
    }

    /// Shares of the mix, and then of the steps that stand apart, where the load says nothing else.
    #[must_use]
    pub fn usual_shares(&self) -> Vec<u64> {
        let apart = self.steps();
        if apart.is_empty() {
            return self
                .mix
                .iter()
                .map(|part| part.share_milli.into())
                .collect();
        }
        let share = |workload: &str| {
            let parts = self.mix.iter().filter(|part| part.workload == workload);
            parts.map(|part| f64::from(part.share_milli)).sum::<f64>() * 1e6
        };
        let left = |workload: &str| {
            let own = apart.iter().filter(|step| step.workload() == workload);
            1.0 - own.map(|step| step.share).sum::<f64>()
        };
        let parts = self.mix.iter().map(|part| part.workload.as_str());
        let parts = parts.map(|workload| share(workload) * left(workload));
        let steps = apart.iter().map(|step| share(step.workload()) * step.share);
        parts
            .chain(steps)
            .map(|share| share.round() as u64)
            .collect()
    }
}

/// One part of a mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadShare {
    /// Name in the table of workloads.
    pub workload: String,
    /// Weight in thousandths.
    pub share_milli: u32,
}

/// Signatures on transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CryptoPlan {
    /// `ed25519`.
    pub scheme: Scheme,
    /// Computed or only priced.
    pub mode: CryptoMode,
    /// Custodial wallet keys: account `a` signs with key `a % keys`.
    pub keys: u32,
    /// Whether replicas verify the signatures of transactions.
    pub transactions: TransactionCrypto,
}

/// Whether transactions carry signatures that replicas verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionCrypto {
    /// Every replica verifies each.
    Signed,
    /// None does: clients are trusted, as in many benchmarks of consensus.
    Unsigned,
}

/// Signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// Whether signatures are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CryptoMode {
    /// Every transaction is really signed and verified.
    Real,
    /// Signatures are priced, not computed.
    Modelled,
}

/// How batch bodies reach the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dissemination {
    /// With the proposal, from its proposer.
    InProposal,
    /// Clients send each transaction to every replica; proposals name them.
    ClientsToAll,
    /// The replica that forms a batch sends it to all before it is ordered.
    Workers,
    /// The same without acknowledgements: every replica may order a batch as
    /// soon as it holds it.
    Broadcast,
}

/// How citizens reach the replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientPlan {
    /// Gateways per region: hosts that submit for the region's citizens.
    pub gateways_per_region: u32,
    /// Incoming and outgoing bits per second of a gateway; 0 means infinite.
    pub gateway_bps: u64,
    /// Bytes of one reply.
    pub reply_bytes: u32,
    /// Resend to the next replica after this long without finality; 0: never.
    pub resend_after_ns: u64,
    /// Bytes of one request; 0: those of the workload's transactions.
    pub request_bytes: u32,
    /// Where the gateways stand.
    pub place: ClientPlace,
    /// Which replica batches what a gateway submits.
    pub submit_to: SubmitTo,
    /// What one message of replies answers.
    pub replies: RepliesPer,
}

/// Where the gateways stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClientPlace {
    /// In the regions of the committee.
    InRegions,
    /// At a distance of their own, the same to every replica.
    Apart {
        /// One-way latency.
        one_way_ns: u64,
    },
}

/// Which replica batches what a gateway submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmitTo {
    /// One of the gateway's region, by the sender's account.
    Spread,
    /// The first replica of the committee, who leads first.
    First,
}

/// What one message of replies answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepliesPer {
    /// All transactions of a block that a gateway submitted.
    Block,
    /// One transaction.
    Transaction,
}

/// A target of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetPlan {
    /// Metric name: `goodput_tps`, `finality_ms_p99`, ...
    pub metric: String,
    /// The bound, in the metric's unit.
    pub target: f64,
    /// Whether the measured value must be at least (or at most) the bound.
    pub at_least: bool,
}

/// The verdict that a scenario expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// The load is sustained and the targets are met.
    Sustained,
    /// The load is not sustained.
    Unsustained,
    /// An invariant breaks.
    Violated,
}

/// Limits of the run itself; hitting one is counted and fails the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitPlan {
    /// Events of the simulation.
    pub max_events: u64,
    /// A replica keeps so many executed blocks for others to catch up from.
    pub retain_blocks: u32,
}
