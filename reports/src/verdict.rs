//! Verdicts in words: what a scenario's runs say together, in one sentence.

use groma_experiment::plan::Expect;
use groma_experiment::result::Verdict;

use crate::compare::{Row, Run, ranks, reached};

/// Who leads a scenario among the runs that rank, as places within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaders {
    /// Most goodput; on equal goodput the shorter p99.
    pub goodput: Option<usize>,
    /// Shortest p99.
    pub p99: Option<usize>,
}

/// Finds who leads.
#[must_use]
pub fn leaders(runs: &[Run]) -> Leaders {
    let ranked = ranked(runs);
    Leaders {
        goodput: ranked
            .iter()
            .max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.2.total_cmp(&a.2)))
            .map(|leader| leader.0),
        p99: ranked
            .iter()
            .min_by(|a, b| a.2.total_cmp(&b.2).then_with(|| b.1.total_cmp(&a.1)))
            .map(|leader| leader.0),
    }
}

/// Runs that rank, with their goodput and p99.
fn ranked(runs: &[Run]) -> Vec<(usize, f64, f64)> {
    runs.iter()
        .enumerate()
        .filter(|(_, run)| ranks(run))
        .filter_map(|(index, run)| {
            let record = &run.source.record;
            let goodput = reached(run, record.load.goodput_tps);
            Some((index, goodput, record.finality_ms.p99?))
        })
        .collect()
}

/// The answer of a scenario in one sentence. `offset` is the place of its
/// first run among the cells of `rows`.
#[must_use]
pub fn headline(runs: &[Run], rows: &[Row], offset: usize) -> String {
    let figures = Figures { runs, rows, offset };
    match runs {
        [] => "No run was found.".to_owned(),
        [only] => single(only, &figures),
        _ => format!(
            "{}{}{}{}.",
            tally(runs),
            broken(runs),
            unsuitable(runs),
            figures.leaders()
        ),
    }
}

fn single(run: &Run, figures: &Figures<'_>) -> String {
    let opening = match (run.outcome.verdict, run.outcome.as_expected) {
        (Verdict::Pass, true) => "The run passes",
        (Verdict::Pass, false) => "The run passes, which the scenario does not expect",
        (Verdict::Missed, _) => "The load is sustained, but a target is missed",
        (Verdict::Unsustained, true) => "The load is not sustained, as the scenario expects",
        (Verdict::Unsustained, false) => "The load is not sustained",
        (Verdict::Violated, true) => "An invariant breaks, as the scenario expects",
        (Verdict::Violated, false) => "An invariant breaks",
    };
    let goodput = figures.spelled("load.goodput_tps", 0);
    let p99 = figures.spelled("finality_ms.p99", 0);
    let broken = run
        .source
        .record
        .violations
        .first()
        .map_or_else(String::new, |first| format!(" ({})", first.check));
    let unsuitable = unsuitable(std::slice::from_ref(run));
    format!("{opening}{broken}{unsuitable}: goodput {goodput}, p99 {p99}.")
}

fn tally(runs: &[Run]) -> String {
    let all = runs.len();
    let met = runs.iter().filter(|run| run.outcome.as_expected).count();
    let plain = runs
        .iter()
        .all(|run| run.source.record.plan.expect == Expect::Sustained);
    match (plain, met) {
        (true, 0) => format!("None of {all} runs passes"),
        (true, met) if met == all => format!("All {all} runs pass"),
        (true, 1) => format!("1 of {all} runs passes"),
        (true, met) => format!("{met} of {all} runs pass"),
        (false, 0) => format!("None of {all} runs ends as the scenario expects"),
        (false, met) if met == all => format!("All {all} runs end as the scenario expects"),
        (false, 1) => format!("1 of {all} runs ends as the scenario expects"),
        (false, met) => format!("{met} of {all} runs end as the scenario expects"),
    }
}

/// Broken invariants that nobody expects come before any figure.
fn broken(runs: &[Run]) -> String {
    let broken = runs
        .iter()
        .filter(|run| run.outcome.verdict == Verdict::Violated && !run.outcome.as_expected)
        .count();
    match broken {
        0 => String::new(),
        1 => "; an invariant breaks in 1 of them".to_owned(),
        many => format!("; an invariant breaks in {many} of them"),
    }
}

/// What no other design would mend comes before the figures too.
fn unsuitable(runs: &[Run]) -> String {
    let found = runs.iter().filter(|run| run.source.record.is_unsuitable());
    match (found.count(), runs.len()) {
        (0, _) => String::new(),
        (_, 1) => "; the application is unsuitable for a chain".to_owned(),
        (found, all) => format!("; unsuitable for a chain: {found} of {all} runs"),
    }
}

struct Figures<'a> {
    runs: &'a [Run],
    rows: &'a [Row],
    offset: usize,
}

impl Figures<'_> {
    fn cell(&self, id: &str, index: usize) -> Option<&crate::compare::Cell> {
        let row = self.rows.iter().find(|row| row.metric.id == id)?;
        row.cells.get(self.offset + index)
    }

    fn spelled(&self, id: &str, index: usize) -> String {
        self.cell(id, index)
            .map_or_else(|| "–".to_owned(), |cell| cell.spelled.clone())
    }

    /// Who leads, and by what. Under one offered load all goodputs are about
    /// equal, and then only the latency tells runs apart.
    fn leaders(&self) -> String {
        let ranked = ranked(self.runs);
        let leaders = leaders(self.runs);
        let (Some(fastest), Some(quickest)) = (leaders.goodput, leaders.p99) else {
            return "; no load was sustained".to_owned();
        };
        let slowest = ranked
            .iter()
            .max_by(|a, b| a.2.total_cmp(&b.2))
            .map_or(quickest, |run| run.0);
        let label = |index: usize| &self.runs[index].label;
        let goodput = |index: usize| self.spelled("load.goodput_tps", index);
        let p99 = |index: usize| self.spelled("finality_ms.p99", index);
        let behind = ranked
            .iter()
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(fastest, |run| run.0);
        let most = ranked.iter().map(|run| run.1).fold(0.0, f64::max);
        let least = ranked.iter().map(|run| run.1).fold(most, f64::min);
        if ranked.len() > 1 && most - least < 0.01 * most {
            let (low, high) = (p99(quickest), p99(slowest));
            let subject = if ranked.len() == self.runs.len() {
                "all".to_owned()
            } else {
                format!("the {} that sustain the load", ranked.len())
            };
            return format!(
                "; {subject} reach at least {}; p99 is lowest with {} ({low}) and highest with {} ({high})",
                goodput(behind),
                label(quickest),
                label(slowest),
            );
        }
        let mut text = format!(
            "; best goodput {} with {}, p99 {}",
            label(fastest),
            goodput(fastest),
            p99(fastest)
        );
        if quickest != fastest {
            text.push_str(&format!(
                "; lowest p99 {} with {} at {}",
                label(quickest),
                p99(quickest),
                goodput(quickest)
            ));
        }
        text
    }
}
