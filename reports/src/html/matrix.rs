//! All figures of all runs: metrics down and runs across while the runs are
//! few, else runs down and metrics across. Nothing is left out of either.

use maud::{Markup, html};

use super::parts::{badge, chip, figure_cell, name, runs_of};
use crate::compare::{Comparison, Row, Scenario};
use crate::metric::Group;

/// Runs that stand side by side; more are listed one below the other.
const ACROSS: usize = 5;

/// The figures of the runs.
pub fn figures(comparison: &Comparison) -> Markup {
    html! {
        section id="figures" {
            h2 { "Figures of all runs" }
            p.note {
                "★ marks the best of a scenario's runs that sustain their load, and percentages the distance of the others from it. "
                "Runs that do not sustain their load are not ranked: the latency of what got through an overload says little."
            }
            @for scenario in &comparison.scenarios {
                @if comparison.scenarios.len() > 1 { h3 style="margin-top:1.2rem" { (scenario.name) } }
                (matrix(comparison, scenario, &Group::FIGURES))
            }
        }
    }
}

/// The comparisons that the checks made, and what they found.
pub fn checks(comparison: &Comparison) -> Markup {
    let broken: Vec<_> = comparison
        .runs
        .iter()
        .filter(|run| !run.source.record.violations.is_empty())
        .collect();
    html! {
        section id="checks" {
            h2 { "Checks" }
            p.note { "Counts of comparisons really made during and after each run; a check that compared nothing proves nothing." }
            @if broken.is_empty() {
                p { span.chip.good { "✓ no invariant broken" } }
            }
            @for run in broken {
                @for violation in &run.source.record.violations {
                    p style="margin-top:.6rem" {
                        (name(comparison, run)) " "
                        span.chip.bad { "✗ " (violation.check) }
                        " at " (crate::format::span(violation.at_ns)) ": "
                        span.name { (violation.detail) }
                    }
                    pre { code { (violation.replay) } }
                }
            }
            @for scenario in &comparison.scenarios {
                @if comparison.scenarios.len() > 1 { h3 style="margin-top:1.2rem" { (scenario.name) } }
                (matrix(comparison, scenario, &[Group::Checks]))
            }
        }
    }
}

fn matrix(comparison: &Comparison, scenario: &Scenario, groups: &[Group]) -> Markup {
    let rows = |group: Group| -> Vec<&Row> {
        comparison
            .rows
            .iter()
            .filter(|row| row.metric.group == group)
            .filter(|row| {
                row.cells[scenario.runs.clone()]
                    .iter()
                    .any(|cell| cell.value.is_some())
            })
            .collect()
    };
    let tables: Vec<(Group, Vec<&Row>)> = groups
        .iter()
        .map(|group| (*group, rows(*group)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    if scenario.runs.len() <= ACROSS {
        across(comparison, scenario, &tables)
    } else {
        html! { @for (group, rows) in &tables { (down(comparison, scenario, *group, rows)) } }
    }
}

fn across(comparison: &Comparison, scenario: &Scenario, tables: &[(Group, Vec<&Row>)]) -> Markup {
    let runs = runs_of(comparison, scenario);
    html! {
        div.scroll { table {
            thead { tr {
                th { "Metric" }
                @for run in runs { th.num style="white-space:normal" {
                    (name(comparison, run)) br; (chip(run.outcome))
                } }
            } }
            @for (group, rows) in tables { tbody {
                @if tables.len() > 1 { tr.group { th colspan=(runs.len() + 1) { (group.title()) } } }
                @for row in rows { tr {
                    th { (row.head()) }
                    @for (run, cell) in runs.iter().zip(&row.cells[scenario.runs.clone()]) {
                        (figure_cell(row.metric.id, run, cell, runs.len() > 1 && *group != Group::Checks))
                    }
                } }
            } }
        } }
    }
}

fn down(comparison: &Comparison, scenario: &Scenario, group: Group, rows: &[&Row]) -> Markup {
    html! {
        h3 style="margin-top:1rem" { (group.title()) }
        div.scroll { table.runs {
            thead { tr {
                th data-sort { "Run" }
                @for row in rows { th.num data-sort title=(row.head()) { (row.short_head()) } }
            } }
            tbody {
                @for index in scenario.runs.clone() {
                    @let run = &comparison.runs[index];
                    tr {
                        td data-value=(run.number) {
                            (badge(comparison, run)) span.name { (run.label) }
                            @if !run.outcome.as_expected { " " (chip(run.outcome)) }
                        }
                        @for row in rows { (figure_cell(row.metric.id, run, &row.cells[index], false)) }
                    }
                }
            }
        } }
    }
}
