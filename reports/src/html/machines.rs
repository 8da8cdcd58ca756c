//! The use of every machine, as bars with their figures; of very many machines
//! the busiest, and each region taken together.

use std::collections::BTreeMap;

use groma_experiment::result::MachineRecord;
use maud::{Markup, html};

use super::parts::{exact, meter};
use crate::chart::axis::round_share;
use crate::compare::Run;
use crate::format::Unit;

/// Machines that are listed one by one.
const LISTED: usize = 20;

/// The machines of a run.
pub fn table(run: &Run) -> Markup {
    let machines = &run.source.record.machines;
    if machines.is_empty() {
        return html! {};
    }
    let mut order: Vec<usize> = (0..machines.len()).collect();
    let many = machines.len() > LISTED;
    if many {
        let top = |machine: &MachineRecord| machine.cpu.max(machine.egress).max(machine.ingress);
        order.sort_by(|a, b| {
            top(&machines[*b])
                .total_cmp(&top(&machines[*a]))
                .then(a.cmp(b))
        });
        order.truncate(LISTED / 2);
    }
    let most = machines
        .iter()
        .flat_map(|machine| [machine.cpu, machine.egress, machine.ingress])
        .fold(0.0, f64::max);
    let full = round_share(most * 100.0) / 100.0;
    html! {
        div {
            h4 { "Use of machines" }
            table.machines {
                thead { tr {
                    th { "Machine" }
                    @for part in ["CPU, %", "egress, %", "ingress, %"] { th.num colspan="2" { (part) } }
                } }
                tbody {
                    @if many { (regions(machines, full)) tr.group { th colspan="7" { "The " (order.len()) " busiest of " (machines.len()) } } }
                    @for index in order { (row(run, index, &machines[index], full)) }
                }
            }
            p.note { "Share of capacity over the measured time; a full bar is " (Unit::Share.spell(full)) ". Every machine is in " code { "run.json" } "." }
        }
    }
}

fn percent(value: f64) -> String {
    Unit::Share.scale(1.0).number(value)
}

fn row(run: &Run, index: usize, machine: &MachineRecord, full: f64) -> Markup {
    let parts = [
        ("cpu", machine.cpu),
        ("egress", machine.egress),
        ("ingress", machine.ingress),
    ];
    html! {
        tr {
            td.name.long[machine.id.chars().count() > 24] { (machine.id) }
            @for (part, value) in parts {
                (meter(value / full))
                (exact(&format!("machines.{index}.{part}"), run, Some(value), &html! { (percent(value)) }))
            }
        }
    }
}

fn regions(machines: &[MachineRecord], full: f64) -> Markup {
    let mut groups: BTreeMap<(&str, &str), Vec<&MachineRecord>> = BTreeMap::new();
    for machine in machines {
        groups
            .entry((&machine.role, &machine.region))
            .or_default()
            .push(machine);
    }
    html! {
        @for ((role, region), group) in groups.iter().rev() {
            @let mean = |of: fn(&MachineRecord) -> f64| group.iter().map(|machine| of(machine)).sum::<f64>() / group.len() as f64;
            tr {
                td.name.long { (region) " " (role) ", mean of " (group.len()) }
                @for value in [mean(|m| m.cpu), mean(|m| m.egress), mean(|m| m.ingress)] {
                    (meter(value / full)) td.num { (percent(value)) }
                }
            }
        }
    }
}
