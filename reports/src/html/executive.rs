//! The architect's page: whether the designs carry a city's load, how much is
//! left, what breaks first, and under which assumptions.

use std::collections::BTreeSet;

use groma_experiment::certificate::{CITY_TPS, Certificate};
use maud::{Markup, html};

use super::parts::{language, meter};
use crate::capacity::{Design, Family, criterion};
use crate::describe::{fault_text, sharing};
use crate::format::{Unit, bit_rate, printable, unbroken};

/// The answers, a table of designs each, and the assumptions.
pub fn section(families: &[Family<'_>]) -> Markup {
    html! {
        section.hero id="capacity" {
            @if let [only] = families {
                h1 { (only.name) }
            } @else {
                h1 { "Capacity of " (families.len()) " scenarios" }
            }
            @for family in families { (answer(family, families.len() > 1)) (designs(family)) }
            (assumptions(families))
        }
    }
}

fn answer(family: &Family<'_>, named: bool) -> Markup {
    html! {
        @if named { h2 style="margin-top:1.4rem" { (family.name) } }
        @if !family.why.is_empty() {
            p.why lang=[language(&family.why)] { (family.why) }
        }
        p class={ "answer " @if family.clears { "good" } @else { "bad" } } {
            (unbroken(&family.answer))
        }
    }
}

/// Rows of the executive table; the details hold all designs.
const LISTED: usize = 24;

fn designs(family: &Family<'_>) -> Markup {
    let most = family
        .designs
        .iter()
        .filter_map(|design| design.certificate.sustained_tps)
        .fold(CITY_TPS, f64::max);
    html! {
        div.scroll { table.designs style="margin-top:1rem" {
            thead { tr {
                th { "Design" } th.num colspan="2" { "Sustains" } th.num { "Headroom" } th.num { "p99 there" }
                th { "Breaks first" } th { "What binds" }
                th.num { "Storage a year, replica" } th.num { "Network a day" }
            } }
            tbody { @for design in family.designs.iter().take(LISTED) { (row(design, most)) } }
        } }
        @if family.designs.len() > LISTED {
            p.note { (family.designs.len() - LISTED) " further designs are in the details below." }
        }
    }
}

fn row(design: &Design<'_>, most: f64) -> Markup {
    let certificate = design.certificate;
    let spelled = |unit: Unit, value: Option<f64>| {
        value.map_or_else(|| "–".to_owned(), |value| unit.spell(value))
    };
    let tone = if design.clears() { "good" } else { "bad" };
    html! {
        tr {
            th.name { (design.label) }
            (meter(certificate.sustained_tps.unwrap_or(0.0) / most))
            td class={ "num " (tone) } { b { (design.sustained()) } }
            td.num { (headroom(certificate)) }
            td.num { (spelled(Unit::Millis, certificate.finality_ms.p99)) }
            td { (unbroken(&breaks(certificate))) }
            td { (unbroken(&printable(&certificate.binds))) }
            td.num { (spelled(Unit::Bytes, certificate.storage_bytes_per_year)) }
            td.num { (spelled(Unit::Bytes, certificate.network_bytes_per_day)) }
        }
    }
}

fn headroom(certificate: &Certificate) -> String {
    certificate.headroom_to_10k.map_or_else(
        || "–".to_owned(),
        |ratio| match certificate.failed_tps {
            Some(_) => format!("×{ratio:.2}"),
            // The search ended at its limit: a lower bound.
            None => format!("≥ ×{ratio:.2}"),
        },
    )
}

/// What fails next, and at which load.
fn breaks(certificate: &Certificate) -> String {
    match certificate.failed_tps {
        Some(tps) => format!(
            "at {}: {}",
            Unit::Tps.spell(tps),
            printable(&certificate.failed_because)
        ),
        None => format!(
            "nothing up to {}, the limit of the search",
            Unit::Tps.spell(certificate.ceiling_tps)
        ),
    }
}

/// What the answer rests on, each said once for all designs that share it.
fn assumptions(families: &[Family<'_>]) -> Markup {
    let all: Vec<&Certificate> = families
        .iter()
        .flat_map(|family| family.designs.iter().map(|design| design.certificate))
        .collect();
    let each = |of: &dyn Fn(&Certificate) -> String| -> String {
        let said: BTreeSet<String> = all.iter().map(|certificate| of(certificate)).collect();
        match said.len() {
            0..=3 => said.into_iter().collect::<Vec<_>>().join("; "),
            many => format!("{many} different ones, in the certificates"),
        }
    };
    html! {
        h2 style="margin-top:1.4rem" { "Assumptions" }
        dl.pairs.assumptions {
            @for (name, text) in facts(&each) { dt { (name) } dd { (unbroken(&printable(&text))) } }
        }
    }
}

type Each<'a> = &'a dyn Fn(&dyn Fn(&Certificate) -> String) -> String;

fn facts(each: Each<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("method", "simulated machines and network under real protocol and ledger code; an open loop, latency from the intended send time".to_owned()),
        ("sustained", each(&|c| {
            let extra = criterion(&c.target);
            let extra = if extra.is_empty() { extra } else { format!(", {extra}") };
            format!("at least 99 % answered, no growing backlog, no invariant broken{extra}")
        })),
        ("search", each(&|c| {
            let limit = if c.failed_tps.is_none() { "; ended at its limit" } else { "" };
            format!("bisected to {} of the load, {}{limit}; confirmed by a longer run", Unit::Share.spell(c.width), seeds(c.seeds.len()))
        })),
        ("replicas", each(&|c| {
            let regions: Vec<String> = c.plan.committee.iter().map(|r| format!("{} {}", r.region, r.replicas)).collect();
            format!("{}: {}", c.plan.replicas(), regions.join(", "))
        })),
        ("network", each(&|c| format!("{} ({})", c.plan.network.name, c.plan.network.source))),
        ("machine", each(&|c| format!(
            "{}: {}, {} out, {} in ({})",
            c.plan.machine.name, cores(c.plan.machine.cores), bit_rate(c.plan.machine.egress_bps), bit_rate(c.plan.machine.ingress_bps), c.plan.machine.source
        ))),
        ("interfaces", each(&|c| sharing(c.plan.network.sharing).to_owned())),
        ("prices", each(&|c| format!("{} ({})", c.plan.costs.name, c.plan.costs.source))),
        ("workload", each(&|c| c.plan.workload.mix.iter().map(|part| part.workload.clone()).collect::<Vec<_>>().join(", "))),
        ("faults", each(&|c| match c.plan.faults.as_slice() {
            [] => "none".to_owned(),
            faults => faults.iter().map(|fault| fault_text(&c.plan, fault)).collect::<Vec<_>>().join(", "),
        })),
        ("build", each(&|c| c.build.chars().take(16).collect())),
    ]
}

fn cores(number: u32) -> String {
    match number {
        0 => "CPU is free".to_owned(),
        1 => "1 core".to_owned(),
        many => format!("{many} cores"),
    }
}

fn seeds(number: usize) -> String {
    if number == 1 {
        "one seed".to_owned()
    } else {
        format!("a majority of {number} seeds")
    }
}
