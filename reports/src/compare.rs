//! The comparison: the one structure from which the console table, the CSV and
//! the HTML are rendered, so that they cannot disagree. Every figure is spelt
//! here; the renderers only place it.

use std::ops::Range;

use groma_experiment::result::{TargetRecord, Verdict};
use groma_experiment::store::LoadedRun;

use crate::format::{Scale, Unit, printable, signed_percent, written};
use crate::load::{Labelled, ordered};
use crate::metric::{Better, METRICS, Metric};
use crate::spread::{Spread, over_seeds};
use crate::verdict::Leaders;
use crate::{subset, verdict};

/// Any number of runs of any number of scenarios, ready to be shown.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Scenarios in reading order.
    pub scenarios: Vec<Scenario>,
    /// All runs, in the order of their scenarios.
    pub runs: Vec<Run>,
    /// One row for each metric; its cells are in the order of `runs`.
    pub rows: Vec<Row>,
}

/// The runs of one scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The question that it asks.
    pub why: String,
    /// The answer, in one sentence.
    pub headline: String,
    /// Its runs taken together over their seeds.
    pub spreads: Vec<Spread>,
    /// Who leads, as places within `runs`.
    pub leaders: Leaders,
    /// Its runs, as a range of [`Comparison::runs`].
    pub runs: Range<usize>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number in this report, from 1.
    pub number: usize,
    /// Its name within its scenario.
    pub label: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Its targets.
    pub targets: Vec<Target>,
    /// Why its own charts are drawn, or `None` when they are not.
    pub charted: Option<&'static str>,
    /// What it was read from.
    pub source: LoadedRun,
}

impl Run {
    /// The run's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.source.record.key
    }
}

/// A verdict beside the one that the scenario expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What came of the run.
    pub verdict: Verdict,
    /// Whether that is what the scenario expects.
    pub as_expected: bool,
}

impl Outcome {
    /// `pass`, `unsustained, as expected`, `pass, not expected`.
    #[must_use]
    pub fn text(self) -> String {
        let word = self.verdict.as_str();
        match (self.verdict, self.as_expected) {
            (Verdict::Pass, true) | (Verdict::Missed, false) => word.to_owned(),
            (Verdict::Pass, false) => format!("{word}, not expected"),
            (_, true) => format!("{word}, as expected"),
            (_, false) => word.to_owned(),
        }
    }
}

/// A target of a run, spelt.
#[derive(Clone, Debug)]
pub struct Target {
    /// The metric's full name.
    pub name: String,
    /// `at least 10,000 TPS`.
    pub bound: String,
    /// `10,480 TPS`.
    pub measured: String,
    /// `+4.8 %`; positive is on the good side.
    pub margin: String,
    /// The margin as a share, for a bar.
    pub share: Option<f64>,
    /// Whether it was met.
    pub met: bool,
    /// As recorded.
    pub record: TargetRecord,
}

/// One metric over all runs.
#[derive(Clone, Debug)]
pub struct Row {
    /// The metric.
    pub metric: &'static Metric,
    /// The unit that the row's figures share.
    pub scale: Scale,
    /// One cell a run.
    pub cells: Vec<Cell>,
}

impl Row {
    /// `Goodput, TPS`: a head that carries the unit.
    #[must_use]
    pub fn head(&self) -> String {
        with_unit(self.metric.name, self.scale.suffix)
    }

    /// The same for a narrow column.
    #[must_use]
    pub fn short_head(&self) -> String {
        with_unit(self.metric.short, self.scale.suffix)
    }

    /// Whether any run has a value.
    #[must_use]
    pub fn applies(&self) -> bool {
        self.cells.iter().any(|cell| cell.value.is_some())
    }
}

fn with_unit(name: &str, unit: &str) -> String {
    if unit.is_empty() {
        name.to_owned()
    } else {
        format!("{name}, {unit}")
    }
}

/// One figure of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The exact figure, as in `run.json`.
    pub value: Option<f64>,
    /// It in the row's unit, without the unit.
    pub number: String,
    /// It with the unit that suits it best.
    pub spelled: String,
    /// Whether it is the best of its scenario.
    pub best: bool,
    /// Its distance from the best, for those that are not.
    pub behind: Option<String>,
}

impl Comparison {
    /// Compares runs.
    #[must_use]
    pub fn of(runs: Vec<LoadedRun>) -> Self {
        let mut runs: Vec<Run> = ordered(runs)
            .into_iter()
            .enumerate()
            .map(|(index, labelled)| run(index + 1, labelled))
            .collect();
        let groups = group(&runs);
        let rows: Vec<Row> = METRICS
            .iter()
            .map(|metric| row(metric, &runs, &groups))
            .collect();
        subset::choose(&mut runs, &groups);
        let scenarios = groups
            .into_iter()
            .map(|range| {
                let first = &runs[range.start].source.record;
                Scenario {
                    name: printable(&first.name),
                    why: printable(&first.plan.why),
                    headline: verdict::headline(&runs[range.clone()], &rows, range.start),
                    spreads: over_seeds(&runs[range.clone()], &rows, range.start),
                    leaders: verdict::leaders(&runs[range.clone()]),
                    runs: range,
                }
            })
            .collect();
        Self {
            scenarios,
            runs,
            rows,
        }
    }

    /// The row of a metric.
    ///
    /// # Panics
    /// When the catalogue has no such metric, which is a mistake in the code.
    #[must_use]
    pub fn row(&self, id: &str) -> &Row {
        self.rows
            .iter()
            .find(|row| row.metric.id == id)
            .expect("the caller names a metric of the catalogue")
    }

