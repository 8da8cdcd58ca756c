//! "What other tools would have said": each tool's figures beside the honest
//! ones, with the reason for the difference.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::parts::{chip, name};
use crate::compare::{Comparison, Run};
use crate::format::{Unit, signed_percent, unbroken};
use crate::lens::{SecondRuns, View, views};

/// Runs whose tables are open; further ones are folded away.
const OPEN: usize = 3;

/// The section, for the runs with charts of their own.
pub fn section(comparison: &Comparison, second: &BTreeMap<String, SecondRuns>) -> Markup {
    let charted: Vec<&Run> = comparison
        .runs
        .iter()
        .filter(|run| run.charted.is_some())
        .filter(|run| !run.source.windows.is_empty())
        .collect();
    if charted.is_empty() {
        return html! {};
    }
    html! {
        section id="lens" {
            h2 { "What other tools would have said" }
            p.note {
                "The same runs counted as other tools count. The first line of each table is what this report says: transactions "
                em { "applied" } " per second, and p99 from the " em { "intended" } " send time to finality at the client. "
                "The percentages are the distance from it: a figure that flatters is in the tool's way of counting, not in the system."
            }
            @for (index, run) in charted.iter().enumerate() {
                @if index < OPEN {
                    h3 style="margin-top:1rem" { (name(comparison, run)) " " (chip(run.outcome)) }
                    (table(comparison, run, second.get(run.key())))
                } @else {
                    details.data {
                        summary { "Run " (run.number) ", " (run.label) }
                        (table(comparison, run, second.get(run.key())))
                    }
                }
            }
            (sources(charted[0], second))
        }
    }
}

fn table(comparison: &Comparison, run: &Run, second: Option<&SecondRuns>) -> Markup {
    let record = &run.source.record;
    let spelled = |id: &str| comparison.row(id).cells[run.number - 1].spelled.clone();
    html! {
        div.scroll { table.lens {
            thead { tr {
                th { "Tool" } th.num { "Throughput" } th.num { "Latency" } th { "Why it differs" }
            } }
            tbody {
                tr.honest {
                    th { "Groma" }
                    td.num { b { (spelled("load.goodput_tps")) } small { "goodput" } }
                    td.num { b { (spelled("finality_ms.p99")) } small { "p99 finality" } }
                    td { "Applied and final at the client; refused, shed and expired ones count as offered and never as throughput." }
                }
                @for view in views(&run.source, second) {
                    tr {
                        th { (view.tool) }
                        (figure(Unit::Tps, view.rate, record.load.goodput_tps, view.rate_name))
                        (figure(Unit::Millis, view.latency, record.finality_ms.p99.unwrap_or(0.0), view.latency_name))
                        td { (unbroken(&view.why)) small { (unbroken(&view.aside)) } }
                    }
                }
            }
        } }
    }
}

fn figure(unit: Unit, value: Option<f64>, honest: f64, name: &str) -> Markup {
    let distance = value
        .filter(|_| honest > 0.0)
        .map(|value| signed_percent((value - honest) / honest));
    html! {
        td.num {
            @if let Some(value) = value {
                (unit.spell(value)) span.off { @if let Some(distance) = &distance { (distance) } }
            } @else { "–" }
            small { (name) }
        }
    }
}

fn sources(run: &Run, second: &BTreeMap<String, SecondRuns>) -> Markup {
    let views: Vec<View> = views(&run.source, second.get(run.key()));
    html! {
        details {
            summary { "Where each way of counting is stated" }
            ul.list.note { @for view in &views { li { (view.tool) ": " (view.source) "." } } }
        }
    }
}
