//! The reason why: what binds, where the time goes, and what would change it.

use groma_experiment::path::{Band, Part};
use groma_experiment::why::{WhatIf, Why};
use maud::{Markup, html};

use super::parts::meter;
use crate::format::{Unit, printable, signed_percent, unbroken};
use crate::why::{heading, lines, ranked};

/// One part a plan that was explained.
pub fn section(whys: &[Why]) -> Markup {
    html! {
        section id="why" {
            h2 { "The reason why" }
            p.note {
                "What-ifs are no model: each is the same plan with one thing changed, run again. "
                "The path of every transaction of the measured time is followed back along its causes, so that its parts add up to its latency."
            }
            @for why in whys { (one(why, whys.len() > 1)) }
        }
    }
}

fn one(why: &Why, named: bool) -> Markup {
    html! {
        @if named { h3 style="margin-top:1.4rem" { (printable(&heading(why))) } }
        @for line in lines(why) { p { (unbroken(&printable(&line))) } }
        div.two {
            (changes(why))
            (resources(why))
            @if !why.path.bands.is_empty() { (path(&why.path.bands)) }
            (bounds(why))
        }
        (hops(why))
    }
}

fn spell(value: Option<f64>, unit: Unit) -> String {
    value.map_or_else(|| "–".to_owned(), |value| unit.spell(value))
}

fn by(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), signed_percent)
}

/// A capacity that moves by less is within the search's width.
fn tone(share: Option<f64>, least: f64) -> &'static str {
    match share {
        Some(share) if share > least => "num good",
        Some(share) if share < -least => "num bad",
        _ => "num muted",
    }
}

fn changes(why: &Why) -> Markup {
    let searched = why.capacity_width.is_some();
    let width = why.capacity_width.unwrap_or(0.0);
    html! {
        div {
            h4 { "What if" }
            table.lists {
                thead { tr {
                    th { "Change" }
                    @if searched { th.num { "sustains" } th.num { "by" } }
                    th.num { "p99" } th.num { "by" }
                } }
                tbody { @for what_if in ranked(why) { (change(what_if, searched, width)) } }
            }
            p.note {
                @if searched {
                    "Capacities are searched alike, by short probes, to within " (Unit::Share.spell(width)) "; "
                }
                "p99 at the scenario's own load."
            }
        }
    }
}

fn change(what_if: &WhatIf, searched: bool, width: f64) -> Markup {
    let faster = what_if.p99_change.map(|share| -share);
    html! {
        tr {
            td { b { (what_if.name) } br; span.muted { (what_if.change) } }
            @if searched {
                td.num { (spell(what_if.capacity_tps, Unit::Tps)) }
                td class=(tone(what_if.capacity_change, width)) { (by(what_if.capacity_change)) }
            }
            td.num { (spell(what_if.finality_ms_p99, Unit::Millis)) }
            td class=(tone(faster, 0.02)) { (by(what_if.p99_change)) }
        }
    }
}

/// Less busy than this says nothing.
const WORTH_SHARE: f64 = 0.01;

fn resources(why: &Why) -> Markup {
    html! {
        div {
            h4 { "How busy at " (Unit::Tps.spell(why.offered_tps)) }
            table.lists {
                thead { tr { th { "Resource" } th.num colspan="2" { "busy" } th.num { "mean wait" } th.num { "full at" } } }
                tbody { @for resource in why.resources.iter().filter(|resource| resource.used >= WORTH_SHARE) {
                    tr {
                        td.name { (printable(&resource.name)) }
                        (meter(resource.used))
                        td.num { (Unit::Share.spell(resource.used)) }
                        td.num { (spell(resource.wait_ms, Unit::Millis)) }
                        td.num { (Unit::Tps.spell(why.goodput_tps / resource.used)) }
                    }
                } }
            }
            p.note { "Full at: the goodput at which it would be busy all the time if its use grows in proportion." }
        }
    }
}

fn path(bands: &[Band]) -> Markup {
    let most = bands
        .iter()
        .flat_map(|band| &band.rows)
        .map(|row| row.ms)
        .fold(0.0, f64::max);
    let cell = |band: &Band, part: Part| {
        band.rows
            .iter()
            .find(|row| row.part == part)
            .map(|row| row.ms)
    };
    html! {
        div {
            h4 { "Where the time goes, ms" }
            table.lists {
                thead { tr {
                    th { "Part of the path" }
                    @for band in bands { th.num colspan="2" { (band.name) } }
                } }
                tbody {
                    @for part in Part::ALL {
                        @if bands.iter().any(|band| cell(band, part).is_some()) { tr {
                            td { (part.name()) }
                            @for band in bands {
                                @let ms = cell(band, part).unwrap_or(0.0);
                                (meter(ms / most)) td.num { (format!("{ms:.2}")) }
                            }
                        } }
                    }
                    tr {
                        th { "finality" }
                        @for band in bands { td {} td.num { b { (format!("{:.2}", band.finality_ms)) } } }
                    }
                }
            }
            p.note { "p50 and p99: the mean over the transactions about that percentile." }
        }
    }
}

fn bounds(why: &Why) -> Markup {
    html! {
        div {
            h4 { "Closed forms: what each could carry if it alone bound" }
            table.lists {
                thead { tr { th { "If only this bound" } th.num { "at most" } } }
                tbody { @for bound in &why.bounds { tr {
                    td { (bound.name) br; span.muted { (bound.formula) } }
                    td.num { (Unit::Tps.spell(bound.tps)) }
                } } }
            }
        }
    }
}

/// The path of one transaction about the 99th percentile, in full.
fn hops(why: &Why) -> Markup {
    let Some(band) = why
        .path
        .bands
        .iter()
        .rev()
        .find(|band| !band.hops.is_empty())
    else {
        return html! {};
    };
    html! {
        details.data {
            summary { "One transaction of the " (band.name) ", from its block's creation" }
            table.lists {
                thead { tr { th.num { "at, ms" } th.num { "ms" } th { "Part" } th { "Where" } th { "What" } } }
                tbody { @for hop in &band.hops { tr {
                    td.num { (format!("{:.2}", hop.from_ms)) }
                    td.num { (format!("{:.2}", hop.ms)) }
                    td { (hop.part.name()) @if hop.queued { ", queue" } }
                    td { (printable(&hop.node)) }
                    td { (printable(&hop.what)) }
                } } }
            }
        }
    }
}
