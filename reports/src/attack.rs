//! What attacks cost: a run with Byzantine replicas beside the run of the same plan
//! without them. The console and the page place the same cells. Knows only what the
//! records say; an attack that was never counted is not guessed.

use std::collections::{BTreeMap, BTreeSet};

use groma_experiment::adversary;
use groma_experiment::plan::{Expect, FaultKind, FaultPlan, Plan};
use groma_experiment::result::RunRecord;

use crate::compare::{Comparison, EQUAL, Row, Scenario};
use crate::format::{Unit, count, signed_percent};
use crate::metric::{Better, Metric};

/// What an attack may cost, in reading order.
pub const FIGURES: [&str; 7] = [
    "load.goodput_tps",
    "finality_ms.p50",
    "finality_ms.p99",
    "blocks_per_second",
    "chain_growth",
    "views_to_commit",
    "adversary_blocks",
];

/// From so many times as much on, a change is spelt as a factor.
const MANIFOLD: f64 = 3.0;

/// A change to the bad side by more than this share is marked.
const MARKED: f64 = 0.05;

/// The attacks of one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Attacks {
    /// By plan.
    pub families: Vec<Family>,
}

/// Runs of one plan but for its Byzantine replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The run without them, as an index of the comparison's runs.
    pub base: Option<usize>,
    /// The runs with them.
    pub attacked: Vec<Attack>,
}

/// One attacked run.
#[derive(Clone, Debug, PartialEq)]
pub struct Attack {
    /// It, as an index of the comparison's runs.
    pub run: usize,
    /// The changes of [`FIGURES`] against the base.
    pub changes: Vec<Option<Change>>,
    /// What the adversary did, one line a behaviour.
    pub deeds: Vec<String>,
}

/// One figure's change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `−61 %`, `×74`, `0 %`.
    pub text: String,
    /// Whether it went to the bad side by more than a twentieth.
    pub worse: bool,
}

impl Attacks {
    /// Whether any attacked run has a base.
    #[must_use]
    pub fn has_base(&self) -> bool {
        self.families.iter().any(|family| family.base.is_some())
    }

    /// The dearest attack, in a sentence: the one that takes most of the goodput.
    #[must_use]
    pub fn dearest(&self, comparison: &Comparison) -> Option<String> {
        let goodput = comparison.row(FIGURES[0]);
        let kept = |family: &Family, attack: &Attack| {
            let base = goodput.cells[family.base?].value?;
            let kept = goodput.cells[attack.run].value? / base;
            kept.is_finite().then_some(kept)
        };
        let all = self.families.iter().flat_map(|family| {
            let attacked = family.attacked.iter();
            attacked.filter_map(move |attack| Some((kept(family, attack)?, attack.run)))
        });
        let (kept, run) = all.min_by(|one, other| one.0.total_cmp(&other.0))?;
        (kept < 1.0 - EQUAL).then(|| {
            format!(
                "The dearest: {} leaves {} of the goodput.",
                comparison.runs[run].label,
                Unit::Share.spell(kept)
            )
        })
    }

    /// The figures that any of the attacked runs has, as places in [`FIGURES`].
    #[must_use]
    pub fn shown(&self, comparison: &Comparison) -> Vec<usize> {
        let attacked = || self.families.iter().flat_map(|family| &family.attacked);
        let has = |place: &usize| {
            let cells = &comparison.row(FIGURES[*place]).cells;
            attacked().any(|attack| cells[attack.run].value.is_some())
        };
        (0..FIGURES.len()).filter(has).collect()
    }
}

/// The attacks of a scenario, each beside its base, which may be a run of another
/// scenario; `None` where no run has Byzantine replicas.
#[must_use]
pub fn attacks(comparison: &Comparison, scenario: &Scenario) -> Option<Attacks> {
    let record = |index: usize| &comparison.runs[index].source.record;
    let attacked = |index: usize| !adversary::faulty(&record(index).plan).is_empty();
    if !scenario.runs.clone().any(attacked) {
        return None;
    }
    let bases: BTreeMap<String, usize> = (0..comparison.runs.len())
        .filter(|index| !attacked(*index))
        // Of equal plans the scenario's own comes last, and stays.
        .filter(|index| !scenario.runs.contains(index))
        .chain(scenario.runs.clone().filter(|index| !attacked(*index)))
        .map(|index| (in_peace(record(index)), index))
        .collect();
    let mut families: Vec<(String, Family)> = Vec::new();
    for run in scenario.runs.clone().filter(|index| attacked(*index)) {
        let plan = in_peace(record(run));
        let base = bases.get(&plan).copied();
        let attack = Attack {
            run,
            changes: changes(comparison, base, run),
            deeds: deeds(record(run), &comparison.runs[run].label),
        };
        match families.iter_mut().find(|(known, _)| *known == plan) {
            Some((_, family)) => family.attacked.push(attack),
            None => families.push((
                plan,
                Family {
                    base,
                    attacked: vec![attack],
                },
            )),
        }
    }
    Some(Attacks {
        families: families.into_iter().map(|(_, family)| family).collect(),
    })
}

