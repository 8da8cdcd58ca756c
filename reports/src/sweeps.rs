//! Runs that differ in their load alone, in the order of their load: the
//! throughput-latency curves of a scenario.

use std::collections::BTreeMap;

use crate::compare::{Run, ranks};

/// Loads that make a curve.
const ENOUGH: usize = 3;

/// One design under several loads.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// What its runs have in common.
    pub label: String,
    /// Its runs by load, as places within the scenario.
    pub runs: Vec<usize>,
    /// Offered TPS, p99 in milliseconds, and whether the load was sustained.
    pub points: Vec<(f64, f64, bool)>,
}

/// The sweeps over the load of a scenario's runs. Of runs that differ in their
/// seed besides, each seed makes a curve of its own.
#[must_use]
pub fn sweeps(runs: &[Run]) -> Vec<Sweep> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let plan = &run.source.record.plan;
        let varied: Vec<&String> = plan.variation.keys().filter(|path| is_load(path)).collect();
        if varied.is_empty() {
            continue;
        }
        let mut bare = plan.clone();
        bare.variation.retain(|path, _| !is_load(path));
        let label = if bare.variation.is_empty() {
            bare.protocol.name.clone()
        } else {
            bare.label()
        };
        if !groups.contains_key(&label) {
            order.push(label.clone());
        }
        groups.entry(label).or_default().push(index);
    }
    order
        .into_iter()
        .map(|label| sweep(runs, &groups[&label], label.clone()))
        .filter(|sweep| sweep.points.len() >= ENOUGH)
        .collect()
}

/// `load`, `load.0.tps` and whatever else lies within the load.
fn is_load(path: &str) -> bool {
    path == "load" || path.starts_with("load.")
}

fn sweep(runs: &[Run], members: &[usize], label: String) -> Sweep {
    let mut points: Vec<(usize, (f64, f64, bool))> = members
        .iter()
        .filter_map(|&index| {
            let record = &runs[index].source.record;
            let point = (
                record.load.offered_tps,
                record.finality_ms.p99?,
                ranks(&runs[index]),
            );
            Some((index, point))
        })
        .collect();
    points.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
    Sweep {
        label: crate::format::printable(&label),
        runs: points.iter().map(|point| point.0).collect(),
        points: points.into_iter().map(|point| point.1).collect(),
    }
}
