//! Each run by itself: its course of time, its machines, and what it counted.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};

use super::parts::{Key, breakable, chip, exact, framed, ink_of, legend, meter, name};
use super::{machines, service, zoom};
use crate::chart::ink::Ink;
use crate::chart::timeline;
use crate::compare::{Comparison, Run};
use crate::describe::{fault_code, fault_label, fault_text, is_compressed, time_axis};
use crate::format::{Unit, count};
use crate::metric::FINER;
use crate::subset::CHARTED_RUNS;

/// Rows of one list; the rest is added up.
const LISTED: usize = 10;

/// The runs with charts of their own.
pub fn section(comparison: &Comparison) -> Markup {
    let charted: Vec<&Run> = comparison
        .runs
        .iter()
        .filter(|run| run.charted.is_some())
        .collect();
    html! {
        section id="runs" {
            h2 { "Each run" }
            @if charted.len() < comparison.runs.len() {
                p.note {
                    "Charts are drawn for " (CHARTED_RUNS) " of " (comparison.runs.len())
                    " runs, each with the reason for its choice; the tables hold all of them, and the folder of each run holds its windows and histograms."
                }
            }
            @for run in charted { (one(comparison, run)) }
        }
    }
}

fn one(comparison: &Comparison, run: &Run) -> Markup {
    let index = run.number - 1;
    let spelled = |id: &str| comparison.row(id).cells[index].spelled.clone();
    let ink = ink_of(comparison, run);
    let courses = !run.source.windows.is_empty();
    html! {
        article.run id={ "run-" (run.number) } style={ "--bar:var(--" (ink.name()) ")" } {
            // A head stays on the page of its first charts.
            div.keep {
                h3 {
                    (name(comparison, run)) " " (chip(run.outcome))
                    @if let Some(reason) = run.charted.filter(|reason| *reason != "all runs") {
                        " " span.muted { "(" (reason) ")" }
                    }
                }
                ul.facts {
                    li { "goodput " b { (spelled("load.goodput_tps")) } " of " (spelled("load.offered_tps")) " offered" }
                    li { "finality p50 " b { (spelled("finality_ms.p50")) } ", p99 " b { (spelled("finality_ms.p99")) } }
                    li { "largest backlog " b { (spelled("backlog.max")) } }
                    li { "busiest replica: CPU " b { (spelled("max:replica.cpu")) } ", egress " b { (spelled("max:replica.egress")) } }
                    (lottery(run))
                }
                @if courses { div.two { (course(run, ink)) } }
            }
            div.two {
                @if courses { (usage(run, ink)) }
                (machines::table(run))
            }
            (own_faults(comparison, run))
            (service::tables(run))
            div.two { (lists(run)) }
        }
    }
}

/// What only chains by lottery have: blocks that a longer chain left behind, and
/// the energy of mining.
fn lottery(run: &Run) -> Markup {
    let record = &run.source.record;
    let counted = |name: &str| record.counts.get(name).copied();
    let energy = FINER
        .iter()
        .find(|metric| metric.id == "per_tx.energy_joule");
    let energy = energy.and_then(|metric| Some(metric.unit.spell((metric.value)(record)?)));
    html! {
        @if let Some(made) = counted("blocks-made").filter(|made| *made > 0) {
            @let stale = counted("blocks-stale").unwrap_or(0);
            li { "stale " b { (count(stale)) } " of " (count(made)) " blocks (" (Unit::Share.spell(stale as f64 / made as f64)) ")" }
        }
        @if let Some(energy) = energy {
            li { "mining " b { (energy) } " a transaction, at the hash rate and efficiency of the plan" }
        }
    }
}

/// What a point of a chart stands for, where it is not a second.
fn grain(run: &Run) -> Markup {
    let width = timeline::width(run.source.windows.len());
    html! {
        @if width > 1 {
            " Each point stands for " (width) " s"
            @if is_compressed(&run.source.record.plan) { " of the run" }
            ": mean rates, median of medians, largest p99, backlog and use."
        }
    }
}