    /// Names of the scenarios, with commas.
    #[must_use]
    pub fn title(&self) -> String {
        let names: Vec<&str> = self.scenarios.iter().map(|s| s.name.as_str()).collect();
        match names.as_slice() {
            [] => "no runs".to_owned(),
            [.., _] if names.len() > 4 => format!("{} scenarios", names.len()),
            _ => names.join(", "),
        }
    }
}

/// Whether a run's figures may be ranked: the latency of those transactions
/// that got through an overload says little, so only sustained loads compete.
#[must_use]
pub fn ranks(run: &Run) -> bool {
    matches!(run.outcome.verdict, Verdict::Pass | Verdict::Missed)
}

fn run(number: usize, labelled: Labelled) -> Run {
    let record = &labelled.run.record;
    Run {
        number,
        label: labelled.label,
        outcome: Outcome {
            verdict: record.verdict,
            as_expected: record.is_as_expected(),
        },
        targets: record.targets.iter().map(target).collect(),
        charted: None,
        source: labelled.run,
    }
}

/// Ranges of neighbours with the same scenario.
fn group(runs: &[Run]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        match groups.last_mut() {
            Some(last) if runs[last.start].source.record.name == run.source.record.name => {
                last.end = index + 1;
            }
            _ => groups.push(index..index + 1),
        }
    }
    groups
}

/// A target in words: its metric's name, and `at least 10,000 TPS`.
#[must_use]
pub fn bound(metric: &str, target: f64, at_least: bool) -> (String, String) {
    let known = Metric::of_target(metric);
    let way = if at_least { "at least" } else { "at most" };
    (
        match known {
            Some(known) => known.name.to_owned(),
            None if metric == "success" => "Answered before the end".to_owned(),
            None => metric.to_owned(),
        },
        format!("{way} {}", measure(metric, target)),
    )
}

/// A value in its metric's unit; of a metric that is not in the catalogue, the
/// bare number.
fn measure(metric: &str, value: f64) -> String {
    match Metric::of_target(metric) {
        Some(known) => known.unit.spell(value),
        None if metric == "success" => Unit::Share.spell(value),
        None => written(value),
    }
}

fn target(record: &TargetRecord) -> Target {
    let share = record
        .measured
        .filter(|_| record.target != 0.0)
        .map(|measured| {
            let above = (measured - record.target) / record.target.abs();
            if record.at_least { above } else { -above }
        });
    let (name, bound) = bound(&record.metric, record.target, record.at_least);
    Target {
        name,
        bound,
        measured: record
            .measured
            .map_or_else(|| "–".to_owned(), |value| measure(&record.metric, value)),
        margin: share.map_or_else(|| "–".to_owned(), signed_percent),
        share,
        met: record.met,
        record: record.clone(),
    }
}

fn row(metric: &'static Metric, runs: &[Run], groups: &[Range<usize>]) -> Row {
    let values: Vec<Option<f64>> = runs
        .iter()
        .map(|run| (metric.value)(&run.source.record).filter(|value| value.is_finite()))
        .collect();
    let known = || values.iter().flatten().copied();
    let scale = metric.unit.row_scale(
        known().min_by(f64::total_cmp).unwrap_or(0.0),
        known().max_by(f64::total_cmp).unwrap_or(0.0),
    );
    let mut cells: Vec<Cell> = values
        .iter()
        .map(|value| Cell {
            value: *value,
            number: value.map_or_else(|| "–".to_owned(), |value| scale.number(value)),
            spelled: value.map_or_else(|| "–".to_owned(), |value| metric.unit.spell(value)),
            best: false,
            behind: None,
        })
        .collect();
    for range in groups {
        mark_best(metric, &runs[range.clone()], &mut cells[range.clone()]);
    }
    Row {
        metric,
        scale,
        cells,
    }
}

/// Figures so near to the best, as a share of it, count as equal: less would be
/// true of this seed only.
pub const EQUAL: f64 = 0.005;

/// What of a figure counts when runs are ranked.
fn merit(metric: &Metric, run: &Run, value: f64) -> f64 {
    if metric.id == GOODPUT {
        reached(run, value)
    } else {
        value
    }
}

const GOODPUT: &str = "load.goodput_tps";

/// The goodput that counts: more than was offered is a backlog of earlier time
/// worked off, and no merit.
#[must_use]
pub fn reached(run: &Run, goodput: f64) -> f64 {
    goodput.min(run.source.record.load.offered_tps)
}

/// Marks the best figure among the runs that rank, and the distance of the
/// others from it. Where all are about equal there is no best.
fn mark_best(metric: &Metric, runs: &[Run], cells: &mut [Cell]) {
    let merits: Vec<Option<f64>> = runs
        .iter()
        .zip(cells.iter())
        .map(|(run, cell)| cell.value.map(|value| merit(metric, run, value)))
        .collect();
    let ranked: Vec<usize> = (0..cells.len())
        .filter(|&index| ranks(&runs[index]) && merits[index].is_some())
        .collect();
    let values = ranked.iter().filter_map(|&index| merits[index]);
    let best = match metric.better {
        Better::Higher => values.max_by(f64::total_cmp),
        Better::Lower => values.min_by(f64::total_cmp),
        Better::Neither => None,
    };
    let Some(best) = best else { return };
    let near = |value: f64| (value - best).abs() <= EQUAL * best.abs();
    let equal: Vec<bool> = merits.iter().map(|merit| merit.is_some_and(near)).collect();
    if ranked.iter().all(|&index| equal[index]) {
        return;
    }
    for index in ranked {
        let cell = &mut cells[index];
        cell.best = equal[index];
        if !cell.best && best != 0.0 {
            cell.behind = merits[index].map(|merit| signed_percent((merit - best) / best));
        }
    }
}
