//! Runs that differ in their seed alone, taken together: what of a figure is
//! the design's, and what one seed's luck.

use std::collections::BTreeMap;

use crate::compare::{Row, Run, ranks};
use crate::difference::statistics::median;
use crate::load::label_without;

/// The plan's path of the seed.
pub(crate) const SEED: &str = "seed";

/// Fewer seeds say nothing about a spread.
const ENOUGH: usize = 3;

/// Figures whose spread is shown, by their path in `run.json`.
const FIGURES: [&str; 4] = [
    "load.goodput_tps",
    "finality_ms.p50",
    "finality_ms.p99",
    "finality_ms.p999",
];

/// Runs that are alike but for their seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// What they have in common.
    pub label: String,
    /// How many they are.
    pub runs: usize,
    /// How many sustain their load.
    pub sustained: usize,
    /// A figure each, with its head.
    pub figures: Vec<Extent>,
}

/// Smallest, median and largest of a figure, spelt.
#[derive(Clone, Debug, PartialEq)]
pub struct Extent {
    /// Name and unit.
    pub head: String,
    /// Smallest.
    pub least: String,
    /// Median.
    pub median: String,
    /// Largest.
    pub most: String,
}

/// The spreads of a scenario's runs, whose cells in `rows` begin at `offset`;
/// none where too few seeds were run.
#[must_use]
pub fn over_seeds(runs: &[Run], rows: &[Row], offset: usize) -> Vec<Spread> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut order = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        if !run.source.record.plan.variation.contains_key(SEED) {
            continue;
        }
        let label = label_without(&run.source, SEED);
        if !groups.contains_key(&label) {
            order.push(label.clone());
        }
        groups.entry(label).or_default().push(index);
    }
    if groups.values().all(|members| members.len() < ENOUGH) {
        return Vec::new();
    }
    order
        .into_iter()
        .map(|label| {
            let members = &groups[&label];
            Spread {
                runs: members.len(),
                sustained: members.iter().filter(|&&index| ranks(&runs[index])).count(),
                figures: FIGURES
                    .iter()
                    .filter_map(|id| rows.iter().find(|row| row.metric.id == *id))
                    .map(|row| range(row, members, offset))
                    .collect(),
                label,
            }
        })
        .collect()
}

fn range(row: &Row, members: &[usize], offset: usize) -> Extent {
    let mut values: Vec<f64> = members
        .iter()
        .filter_map(|index| row.cells[offset + index].value)
        .collect();
    values.sort_by(f64::total_cmp);
    let median = median(&values);
    let spell =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| row.scale.number(value));
    Extent {
        head: row.head(),
        least: spell(values.first().copied()),
        median: spell(median),
        most: spell(values.last().copied()),
    }
}
