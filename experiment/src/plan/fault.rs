//! The faults of a plan: what happens to machines and links, and replicas that do
//! not keep to the protocol.

use serde::{Deserialize, Serialize};

/// One scheduled fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// When it strikes.
    pub at_ns: u64,
    /// When it heals; the horizon when it never does.
    pub until_ns: u64,
    /// What happens.
    pub kind: FaultKind,
}

/// What a fault does. Replicas are listed by id, expanded from regions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FaultKind {
    /// Stop; volatile state is lost; back at `until_ns` when before the horizon.
    Crash(Vec<u32>),
    /// Start again.
    Restart(Vec<u32>),
    /// Cut off from every other machine, clients included.
    Isolate(Vec<u32>),
    /// Replicas of different groups cannot reach each other.
    Partition(Vec<Vec<u32>>),
    /// Added one-way latency on all links of these replicas.
    SlowLink {
        /// The replicas.
        replicas: Vec<u32>,
        /// Added to every message.
        added_ns: u64,
    },
    /// CPU slower by a factor.
    SlowMachine {
        /// The replicas.
        replicas: Vec<u32>,
        /// Work takes so many thousandths of its time.
        factor_milli: u32,
    },
    /// Messages to and from these replicas are lost at this rate.
    Loss {
        /// The replicas.
        replicas: Vec<u32>,
        /// Lost per million.
        ppm: u32,
    },
    /// Replicas that do not keep to the protocol.
    Byzantine {
        /// The replicas.
        replicas: Vec<u32>,
        /// What they do.
        behaviour: Byzantine,
    },
}

/// How Byzantine replicas behave: `groma_consensus_models::adversary` says what
/// each means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Byzantine {
    /// Say nothing to other replicas.
    Silent,
    /// Say everything later.
    Late {
        /// So much.
        by_ns: u64,
    },
    /// Send proposals to few.
    Withhold {
        /// To so many of the next replicas.
        reach: u32,
    },
    /// Vote without checking.
    Lazy,
    /// Say everything often.
    Flood {
        /// So many times.
        copies: u32,
    },
    /// Name a state that they do not have.
    WrongRoot,
    /// Propose on older blocks.
    Fork,
    /// Different proposals and votes to different replicas.
    Equivocate,
    /// Run twice, each instance in a network of its own.
    Twins {
        /// Correct replicas that the second instances reach.
        side: Vec<u32>,
    },
    /// Keep own blocks back to undo those of others.
    Selfish,
}

impl Byzantine {
    /// What such a replica is, in a word or two.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Late { .. } => "late",
            Self::Withhold { .. } => "withholding",
            Self::Lazy => "lazy",
            Self::Flood { .. } => "flooding",
            Self::WrongRoot => "lying",
            Self::Fork => "forking",
            Self::Equivocate => "equivocating",
            Self::Twins { .. } => "twins",
            Self::Selfish => "selfish",
        }
    }
}
