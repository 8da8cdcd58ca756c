//! The table of protocols: an open set, so that an outside crate can add its
//! own and get the whole tool.

use std::sync::atomic::{AtomicBool, AtomicU64};

use groma_consensus_models::adversary::Member;
use groma_consensus_models::{FaultModel, ParamSpec, Params, Protocol};

use crate::plan::{Plan, ProtocolPlan};
use crate::result::RunResult;
use crate::tap::Tap;

/// How a run is carried out; nothing here may change its exact result.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions<'a> {
    /// Replicas share identical execution by content. Off, every replica
    /// executes for itself; the result is the same, only slower.
    pub sharing: bool,
    /// Watches and stops runs from outside.
    pub control: Option<&'a Control>,
}

impl Default for RunOptions<'_> {
    fn default() -> Self {
        Self {
            sharing: true,
            control: None,
        }
    }
}

/// The outside's hold on runs under way, shared by all of a sweep.
#[derive(Debug, Default)]
pub struct Control {
    /// Set to abandon runs within a slice of virtual time.
    pub stop: AtomicBool,
    /// Virtual milliseconds simulated so far, by all runs together.
    pub simulated_ms: AtomicU64,
}

type RunFn = fn(&Plan, &RunOptions<'_>, Option<&mut dyn Tap>) -> Option<RunResult>;

/// A protocol as the tool knows it.
#[derive(Clone, Debug)]
pub struct ProtocolEntry {
    /// Name in scenarios.
    pub name: &'static str,
    /// Paper, in one line.
    pub source: &'static str,
    /// What its quorums tolerate.
    pub fault_model: FaultModel,
    /// Its parameters.
    pub params: Vec<ParamSpec>,
    /// Whether found blocks can be kept back.
    pub gossips: bool,
    /// Whether a leader chooses the block that it proposes on.
    pub chains: bool,
    run: RunFn,
}

impl ProtocolEntry {
    /// The entry of a protocol type. The run is compiled for that type, so
    /// dispatch inside a run is static.
    #[must_use]
    pub fn of<P: Protocol>() -> Self {
        Self {
            name: P::NAME,
            source: P::SOURCE,
            fault_model: P::FAULT_MODEL,
            params: P::params(),
            gossips: P::GOSSIPS,
            chains: P::CHAINS,
            run: crate::cluster::run::<Member<P>>,
        }
    }

    /// Runs a plan whose protocol is this one. Pure: the exact part of the
    /// result depends on the plan alone. `None` when `options.control` stopped
    /// it before its end.
    #[must_use]
    pub fn run(&self, plan: &Plan, options: &RunOptions<'_>) -> Option<RunResult> {
        (self.run)(plan, options, None)
    }

    /// The same run, with everything that happens in the tap's window handed to
    /// it. The result is that of [`ProtocolEntry::run`], unless the tap had
    /// enough before the end.
    #[must_use]
    pub fn run_tapped(
        &self,
        plan: &Plan,
        options: &RunOptions<'_>,
        tap: &mut dyn Tap,
    ) -> Option<RunResult> {
        (self.run)(plan, options, Some(tap))
    }
}

/// A protocol that this build lacks.
#[derive(Clone, Copy, Debug)]
pub struct Unbuilt {
    /// Name in scenarios.
    pub name: &'static str,
    /// The cargo feature that adds it.
    pub feature: &'static str,
    /// What it is, with its source.
    pub source: &'static str,
}

/// Production code behind cargo features: unmodified crates as protocols.
const OPTIONAL: [Unbuilt; 2] = [
    Unbuilt {
        name: "malachite",
        feature: "malachite",
        source: "arc-malachitebft-core-consensus 0.8, unmodified: Tendermint in production",
    },
    Unbuilt {
        name: "tikv-raft",
        feature: "tikv-raft",
        source: "raft 0.7 of TiKV, unmodified: Raft in production",
    },
];

/// The protocols that scenarios may name, in listing order.
#[derive(Clone, Debug)]
pub struct Registry {
    entries: Vec<ProtocolEntry>,
}

impl Registry {
    /// The protocols that Groma brings.
    #[must_use]
    pub fn standard() -> Self {
        let registry = Self {
            entries: Vec::new(),
        }
        .with::<groma_consensus_models::primary_backup::PrimaryBackup>()
        .with::<groma_consensus_models::raft::Raft>()
        .with::<groma_consensus_models::pbft::Pbft>()
        .with::<groma_consensus_models::qbft::Qbft>()
        .with::<groma_consensus_models::tendermint::Tendermint>()
        .with::<groma_consensus_models::hotstuff::HotStuff>()
        .with::<groma_consensus_models::hotstuff2::HotStuff2>()
        .with::<groma_consensus_models::jolteon::Jolteon>()
        .with::<groma_consensus_models::streamlet::Streamlet>()
        .with::<groma_consensus_models::simplex::Simplex>()
        .with::<groma_consensus_models::narwhal::Tusk>()
        .with::<groma_consensus_models::narwhal::Bullshark>()
        .with::<groma_consensus_models::mysticeti::Mysticeti>()
        .with::<groma_consensus_models::longest::Nakamoto>()
        .with::<groma_consensus_models::longest::Clique>()
        .with::<groma_consensus_models::longest::Praos>();
        #[cfg(feature = "malachite")]
        let registry = registry.with::<groma_consensus_models::malachite::Malachite>();
        #[cfg(feature = "tikv-raft")]
        let registry = registry.with::<groma_consensus_models::tikv_raft::TikvRaft>();
        registry
    }

    /// Adds a protocol, or replaces the one of the same name.
    #[must_use]
    pub fn with<P: Protocol>(mut self) -> Self {
        let entry = ProtocolEntry::of::<P>();
        self.entries.retain(|known| known.name != entry.name);
        self.entries.push(entry);
        self
    }

    /// The entry of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&ProtocolEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// What a cargo feature would add.
    pub fn unbuilt(&self) -> impl Iterator<Item = Unbuilt> + '_ {
        OPTIONAL
            .into_iter()
            .filter(|optional| self.find(optional.name).is_none())
    }

    /// All entries.
    #[must_use]
    pub fn entries(&self) -> &[ProtocolEntry] {
        &self.entries
    }
}

/// The parameters of a plan's protocol, as the protocol reads them.
///
/// # Panics
/// When a value is not what the protocol declared: a plan comes from a checked
/// scenario.
#[must_use]
pub fn params_of(specs: &[ParamSpec], plan: &ProtocolPlan) -> Params {
    let mut params = Params::defaults(specs);
    for spec in specs {
        if let Some(text) = plan.params.get(spec.name) {
            let value = spec
                .parse(text)
                .unwrap_or_else(|why| panic!("parameter {} of {}: {why}", spec.name, plan.name));
            params.0.insert(spec.name.to_owned(), value);
        }
    }
    params
}