/// Whether two plans differ in their Byzantine replicas.
#[must_use]
pub fn differ(base: &Plan, head: &Plan) -> bool {
    fn byzantine(plan: &Plan) -> impl Iterator<Item = &FaultPlan> {
        plan.faults
            .iter()
            .filter(|fault| matches!(fault.kind, FaultKind::Byzantine { .. }))
    }
    byzantine(base).ne(byzantine(head))
}

/// Whether a figure is one of those that an attack may cost.
#[must_use]
pub fn is_cost(id: &str) -> bool {
    FIGURES.contains(&id)
}

/// A plan without its Byzantine replicas and without the words that only explain
/// it: equal for an attacked run and its base.
fn in_peace(record: &RunRecord) -> String {
    let mut plan = Plan {
        name: String::new(),
        why: String::new(),
        variation: BTreeMap::new(),
        expect: Expect::Sustained,
        ..record.plan.clone()
    };
    plan.faults
        .retain(|fault| !matches!(fault.kind, FaultKind::Byzantine { .. }));
    format!("{} {}", record.mode, plan.to_json())
}

/// The change of each figure.
fn changes(comparison: &Comparison, base: Option<usize>, run: usize) -> Vec<Option<Change>> {
    let change = |row: &Row| {
        // Without an adversary there is no share of one.
        let base = row.cells[base?].value.filter(|base| *base > 0.0)?;
        Some(Change::of(row.metric, row.cells[run].value? / base))
    };
    let rows = FIGURES.iter().map(|id| comparison.row(id));
    rows.map(change).collect()
}

impl Change {
    fn of(metric: &Metric, ratio: f64) -> Self {
        let text = if ratio >= MANIFOLD {
            format!("×{}", Unit::Mean.spell(ratio))
        } else {
            signed_percent(ratio - 1.0)
        };
        let worse = match metric.better {
            Better::Higher => ratio < 1.0 - MARKED,
            Better::Lower => ratio > 1.0 + MARKED,
            Better::Neither => false,
        };
        Self { text, worse }
    }
}

/// What the adversary did, by the record's own counts; and who, where the run's
/// label does not say it.
fn deeds(record: &RunRecord, label: &str) -> Vec<String> {
    let plan = &record.plan;
    let mut done: Vec<(&str, &str, BTreeSet<u32>)> = Vec::new();
    for (deed, behaviour, replicas) in adversary::deeds(plan) {
        match done.iter_mut().find(|(known, ..)| *known == deed) {
            Some((.., who)) => who.extend(replicas),
            None => done.push((deed, behaviour.word(), replicas.iter().copied().collect())),
        }
    }
    let told = |(deed, word, who): (&str, &str, BTreeSet<u32>)| {
        let did = match record.counts.get(deed) {
            None => "not counted by this build".to_owned(),
            Some(0) => "0 attempts".to_owned(),
            Some(&times) => format!("{} {}", count(times), in_words(deed, times)),
        };
        let who = format!("{} of {} {word}", who.len(), plan.replicas());
        if label.contains(&who) {
            did
        } else {
            format!("{who}: {did}")
        }
    };
    done.into_iter().map(told).collect()
}

/// A deed after its number.
fn in_words(deed: &str, times: u64) -> String {
    let (thing, what) = match deed {
        "silenced-messages" => ("message", "not sent"),
        "delayed-messages" => ("message", "sent late"),
        "withheld-messages" => ("message", "with a proposal not sent"),
        "skipped-checks" => ("check", "not made"),
        "repeated-messages" => ("message", "sent again"),
        "false-states" => ("false state", "named"),
        "forked-proposals" => ("proposal", "forked"),
        "second-instance-messages" => ("message", "by second instances"),
        "withheld-blocks" => ("block", "kept back"),
        other => (other, ""),
    };
    let many = if times == 1 { "" } else { "s" };
    format!("{thing}{many} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::METRICS;

    #[test]
    fn a_change_is_a_percentage_or_a_factor() {
        let metric = |id| {
            let found = METRICS.iter().find(|metric| metric.id == id);
            found.expect("the catalogue has it")
        };
        let of = |id, ratio| {
            let change = Change::of(metric(id), ratio);
            (change.text, change.worse)
        };
        assert_eq!(of("load.goodput_tps", 0.39), ("−61 %".to_owned(), true));
        assert_eq!(of("load.goodput_tps", 1.2), ("+20 %".to_owned(), false));
        assert_eq!(of("finality_ms.p99", 73.9), ("×73.9".to_owned(), true));
        assert_eq!(of("finality_ms.p99", 1.0), ("0 %".to_owned(), false));
        assert_eq!(of("blocks_per_second", 0.5), ("−50 %".to_owned(), false));
    }
}
