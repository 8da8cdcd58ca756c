//! The load of a plan: who asks how much when.

use serde::{Deserialize, Serialize};

/// One phase of the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhasePlan {
    /// Length.
    pub for_ns: u64,
    /// What is offered.
    pub load: LoadPlan,
    /// Whether the phase counts in the summary figures.
    pub measure: bool,
    /// How much true time it stands for: more than its length where a calendar is
    /// compressed.
    pub stands_for_ns: u64,
    /// How much each part of the workload's mix has of it, in proportion, and after them
    /// each step that stands apart: within a day as rates in thousandths of a transaction per
    /// second. Empty where the mix says it.
    pub mix: Vec<u64>,
}

/// The shape of the load within a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LoadPlan {
    /// Open loop: intended times do not depend on replies.
    Open {
        /// Rate at the start, in thousandths of a transaction per second.
        from_mtps: u64,
        /// Rate at the end; equal to `from_mtps` unless it ramps.
        to_mtps: u64,
        /// How the arrivals fall within the rate.
        arrivals: Arrivals,
    },
    /// Open loop: transactions at given times, as a trace has them.
    Replay {
        /// When each is sent, since the phase began.
        times_ns: Vec<u64>,
        /// Its part of the mix, from 1; 0: drawn by the shares.
        parts: Vec<u32>,
        /// One more than its key: equal keys fall on the same people. 0: none.
        keys: Vec<u64>,
    },
    /// Closed loop: so many transactions in flight, a new one for each reply.
    /// For comparisons only: its latencies hide outages.
    Closed {
        /// Transactions in flight in all.
        in_flight: u32,
    },
}

impl LoadPlan {
    /// How many transactions it asks for over a time; `None` for a closed loop, which asks
    /// for nothing of itself.
    #[must_use]
    pub fn expected(&self, over_ns: u64) -> Option<f64> {
        match self {
            Self::Open {
                from_mtps, to_mtps, ..
            } => Some((*from_mtps as f64 + *to_mtps as f64) / 2e3 * (over_ns as f64 / 1e9)),
            Self::Replay { times_ns, .. } => Some(times_ns.len() as f64),
            Self::Closed { .. } => None,
        }
    }

    /// Whether it asks for anything of itself.
    #[must_use]
    pub fn offers(&self) -> bool {
        self.expected(1).is_some_and(|txs| txs > 0.0)
    }
}

/// How open-loop arrivals fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Independent arrivals.
    Poisson,
    /// Evenly spaced.
    Even,
    /// All arrivals of each period at its start.
    Burst {
        /// The period.
        every_ns: u64,
    },
}
