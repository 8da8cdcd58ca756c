//! Puts loaded runs in reading order and gives each a label of its own. The
//! files themselves are read by `groma_experiment::store`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::str::Chars;

use groma_experiment::plan::Plan;
use groma_experiment::store::LoadedRun;

use crate::format::printable;

/// A run with the name that it has in every document.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// Unique within its scenario.
    pub label: String,
    /// The run.
    pub run: LoadedRun,
}

/// Sorts runs by scenario, then by their varied values (numbers by size), then
/// by key, drops exact repetitions, and labels them.
///
/// The order depends on the runs alone, never on the order of folders on disk.
#[must_use]
pub fn ordered(mut runs: Vec<LoadedRun>) -> Vec<Labelled> {
    runs.sort_by(compare);
    runs.dedup_by(|later, earlier| later.record == earlier.record);
    let sizes = sizes(&runs);
    let label = |run: &LoadedRun| label(run, &sizes);
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let repeated = |run: &LoadedRun| (run.record.name.clone(), label(run));
    for run in &runs {
        *seen.entry(repeated(run)).or_default() += 1;
    }
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    runs.into_iter()
        .map(|run| {
            let mut label = label(&run);
            if seen.get(&repeated(&run)).copied().unwrap_or(0) > 1 {
                let key: String = run.record.key.chars().take(6).collect();
                label = format!("{label} #{key}");
            }
            // The same plan from two builds has one key; a number tells them
            // apart.
            let times = used
                .entry(format!("{}\n{label}", run.record.name))
                .or_default();
            *times += 1;
            if *times > 1 {
                label = format!("{label} ({times})");
            }
            Labelled { label, run }
        })
        .collect()
}

/// The path of the committee, whose values are long.
const COMMITTEE: &str = "committee";

/// Committees by scenario and size, where they are varied.
type Sizes = BTreeMap<(String, u32), BTreeSet<String>>;

fn sizes(runs: &[LoadedRun]) -> Sizes {
    let mut sizes = Sizes::new();
    for record in runs.iter().map(|run| &run.record) {
        if let Some(value) = record.plan.variation.get(COMMITTEE) {
            let place = (record.name.clone(), record.plan.replicas());
            sizes.entry(place).or_default().insert(value.clone());
        }
    }
    sizes
}

/// The plan's label, with the protocol named where nothing was varied and the
/// mode where it is not a simulation. A committee that its size tells from the
/// others of its scenario is named by that alone.
fn label(run: &LoadedRun, sizes: &Sizes) -> String {
    let plan = &run.record.plan;
    let label = named(run, plan);
    let place = (run.record.name.clone(), plan.replicas());
    let alone = sizes.get(&place).is_some_and(|same| same.len() == 1);
    match label.split_once(&format!("n {} (", plan.replicas())) {
        Some((before, rest)) if alone => {
            let after = rest.split_once(')').map_or("", |(_, after)| after);
            format!("{before}n {}{after}", plan.replicas())
        }
        _ => label,
    }
}

/// The label that a run would have if one path had not been varied.
#[must_use]
pub fn label_without(run: &LoadedRun, path: &str) -> String {
    let mut plan = run.record.plan.clone();
    plan.variation.remove(path);
    named(run, &plan)
}

fn named(run: &LoadedRun, plan: &Plan) -> String {
    let label = if plan.variation.is_empty() {
        plan.protocol.name.clone()
    } else {
        plan.label()
    };
    printable(&match run.record.mode.as_str() {
        "sim" => label,
        mode => format!("{label} [{mode}]"),
    })
}

fn compare(a: &LoadedRun, b: &LoadedRun) -> Ordering {
    let (x, y) = (&a.record, &b.record);
    natural(&x.name, &y.name)
        .then_with(|| {
            let values = |map: &BTreeMap<String, String>| -> Vec<(String, String)> {
                map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
            };
            let (left, right) = (values(&x.plan.variation), values(&y.plan.variation));
            left.iter()
                .zip(&right)
                .map(|(l, r)| l.0.cmp(&r.0).then_with(|| natural(&l.1, &r.1)))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| left.len().cmp(&right.len()))
        })
        .then_with(|| x.mode.cmp(&y.mode))
        .then_with(|| x.key.cmp(&y.key))
        .then_with(|| a.host.build.cmp(&b.host.build))
        .then_with(|| x.fingerprint.cmp(&y.fingerprint))
}

/// Compares text with runs of digits taken as numbers: `tps 900` before
/// `tps 1000`.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        match (left.peek().copied(), right.peek().copied()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, y) = (digits(&mut left), digits(&mut right));
                let order = x.len().cmp(&y.len()).then_with(|| x.cmp(&y));
                if order.is_ne() {
                    return order;
                }
            }
            (Some(x), Some(y)) => {
                if x != y {
                    return x.cmp(&y);
                }
                left.next();
                right.next();
            }
        }
    }
}

fn digits(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut out = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        if !(out.is_empty() && digit == '0') {
            out.push(digit);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_by_size() {
        let mut labels = ["n 64", "n 4", "n 16", "a", "n 4 b", "n 04"];
        labels.sort_by(|a, b| natural(a, b));
        assert_eq!(labels, ["a", "n 04", "n 4", "n 4 b", "n 16", "n 64"]);
    }
}
