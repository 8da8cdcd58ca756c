//! What attacks cost: each attacked run below the run of the same plan that was left
//! in peace.

use maud::{Markup, html};

use super::parts::{chip, exact, name};
use crate::attack::{Attack, Attacks, Change, FIGURES, Family, attacks};
use crate::compare::{Comparison, Scenario};

/// One section, when a run has Byzantine replicas; else nothing.
pub fn section(comparison: &Comparison) -> Markup {
    let of = |scenario| Some((scenario, attacks(comparison, scenario)?));
    let found: Vec<(&Scenario, Attacks)> = comparison.scenarios.iter().filter_map(of).collect();
    if found.is_empty() {
        return html! {};
    }
    html! {
        section id="attack" {
            h2 { "Cost of the attack" }
            p.note {
                "Each attacked run below the run of the same plan without Byzantine replicas, and its change against that. "
                "Blocks/s counts blocks with transactions; chain growth is the share of the blocks made that are on the chain, where the protocol says what it makes; "
                "the adversary's share is that of all committed blocks. What the adversary did is counted as it happens: 0 attempts is an attack that found nothing to do."
            }
            @for (scenario, attacks) in &found {
                @if comparison.scenarios.len() > 1 { h3 style="margin-top:1.2rem" { (scenario.name) } }
                @if let Some(dearest) = attacks.dearest(comparison) { p { b { (dearest) } } }
                @if attacks.families.iter().any(|family| family.base.is_none()) {
                    p.note { "Figures without a change have no base: no run of the same plan without Byzantine replicas is in this report." }
                }
                (table(comparison, attacks))
            }
        }
    }
}

fn table(comparison: &Comparison, attacks: &Attacks) -> Markup {
    let shown = attacks.shown(comparison);
    html! {
        div.scroll { table.runs.attacks {
            thead { tr {
                th { "Run" }
                @for place in &shown {
                    @let row = comparison.row(FIGURES[*place]);
                    th.num title=(row.head()) { (row.short_head()) }
                }
                th { "What the adversary did" }
            } }
            @for family in &attacks.families { (family_rows(comparison, family, &shown)) }
        } }
    }
}

fn family_rows(comparison: &Comparison, family: &Family, shown: &[usize]) -> Markup {
    html! {
        tbody {
            @if let Some(base) = family.base {
                tr.peace {
                    (named(comparison, base))
                    @for place in shown { (figure(comparison, base, *place, None)) }
                    td.muted { "base" }
                }
            }
            @for attack in &family.attacked {
                tr {
                    (named(comparison, attack.run))
                    @for place in shown { (figure(comparison, attack.run, *place, change(attack, *place))) }
                    td { @for deed in &attack.deeds { div { (deed) } } }
                }
            }
        }
    }
}

fn named(comparison: &Comparison, run: usize) -> Markup {
    let run = &comparison.runs[run];
    html! {
        th {
            (name(comparison, run))
            @if !run.outcome.as_expected { " " (chip(run.outcome)) }
        }
    }
}

fn change(attack: &Attack, place: usize) -> Option<&Change> {
    attack.changes[place].as_ref()
}

fn figure(comparison: &Comparison, run: usize, place: usize, change: Option<&Change>) -> Markup {
    let row = comparison.row(FIGURES[place]);
    let cell = &row.cells[run];
    let text = html! {
        (cell.number)
        @if let Some(change) = change {
            small.bad[change.worse] { (change.text) }
        }
    };
    exact(row.metric.id, &comparison.runs[run], cell.value, &text)
}
