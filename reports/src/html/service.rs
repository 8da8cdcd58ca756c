//! What a run's citizens and queues went through: each region's share and
//! tail, the time after each fault, and where work waited.

use groma_experiment::bottleneck::{BINDING_SHARE, resources};
use groma_experiment::result::{RegionRecord, RunRecord};
use maud::{Markup, html};

use super::parts::{exact, meter};
use crate::compare::Run;
use crate::describe::{fault_code, fault_label};
use crate::fairness::{jain, ratio};
use crate::format::{Unit, count};

/// Resources that are listed, busiest first.
const BUSIEST: usize = 8;

/// The tables that a run has figures for.
pub fn tables(run: &Run) -> Markup {
    html! {
        div.two {
            (regions(run))
            (recoveries(run))
            (busiest(&run.source.record))
            (lanes(run))
        }
    }
}

fn millis(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| Unit::Millis.spell(value))
}

/// Answered transactions of a region as a share of those offered.
fn completion(region: &RegionRecord) -> Option<f64> {
    let answered = region.finalised + region.rejected;
    (region.offered > 0).then(|| answered as f64 / region.offered as f64)
}

fn regions(run: &Run) -> Markup {
    let regions = &run.source.record.regions;
    if regions.is_empty() {
        return html! {};
    }
    let shares: Vec<f64> = regions.iter().filter_map(completion).collect();
    let tails: Vec<f64> = regions.iter().filter_map(|r| r.finality_ms.p99).collect();
    let longest = tails.iter().copied().fold(0.0, f64::max);
    html! {
        div {
            h4 { "Regions" }
            table.lists.service {
                thead { tr {
                    th { "Region" } th.num { "offered" } th.num { "answered" } th.num { "shed" }
                    th.num { "p50" } th {} th.num { "p99" }
                } }
                tbody { @for (index, region) in regions.iter().enumerate() { tr {
                    td.name { (region.region) }
                    (exact(&format!("regions.{index}.offered"), run, Some(region.offered as f64), &html! { (count(region.offered)) }))
                    td.num { (completion(region).map_or_else(|| "–".to_owned(), |share| Unit::Share.spell(share))) }
                    td.num { (count(region.shed)) }
                    td.num { (millis(region.finality_ms.p50)) }
                    (meter(region.finality_ms.p99.unwrap_or(0.0) / longest.max(f64::MIN_POSITIVE)))
                    (exact(&format!("regions.{index}.finality_ms.p99"), run, region.finality_ms.p99, &html! { (millis(region.finality_ms.p99)) }))
                } } }
            }
            (fairness(&shares, &tails))
        }
    }
}

fn fairness(shares: &[f64], tails: &[f64]) -> Markup {
    html! {
        p.note {
            @if let Some(index) = jain(shares).filter(|_| shares.len() > 1) {
                "Fairness of the answered shares (Jain's index, 1 is even): " b { (format!("{index:.4}")) } ". "
            }
            @if let Some(ratio) = ratio(tails) {
                "The slowest region's p99 is " b { (Unit::Mean.spell(ratio)) } " times the fastest's. "
            }
            "Answered: final or refused by a rule, of what the region's gateways offered."
        }
    }
}

fn recoveries(run: &Run) -> Markup {
    let record = &run.source.record;
    if record.recoveries.is_empty() {
        return html! {};
    }
    html! {
        div {
            h4 { "Recovery after faults" }
            table.lists.service {
                thead { tr {
                    th { "Fault" } th.num { "first commit" } th.num { "longest gap" } th.num { "backlog drained" }
                } }
                tbody { @for (index, recovery) in record.recoveries.iter().enumerate() { tr {
                    td.name {
                        b { (fault_code(recovery.fault)) } " "
                        @if let Some(fault) = record.plan.faults.get(recovery.fault) { (fault_label(&record.plan, fault)) }
                    }
                    (exact(&format!("recoveries.{index}.first_commit_ms"), run, recovery.first_commit_ms, &html! { (millis(recovery.first_commit_ms)) }))
                    (exact(&format!("recoveries.{index}.longest_gap_ms"), run, recovery.longest_gap_ms, &html! { (millis(recovery.longest_gap_ms)) }))
                    (exact(&format!("recoveries.{index}.drain_ms"), run, recovery.drain_ms, &html! { (millis(recovery.drain_ms)) }))
                } } }
            }
            p.note {
                "First commit: from the strike to the next commit of a new height by any replica. Longest gap: between two commits, until a second after the heal. "
                "Drained: from the heal until the backlog is no larger than before the strike; – where it never was."
            }
        }
    }
}

/// The busiest resources with the waits in their queues.
fn busiest(record: &RunRecord) -> Markup {
    let all = resources(record);
    if all.is_empty() {
        return html! {};
    }
    html! {
        div {
            h4 { "What was busiest" }
            table.lists.service {
                thead { tr { th { "Resource" } th {} th.num { "busy" } th.num { "mean wait" } } }
                tbody { @for resource in all.iter().take(BUSIEST) { tr {
                    td.name { (resource.name) }
                    (meter(resource.used))
                    td class={ "num" @if resource.used >= BINDING_SHARE { " bad" } } { (Unit::Share.spell(resource.used)) }
                    td.num { (millis(resource.wait_ms)) }
                } } }
            }
            p.note {
                "The busiest of each kind over the measured time; from " (Unit::Share.spell(BINDING_SHARE))
                " on, queues grow and the resource binds. Wait: the mean time of a message or a job in its queue."
            }
        }
    }
}

fn lanes(run: &Run) -> Markup {
    let lanes = &run.source.record.lanes;
    if lanes.is_empty() {
        return html! {};
    }
    let share = |value: f64| Unit::Share.spell(value);
    html! {
        div {
            h4 { "Lanes of the replicas" }
            table.lists.service {
                thead { tr {
                    th { "Lane" } th.num { "busy, mean" } th.num { "busiest" } th.num { "replica" } th.num { "wait, mean" } th.num { "wait there" }
                } }
                tbody { @for (index, lane) in lanes.iter().enumerate() { tr {
                    td.name { (lane.lane) }
                    (exact(&format!("lanes.{index}.busy_mean"), run, Some(lane.busy_mean), &html! { (share(lane.busy_mean)) }))
                    (exact(&format!("lanes.{index}.busy_max"), run, Some(lane.busy_max), &html! { (share(lane.busy_max)) }))
                    td.num { (lane.busiest) }
                    td.num { (millis(lane.wait_ms_mean)) }
                    td.num { (millis(lane.wait_ms_busiest)) }
                } } }
            }
            p.note { "A lane does one job at a time; " code { "storage" } " is the disk. Busy: share of the measured time." }
        }
    }
}
