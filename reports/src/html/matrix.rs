//! All figures of all runs: metrics down and runs across while the runs are
//! few, else runs down and metrics across, the key figures first. Nothing is left out
//! of either.

use maud::{Markup, html};

use super::parts::{badge, chip, figure_cell, name, runs_of};
use crate::compare::{Comparison, Row, Scenario};
use crate::findings::Findings;
use crate::metric::{Group, KEY};

/// Runs that stand side by side; more are listed one below the other.
const ACROSS: usize = 5;

/// Columns of figures that fit a page.
const WIDE: usize = 8;

/// The figures of the runs.
pub fn figures(comparison: &Comparison) -> Markup {
    html! {
        section id="figures" {
            h2 { "Figures of all runs" }
            p.note {
                "★ marks the best of a scenario's runs that sustain their load, and percentages the distance of the others from it. "
                "Figures within 0.5 % of the best are as good. Runs that do not sustain their load are not ranked: the latency of what got through an overload says little."
            }
            @for scenario in &comparison.scenarios {
                @if comparison.scenarios.len() > 1 { h3 style="margin-top:1.2rem" { (scenario.name) } }
                (spreads(scenario))
                (matrix(comparison, scenario, &Group::FIGURES))
            }
        }
    }
}

/// Runs that differ in their seed alone, taken together.
fn spreads(scenario: &Scenario) -> Markup {
    let heads = scenario.spreads.first().map(|spread| &spread.figures);
    html! {
        @if let Some(heads) = heads {
            h4 style="margin-top:.8rem" { "Over seeds: the median, and the smallest to the largest" }
            table.runs style="margin-bottom:1.4rem" {
                thead { tr {
                    th { "Runs" } th.num { "seeds" } th.num { "sustained" }
                    @for figure in heads { th.num { (figure.head) } }
                } }
                tbody { @for spread in &scenario.spreads { tr {
                    th { (spread.label) } td.num { (spread.runs) } td.num { (spread.sustained) }
                    @for figure in &spread.figures {
                        td.num { b { (figure.median) } " " span.muted { (figure.least) " – " (figure.most) } }
                    }
                } } }
            }
        }
    }
}

/// The comparisons that the checks made, and what they found.
pub fn checks(comparison: &Comparison, findings: &Findings) -> Markup {
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
            @if !broken.is_empty() {
                p.note { "Each is shown again by the command below it, given in the folder of this report." }
            }
            @for run in broken {
                @for violation in &run.source.record.violations {
                    p style="margin-top:.6rem" {
                        (name(comparison, run)) " "
                        span.chip.bad { "✗ " (violation.check) }
                        " at " (crate::format::span(violation.at_ns)) ": "
                        span.name { (violation.detail) }
                    }
                    pre { code { (findings.replay(run.key(), &violation.replay)) } }
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
        return across(comparison, scenario, &tables);
    }
    if let [(Group::Checks, rows)] = tables.as_slice() {
        return down(comparison, scenario, rows);
    }
    let key: Vec<&Row> = KEY
        .iter()
        .map(|id| comparison.row(id))
        .filter(|row| row.applies())
        .collect();
    html! {
        (down(comparison, scenario, &key))
        @for (group, rows) in &tables {
            details.data {
                summary { (group.title()) }
                // Evenly divided, so that no table is wider than the page.
                @for part in rows.chunks(rows.len().div_ceil(rows.len().div_ceil(WIDE))) {
                    (down(comparison, scenario, part))
                }
            }
        }
    }
}

fn across(comparison: &Comparison, scenario: &Scenario, tables: &[(Group, Vec<&Row>)]) -> Markup {
    let runs = runs_of(comparison, scenario);
    // Few columns stay near to their heads.
    let width = format!("max-width:{}rem", 20 + 16 * runs.len());
    html! {
        div.scroll { table style=(width) {
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

fn down(comparison: &Comparison, scenario: &Scenario, rows: &[&Row]) -> Markup {
    html! {
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
