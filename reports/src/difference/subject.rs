//! One thing of a side, as comparisons see it: a run or a certificate, with its
//! figures in a fixed order, what is compared word by word, and its plan.

use std::collections::BTreeMap;

use groma_experiment::certificate::Certificate;
use groma_experiment::plan::Plan;
use groma_experiment::result::{HostRecord, Verdict};
use groma_experiment::store::{Recorded, Results};

use crate::format::{Unit, printable};
use crate::metric::{Better, FINER, METRICS, Metric};

/// The plan's path of the seed.
const SEED: &str = "seed";

/// What a figure is, whether a run's or a certificate's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// Its path: what rules call it.
    pub id: &'static str,
    /// Full name.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
}

impl From<&'static Metric> for Quantity {
    fn from(metric: &'static Metric) -> Self {
        Self {
            id: metric.id,
            name: metric.name,
            unit: metric.unit,
            better: metric.better,
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A run.
    Run,
    /// A certificate of capacity.
    Certificate,
}

/// A run or a certificate.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Which of the two.
    pub kind: Kind,
    /// Scenario name.
    pub name: String,
    /// Varied values but for the seed.
    pub variation: BTreeMap<String, String>,
    /// The seed; a certificate is over several and has none.
    pub seed: Option<u64>,
    /// `sim`, `testbed` or `external`.
    pub mode: String,
    /// Hash of the plan.
    pub key: String,
    /// Digest of the build, where it is known.
    pub build: Option<String>,
    /// The plan.
    pub plan: Plan,
    /// Name within the scenario, without the seed.
    pub label: String,
    /// What is compared word by word: name and text.
    pub words: Vec<(&'static str, String)>,
    /// How bad the outcome is: 0 is what the scenario expects.
    pub severity: u8,
    /// The figures, in the order of the catalogue.
    pub figures: Vec<(Quantity, Option<f64>)>,
    /// Noisy figures of the host.
    pub host: Option<HostRecord>,
}

impl Subject {
    /// Everything of one side.
    #[must_use]
    pub fn all(results: Results) -> Vec<Self> {
        let runs = results.runs.into_iter().map(Self::run);
        let certificates = results.certificates.into_iter().map(Self::certificate);
        runs.chain(certificates).collect()
    }

    fn run(run: Recorded) -> Self {
        let Recorded { record, host } = run;
        let all = METRICS.iter().chain(FINER);
        let figures = all.map(|metric| {
            let value = (metric.value)(&record).filter(|value| value.is_finite());
            (Quantity::from(metric), value)
        });
        Self {
            kind: Kind::Run,
            figures: figures.collect(),
            variation: without_seed(&record.plan.variation),
            seed: Some(record.plan.seed),
            label: label(&record.plan, &record.mode),
            words: vec![
                ("verdict", record.verdict.as_str().to_owned()),
                ("fingerprint", record.fingerprint.clone()),
                ("state_root", record.state_root.clone()),
            ],
            severity: if record.is_as_expected() {
                0
            } else {
                severity(record.verdict)
            },
            build: host.as_ref().map(|host| host.build.clone()),
            name: record.name,
            mode: record.mode,
            key: record.key,
            plan: record.plan,
            host,
        }
    }

    fn certificate(certificate: Certificate) -> Self {
        let figures = CAPACITY.map(|(quantity, value)| (quantity, value(&certificate)));
        Self {
            kind: Kind::Certificate,
            figures: figures.to_vec(),
            variation: without_seed(&certificate.variation),
            seed: None,
            mode: "sim".to_owned(),
            label: format!("capacity of {}", label(&certificate.plan, "sim")),
            words: vec![
                ("binds", certificate.binds.clone()),
                ("failed_because", certificate.failed_because.clone()),
            ],
            severity: u8::from(certificate.sustained_tps.is_none()),
            name: certificate.name,
            key: certificate.key,
            build: Some(certificate.build),
            plan: certificate.plan,
            host: None,
        }
    }

    /// Whether its figures are counts and virtual times, equal on every machine.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.mode == "sim"
    }

    /// `city: pbft, seed 1`: its name in every document.
    #[must_use]
    pub fn place(&self) -> String {
        let seed = self
            .seed
            .map_or_else(String::new, |seed| format!(", seed {seed}"));
        format!("{}: {}{seed}", printable(&self.name), self.label)
    }
}

fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 1,
        Verdict::Missed => 2,
        Verdict::Unsustained => 3,
        Verdict::Violated => 4,
    }
}

fn without_seed(variation: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut rest = variation.clone();
    rest.remove(SEED);
    rest
}

fn label(plan: &Plan, mode: &str) -> String {
    let mut plan = plan.clone();
    plan.variation.remove(SEED);
    let label = if plan.variation.is_empty() {
        plan.protocol.name.clone()
    } else {
        plan.label()
    };
    printable(&match mode {
        "sim" => label,
        mode => format!("{label} [{mode}]"),
    })
}

/// Reads a figure of a certificate.
type OfCertificate = fn(&Certificate) -> Option<f64>;

const fn capacity(
    id: &'static str,
    name: &'static str,
    unit: Unit,
    better: Better,
    value: OfCertificate,
) -> (Quantity, OfCertificate) {
    let quantity = Quantity {
        id,
        name,
        unit,
        better,
    };
    (quantity, value)
}

/// The figures of a certificate.
#[rustfmt::skip]
const CAPACITY: [(Quantity, OfCertificate); 9] = [
    capacity("sustained_tps", "Sustained load", Unit::Tps, Better::Higher, |c| c.sustained_tps),
    capacity("failed_tps", "Lowest load that fails", Unit::Tps, Better::Higher, |c| c.failed_tps),
    capacity("goodput_tps", "Goodput when confirmed", Unit::Tps, Better::Higher, |c| c.goodput_tps),
    capacity("finality_ms.p50", "Finality when confirmed, p50", Unit::Millis, Better::Lower, |c| c.finality_ms.p50),
    capacity("finality_ms.p99", "Finality when confirmed, p99", Unit::Millis, Better::Lower, |c| c.finality_ms.p99),
    capacity("storage_bytes_per_year", "Storage a year and replica", Unit::Bytes, Better::Neither, |c| c.storage_bytes_per_year),
    capacity("network_bytes_per_day", "Network volume a day", Unit::Bytes, Better::Neither, |c| c.network_bytes_per_day),
    // Two searches agree only as far as they looked: a change within the width may be the search's.
    capacity("width", "Width of the search", Unit::Share, Better::Neither, |c| Some(c.width)),
    capacity("ceiling_tps", "Ceiling of the search", Unit::Tps, Better::Neither, |c| Some(c.ceiling_tps)),
];

/// Every quantity that a rule may name, those of runs first.
pub fn quantities() -> impl Iterator<Item = Quantity> {
    let runs = METRICS.iter().chain(FINER).map(Quantity::from);
    runs.chain(CAPACITY.iter().map(|(quantity, _)| *quantity))
}
