//! How the searches for capacity went: the curve of their probes, capacity over
//! what was varied, and every probe in figures.

use groma_experiment::certificate::{CITY_TPS, Certificate, Headroom, Probe, Step};
use maud::{Markup, html};

use super::parts::{Key, figure, legend};
use crate::capacity::{Design, Family, Surface};
use crate::certificate::times;
use crate::chart::heat;
use crate::chart::ink::{Ink, SERIES};
use crate::chart::knee::{self, Curve, Marks, Point};
use crate::chart::levels::{self, Level};
use crate::format::{Unit, printable};
use crate::knee::knee as bend;
use crate::metric::Metric;

/// Bars in one chart.
const BARS: usize = 16;

/// The details of every family.
pub fn section(families: &[Family<'_>]) -> Markup {
    html! {
        section id="probes" {
            h2 { "How capacity was found" }
            @for family in families {
                @if families.len() > 1 { h3 style="margin-top:1.2rem" { (family.name) } }
                div.two {
                    (curves(family))
                    (over_values(family))
                }
                (own_load(family))
                (tables(family))
            }
        }
    }
}

/// Probes by load, the last of equal loads, which is the longest.
fn by_load(certificate: &Certificate) -> Vec<&Probe> {
    let mut probes: Vec<&Probe> = certificate.probes.iter().rev().collect();
    probes.sort_by(|a, b| a.offered_tps.total_cmp(&b.offered_tps));
    probes.dedup_by(|later, earlier| later.offered_tps == earlier.offered_tps);
    probes
}

fn curve(
    certificate: &Certificate,
    ink: Ink,
    pale: bool,
    of: fn(&Probe) -> Option<f64>,
) -> Option<Curve> {
    let points: Vec<Point> = by_load(certificate)
        .into_iter()
        .filter_map(|probe| {
            Some(Point {
                offered: probe.offered_tps,
                latency: of(probe)?,
                passed: probe.passed,
            })
        })
        .collect();
    let bare: Vec<(f64, f64)> = points.iter().map(|p| (p.offered, p.latency)).collect();
    (!points.is_empty()).then(|| Curve {
        ink,
        pale,
        knee: if pale { None } else { bend(&bare) },
        points,
    })
}

fn curves(family: &Family<'_>) -> Markup {
    let shown: Vec<(usize, &Design<'_>)> = family.designs.iter().enumerate().take(SERIES).collect();
    let alone = family.designs.len() == 1;
    let mut drawn = Vec::new();
    let mut entries = Vec::new();
    for (index, design) in &shown {
        let ink = Ink::Series(*index);
        if alone {
            drawn.extend(curve(design.certificate, ink, true, |p| p.finality_ms_p50));
        }
        drawn.extend(curve(design.certificate, ink, false, |p| p.finality_ms_p99));
        if alone {
            entries.push((ink, Key::Line, html! { "p99" }));
            entries.push((ink, Key::Pale, html! { "p50" }));
        } else {
            entries.push((ink, Key::Line, html! { (design.label) }));
        }
    }
    if drawn.is_empty() {
        return html! {};
    }
    let first = family.designs[0].certificate;
    let marks = Marks {
        load: Some(CITY_TPS),
        latency: latency_target(family),
        cliff: first.sustained_tps.zip(first.failed_tps).filter(|_| alone),
    };
    let svg = knee::draw(
        "Offered load against finality latency of the probes",
        if alone {
            "finality latency, ms"
        } else {
            "p99 finality latency, ms"
        },
        &drawn,
        marks,
    );
    figure(
        "Throughput against latency: the probes",
        &legend(&entries),
        &svg,
        &html! {
            "Across: offered load; up: finality latency in milliseconds. Dot: the load passed; cross: it failed; ring: the knee, where latency begins to climb. "
            @if alone { "Tinted: between the highest load that passed and the lowest that failed. " }
            (dashed(&drawn, marks))
            @if shown.len() < family.designs.len() { " The first " (shown.len()) " of " (family.designs.len()) " designs are drawn; the tables hold all." }
        },
    )
}

fn dashed(drawn: &[Curve], marks: Marks) -> &'static str {
    let city = marks.load.is_some_and(|load| knee::shows(drawn, load));
    match (city, marks.latency.is_some()) {
        (true, true) => "Dashed: the city's load and the bound of p99.",
        (true, false) => "Dashed: the city's load.",
        (false, true) => "Dashed: the bound of p99; the city's load lies beyond the chart.",
        (false, false) => "The city's load lies beyond the chart.",
    }
}

/// The bound of p99 that all designs of a family share.
fn latency_target(family: &Family<'_>) -> Option<f64> {
    let of = |certificate: &Certificate| {
        certificate
            .target
            .iter()
            .find(|target| {
                Metric::of_target(&target.metric).is_some_and(|m| m.id == "finality_ms.p99")
            })
            .map(|target| target.target)
    };
    let first = of(family.designs[0].certificate)?;
    family
        .designs
        .iter()
        .all(|design| of(design.certificate) == Some(first))
        .then_some(first)
}

fn over_values(family: &Family<'_>) -> Markup {
    match &family.surface {
        Some(surface) if surface.down.is_some() => heat_map(surface),
        _ if family.designs.len() > 1 => bars(family),
        _ => html! {},
    }
}

fn heat_map(surface: &Surface) -> Markup {
    let svg = heat::draw("Sustained load over two varied values", surface);
    figure(
        "Where capacity falls off",
        &html! {},
        &svg,
        &html! {
            "Each cell: the load that is sustained, in TPS (0: none), stronger for more; –: not searched. "
            "Red lines: cliffs, where a neighbour falls below the city's " (Unit::Tps.spell(CITY_TPS)) " or below half."
        },
    )
}

fn bars(family: &Family<'_>) -> Markup {
    let levels: Vec<Level> = family
        .designs
        .iter()
        .take(BARS)
        .enumerate()
        .map(|(index, design)| Level {
            label: design.label.clone(),
            ink: if index < SERIES {
                Ink::Series(index)
            } else {
                Ink::Muted
            },
            tps: design.certificate.sustained_tps.unwrap_or(0.0),
            text: design
                .certificate
                .sustained_tps
                .map_or_else(|| "none".to_owned(), |tps| Unit::Tps.scale(tps).number(tps)),
        })
        .collect();
    let svg = levels::draw("Sustained load of each design", &levels, CITY_TPS);
    figure(
        "What each design sustains",
        &html! {},
        &svg,
        &html! {
            "Across: the highest load that is sustained, in TPS; dashed: the city's " (Unit::Tps.spell(CITY_TPS)) "."
            @if levels.len() < family.designs.len() { " The first " (levels.len()) " of " (family.designs.len()) " designs are drawn." }
        },
    )
}

/// What the scenario's own load asks for, and how many times each design sustains it.
fn own_load(family: &Family<'_>) -> Markup {
    let designs = family.designs.iter();
    let rows: Vec<(&Design<'_>, Headroom)> = designs
        .filter_map(|design| Some((design, design.certificate.demand?)))
        .collect();
    let tps = |tps: f64| Unit::Tps.scale(tps).number(tps);
    let table = html! {
        div.scroll { table.runs {
            thead { tr {
                th { "Design" } th.num { "mean, TPS" } th.num { "peak hour, TPS" } th.num { "worst second, TPS" } th.num { "sustained" }
            } }
            tbody { @for (design, demand) in &rows { tr {
                td { (design.label) }
                td.num { (tps(demand.mean_tps)) }
                td.num { (tps(demand.peak_hour_tps)) }
                td.num { (tps(demand.worst_second_tps)) }
                td.num { (times(design.certificate, demand.times)) }
            } } }
        } }
        p.note { "What the scenario's own load asks for in true time, and how many times it, shape and all, is sustained." }
    };
    html! {
        @if rows.is_empty() {
        } @else if rows.len() <= FOLDED {
            h4 style="margin-top:1.2rem" { "The scenario's own load" }
            (table)
        } @else {
            details.data { summary { "The scenario's own load against all " (rows.len()) " designs" } (table) }
        }
    }
}

/// Designs whose probes are folded one by one; of more, all together.
const FOLDED: usize = 6;

fn tables(family: &Family<'_>) -> Markup {
    let each = html! {
        @for design in &family.designs {
            details.data {
                summary { "Probes of " (design.label) ", " (design.certificate.probes.len()) }
                (probes(design.certificate))
            }
        }
    };
    html! {
        @if family.designs.len() <= FOLDED {
            (each)
        } @else {
            details.data { summary { "Probes of all " (family.designs.len()) " designs" } (each) }
        }
    }
}

fn probes(certificate: &Certificate) -> Markup {
    let millis =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| Unit::Millis.spell(ms));
    html! {
        div.scroll { table.runs {
            thead { tr {
                th { "Step" } th.num { "offered, TPS" } th.num { "measured, s" } th.num { "seeds passed" } th { "Verdict" }
                th.num { "goodput, TPS" } th.num { "p50" } th.num { "p99" } th { "Why it failed" } th { "Busiest" }
            } }
            tbody { @for probe in &certificate.probes { tr {
                td { (step(probe.step)) }
                td.num { (Unit::Tps.scale(probe.offered_tps).number(probe.offered_tps)) }
                td.num { (Unit::Seconds.scale(1.0).number(probe.measured_seconds)) }
                td.num { (probe.passed_seeds) " of " (certificate.seeds.len()) }
                td class=(if probe.passed { "good" } else { "bad" }) { @if probe.passed { "✓ passed" } @else { "✗ failed" } }
                td.num { (Unit::Tps.scale(probe.goodput_tps).number(probe.goodput_tps)) }
                td.num { (millis(probe.finality_ms_p50)) }
                td.num { (millis(probe.finality_ms_p99)) }
                td { (printable(&probe.because)) }
                td { (printable(&probe.binds)) }
            } } }
        } }
        p.note { "Certificate " code { (certificate.key) } ", build " code { (certificate.build.chars().take(16).collect::<String>()) } "." }
    }
}

fn step(step: Step) -> &'static str {
    match step {
        Step::Bracket => "bracket",
        Step::Bisect => "bisect",
        Step::Confirm => "confirm",
    }
}