fn course(run: &Run, ink: Ink) -> Markup {
    let mut rates = vec![
        (Ink::Muted, Key::Thin, html! { "offered" }),
        (ink, Key::Line, html! { "goodput" }),
    ];
    if run.source.windows.iter().any(|window| window.shed > 0) {
        rates.push((Ink::Fault, Key::Line, html! { "shed" }));
    }
    let across = time_axis(&run.source.record.plan);
    let throughput = PreEscaped(timeline::throughput(run, ink).draw());
    let latency = PreEscaped(timeline::latency(run, ink).draw());
    let mut lines = vec![("offered", Ink::Muted), ("goodput", ink)];
    if rates.len() > 2 {
        lines.push(("shed", Ink::Fault));
    }
    let rate_panels = [
        zoom::panel("throughput, TPS", &lines),
        zoom::panel("backlog, transactions", &[("backlog", ink)]),
    ];
    let tail_panel = zoom::panel(
        "finality latency, ms (logarithmic)",
        &[("p50", ink), ("p99", ink)],
    );
    html! {
        (framed("Throughput and backlog", &legend(&rates), &zoom::over(run, &rate_panels, &throughput), &html! {
            "Across: " (across) "; up: transactions per second (above), transactions unfinished at the end of the second (below)." (grain(run))
        }))
        (framed(
            "Latency over time",
            &legend(&[(ink, Key::Line, html! { "p99" }), (ink, Key::Pale, html! { "p50" })]),
            &zoom::over(run, &[tail_panel], &latency),
            &html! {
                "Across: " (across) "; up: finality latency in milliseconds of what became final in the second." (grain(run))
            },
        ))
    }
}

fn usage(run: &Run, ink: Ink) -> Markup {
    let picture = PreEscaped(timeline::usage(run, ink).draw());
    let panels = [
        zoom::panel("CPU, mean of the replicas' machines, %", &[("cpu", ink)]),
        zoom::panel("egress, busiest replica's machine, %", &[("egress", ink)]),
        zoom::panel("ingress, busiest machine, %", &[("ingress", ink)]),
    ];
    framed(
        "Machines over time",
        &html! {},
        &zoom::over(run, &panels, &picture),
        &html! { "Across: " (time_axis(&run.source.record.plan)) "; up: share of capacity in percent." (grain(run)) },
    )
}

/// The faults of a run whose siblings have others.
fn own_faults(comparison: &Comparison, run: &Run) -> Markup {
    let plan = &run.source.record.plan;
    let alike = comparison
        .scenarios
        .iter()
        .filter(|scenario| scenario.runs.contains(&(run.number - 1)))
        .flat_map(|scenario| &comparison.runs[scenario.runs.clone()])
        .all(|other| other.source.record.plan.faults == plan.faults);
    html! {
        @if !alike && !plan.faults.is_empty() {
            ul.faults {
                @for (index, fault) in plan.faults.iter().enumerate() {
                    li { b { (fault_code(index)) } (fault_label(plan, fault)) ": " (fault_text(plan, fault)) }
                }
            }
        }
    }
}

fn lists(run: &Run) -> Markup {
    let record = &run.source.record;
    let load = &record.load;
    html! {
        (list(run, "Offered by kind", "load.offered_by", &load.offered_by, load.offered, "of offered"))
        div.stack {
            (list(run, "Refused by reason", "load.rejected_by", &load.rejected_by, load.offered, "of offered"))
            (list(run, "Consensus messages by kind", "messages", &record.messages, record.messages.values().sum(), "of messages"))
            @if !record.counts.is_empty() {
                (list(run, "Counted by the protocol", "counts", &record.counts, 0, ""))
            }
            @if !record.refusals.is_empty() {
                (list(run, "Messages refused by replicas", "refusals", &record.refusals, record.deliveries, "of deliveries"))
            }
        }
    }
}

fn list(
    run: &Run,
    heading: &str,
    path: &str,
    counts: &BTreeMap<String, u64>,
    whole: u64,
    of: &str,
) -> Markup {
    let mut sorted: Vec<(&String, u64)> = counts.iter().map(|(name, n)| (name, *n)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let most = sorted.first().map_or(1, |first| first.1).max(1) as f64;
    let rest: u64 = sorted.iter().skip(LISTED).map(|(_, count)| count).sum();
    let share = |value: u64| {
        if whole == 0 {
            "–".to_owned()
        } else {
            Unit::Share.spell(value as f64 / whole as f64)
        }
    };
    html! {
        div {
            h4 { (heading) }
            @if sorted.iter().all(|(_, count)| *count == 0) {
                p.muted { "none" }
            } @else {
                table.lists {
                    thead { tr { th { "Kind" } th {} th.num { "Count" } @if !of.is_empty() { th.num { (of) } } } }
                    tbody {
                        @for (name, value) in sorted.iter().take(LISTED) {
                            tr {
                                td.name { (breakable(name)) }
                                (meter(*value as f64 / most))
                                (exact(&format!("{path}.{name}"), run, Some(*value as f64), &html! { (count(*value)) }))
                                @if !of.is_empty() { td.num { (share(*value)) } }
                            }
                        }
                        @if rest > 0 {
                            tr { td.muted { (sorted.len() - LISTED) " more" } td {} td.num { (count(rest)) } @if !of.is_empty() { td.num { (share(rest)) } } }
                        }
                    }
                }
            }
        }
    }
}
