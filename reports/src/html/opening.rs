//! The answer and the verdicts: what a reader with one minute reads.

use maud::{Markup, html};

use super::parts::{chip, exact, language, name, runs_of, tone};
use crate::compare::{Comparison, Run, Scenario, Target};
use crate::format::{count, printable, unbroken};
use crate::metric::Group;

/// Scenario names, questions, answers, and four figures.
pub fn hero(comparison: &Comparison) -> Markup {
    html! {
        section.hero id="answer" {
            @if let [only] = comparison.scenarios.as_slice() {
                h1 { (only.name) }
                (why(only))
                (answer(comparison, only, false))
            } @else {
                h1 { (comparison.title()) }
                @for scenario in &comparison.scenarios { (answer(comparison, scenario, true)) }
            }
            (tiles(comparison))
        }
    }
}

fn why(scenario: &Scenario) -> Markup {
    html! {
        @if !scenario.why.is_empty() {
            p.why lang=[language(&scenario.why)] { (scenario.why) }
        }
    }
}

fn answer(comparison: &Comparison, scenario: &Scenario, named: bool) -> Markup {
    let runs = runs_of(comparison, scenario);
    // The worst outcome colours the answer.
    let worst = ["bad", "warn"]
        .into_iter()
        .find(|tone_of| runs.iter().any(|run| tone(run.outcome) == *tone_of))
        .unwrap_or("good");
    html! {
        p class={ "answer " (worst) } {
            @if named {
                (scenario.name) ": "
            }
            (unbroken(&scenario.headline))
            @if named && !scenario.why.is_empty() {
                small lang=[language(&scenario.why)] { (scenario.why) }
            }
        }
    }
}

fn tiles(comparison: &Comparison) -> Markup {
    let runs = &comparison.runs;
    let met = runs.iter().filter(|run| run.outcome.as_expected).count();
    let broken: usize = runs
        .iter()
        .map(|run| run.source.record.violations.len())
        .sum();
    let made: f64 = comparison
        .rows
        .iter()
        .filter(|row| row.metric.group == Group::Checks)
        .flat_map(|row| row.cells.iter().filter_map(|cell| cell.value))
        .sum();
    html! {
        ul.tiles {
            li { span { "runs that end as expected" } b { (met) " of " (runs.len()) } }
            @if let [only] = runs.as_slice() {
                (own(comparison, only, "goodput", "load.goodput_tps"))
                (own(comparison, only, "p99 finality", "finality_ms.p99"))
            } @else if let [only] = comparison.scenarios.as_slice() {
                (leader(comparison, only, "best sustained goodput", "load.goodput_tps", only.leaders.goodput))
                (leader(comparison, only, "lowest p99 finality", "finality_ms.p99", only.leaders.p99))
            }
            li {
                span { "comparisons made by the checks" }
                b { (count(made as u64)) }
                span class=[(broken > 0).then_some("bad")] {
                    @if broken == 0 { "none failed" }
                    @else if broken == 1 { "1 invariant broken" }
                    @else { (broken) " invariants broken" }
                }
            }
        }
    }
}

/// A figure of the only run.
fn own(comparison: &Comparison, run: &Run, heading: &str, id: &str) -> Markup {
    html! {
        li {
            span { (heading) }
            b { (comparison.row(id).cells[run.number - 1].spelled) }
            span.name { (run.label) }
        }
    }
}

fn leader(
    comparison: &Comparison,
    scenario: &Scenario,
    heading: &str,
    id: &str,
    place: Option<usize>,
) -> Markup {
    html! {
        li {
            span { (heading) }
            @if let Some(place) = place {
                @let index = scenario.runs.start + place;
                b { (comparison.row(id).cells[index].spelled) }
                span.name {
                    (comparison.runs[index].label)
                    @if scenario.runs.len() > 1 && !comparison.row(id).cells[index].best { "; about equal in others" }
                }
            } @else {
                b { "–" }
                span { "no load was sustained" }
            }
        }
    }
}

/// Runs of a scenario whose targets are all shown at once; of more, those that
/// met everything are folded away.
const UNFOLDED: usize = 12;

/// Every target of every run, and why runs failed.
pub fn verdicts(comparison: &Comparison) -> Markup {
    html! {
        section id="verdicts" {
            h2 { "Verdicts" }
            p.note {
                "The margin is the distance of the measured value from the target, as a share of the target; "
                "positive is on the good side, and the bar shows up to ±50 %."
            }
            @for scenario in &comparison.scenarios {
                @if comparison.scenarios.len() > 1 { h3 style="margin-top:1.2rem" { (scenario.name) } }
                (targets(comparison, runs_of(comparison, scenario)))
            }
            (reasons(comparison))
        }
    }
}

fn targets(comparison: &Comparison, runs: &[Run]) -> Markup {
    let good = |run: &Run| run.outcome.as_expected && run.targets.iter().all(|target| target.met);
    let (met, open): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| good(run));
    html! {
        @if runs.len() <= UNFOLDED {
            (table(comparison, &runs.iter().collect::<Vec<_>>()))
        } @else {
            @if !open.is_empty() { (table(comparison, &open)) }
            @if !met.is_empty() {
                details.data {
                    summary { (met.len()) " runs end as expected and meet every target" }
                    (table(comparison, &met))
                }
            }
        }
    }
}

fn table(comparison: &Comparison, runs: &[&Run]) -> Markup {
    html! {
        table {
            thead { tr {
                th { "Run" } th { "Verdict" } th { "Metric" } th.num { "Target" }
                th.num { "Measured" } th.num { "Margin" } th { "Met" }
            } }
            tbody {
                @for run in runs {
                    @if run.targets.is_empty() {
                        tr {
                            td { (name(comparison, run)) } td { (chip(run.outcome)) }
                            td.muted colspan="5" { "no target" }
                        }
                    }
                    @for (index, target) in run.targets.iter().enumerate() {
                        tr {
                            @if index == 0 {
                                td rowspan=(run.targets.len()) { (name(comparison, run)) }
                                td rowspan=(run.targets.len()) { (chip(run.outcome)) }
                            }
                            (measured(run, index, target))
                        }
                    }
                }
            }
        }
    }
}

fn measured(run: &Run, index: usize, target: &Target) -> Markup {
    let path = format!("targets.{index}.measured");
    let tone = if target.met { "good" } else { "bad" };
    html! {
        td { (target.name) }
        td.num { (target.bound) }
        (exact(&path, run, target.record.measured, &html! { (target.measured) }))
        td.num { (margin(target)) }
        td class={ "nowrap " (tone) } { @if target.met { "✓ met" } @else { "✗ missed" } }
    }
}

fn margin(target: &Target) -> Markup {
    // The bar's half is 50 %: more is shown as a full half.
    let share = target.share.unwrap_or(0.0);
    let width = format!("{:.1}%", (share.abs() * 100.0).min(50.0));
    let side = if share < 0.0 { "bad" } else { "good" };
    html! {
        span.margin { (target.margin) i { u class=(side) style={ "width:" (width) } {} } }
    }
}

fn reasons(comparison: &Comparison) -> Markup {
    let told: Vec<_> = comparison
        .runs
        .iter()
        .filter(|run| !run.source.record.reasons.is_empty())
        .collect();
    html! {
        @if !told.is_empty() {
            h3 style="margin-top:1rem" { "Why" }
            ul.list {
                @for run in told {
                    @for reason in &run.source.record.reasons {
                        li { (name(comparison, run)) ": " (unbroken(&printable(reason))) }
                    }
                }
            }
        }
    }
}
