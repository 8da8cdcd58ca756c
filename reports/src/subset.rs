//! Which runs get charts of their own: all when they are few, else a stated
//! few. Every run stays in every table.

use std::ops::Range;

use groma_experiment::result::Verdict;

use crate::chart::ink::SERIES;
use crate::compare::{Run, ranks};

/// Runs with charts of their own in one report.
pub const CHARTED_RUNS: usize = SERIES;

/// Scenarios with side-by-side charts in one report.
pub const CHARTED_SCENARIOS: usize = 8;

/// Lines, or bars, in one side-by-side chart: as many as there are colours,
/// and never fewer than the runs with charts of their own.
pub const LINES: usize = SERIES;

type Measure = fn(&Run) -> Option<f64>;

fn goodput(run: &Run) -> Option<f64> {
    ranks(run).then_some(run.source.record.load.goodput_tps)
}

fn p99(run: &Run) -> Option<f64> {
    run.source.record.finality_ms.p99
}

fn quick(run: &Run) -> Option<f64> {
    p99(run).filter(|_| ranks(run)).map(|value| -value)
}

fn violated(run: &Run) -> Option<f64> {
    (run.outcome.verdict == Verdict::Violated).then_some(-(run.number as f64))
}

fn unexpected(run: &Run) -> Option<f64> {
    (!run.outcome.as_expected).then_some(-(run.number as f64))
}

/// Reasons to draw a run, most telling first, each with a measure whose
/// largest value wins.
const REASONS: [(&str, Measure); 5] = [
    ("best goodput", goodput),
    ("lowest p99", quick),
    ("first with a broken invariant", violated),
    ("first that ends otherwise than expected", unexpected),
    ("highest p99", p99),
];

/// Decides which runs get charts of their own. With more than
/// [`CHARTED_RUNS`], each scenario gives its most telling runs in turn, then
/// others follow until the number is reached.
pub fn choose(runs: &mut [Run], groups: &[Range<usize>]) {
    if runs.len() <= CHARTED_RUNS {
        for run in runs {
            run.charted = Some("all runs");
        }
        return;
    }
    let mut left = CHARTED_RUNS;
    for (reason, measure) in REASONS {
        for range in groups {
            let winner = range
                .clone()
                .filter_map(|index| measure(&runs[index]).map(|value| (index, value)))
                // The first of equals, so that the choice is stable.
                .rev()
                .max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((index, _)) = winner
                && left > 0
                && runs[index].charted.is_none()
            {
                runs[index].charted = Some(reason);
                left -= 1;
            }
        }
    }
    // The rest are spread over the order, so that no part of it goes unseen.
    let open: Vec<usize> = (0..runs.len())
        .filter(|&index| runs[index].charted.is_none())
        .collect();
    for place in 0..left {
        runs[open[place * open.len() / left]].charted = Some("one of a few spread over all");
    }
}

/// The runs of a scenario that a side-by-side chart shows: all when there are
/// colours enough, else the charted ones first.
#[must_use]
pub fn lines(runs: &[Run]) -> Vec<&Run> {
    if runs.len() <= LINES {
        return runs.iter().collect();
    }
    let mut chosen: Vec<&Run> = runs.iter().filter(|run| run.charted.is_some()).collect();
    chosen.extend(runs.iter().filter(|run| run.charted.is_none()));
    chosen.truncate(LINES);
    chosen.sort_by_key(|run| run.number);
    chosen
}
