//! A scenario's runs in one picture each: throughput against latency, the
//! latency distribution, the stages, and the course of time.

use groma_experiment::result::{STAGES, StageRecord};
use maud::{Markup, html};

use super::parts::{Key, exact, figure, ink_of, legend, name, runs_of};
use crate::chart::bars::{self, Bar};
use crate::chart::ecdf;
use crate::chart::ink::{Ink, SERIES};
use crate::chart::knee;
use crate::chart::percentile::{self, Curve};
use crate::chart::plane::{self, Bounds, Dot};
use crate::chart::timeline;
use crate::compare::{Comparison, Run, Scenario, ranks, reached};
use crate::describe::{fault_code, fault_label, fault_text, is_compressed, time_axis};
use crate::format::Unit;
use crate::metric::Metric;
use crate::subset::{CHARTED_SCENARIOS, LINES, lines};
use crate::sweeps::{Sweep, sweeps};

/// One section a scenario.
pub fn sections(comparison: &Comparison) -> Markup {
    let all = comparison.scenarios.len();
    html! {
        section id="sides" {
            h2 { @if comparison.runs.len() == 1 { "Latency and its stages" } @else { "Side by side" } }
            @if all > CHARTED_SCENARIOS {
                p.note {
                    "Charts are drawn for the first " (CHARTED_SCENARIOS) " of " (all)
                    " scenarios; the tables above hold all of them."
                }
            }
            @for scenario in comparison.scenarios.iter().take(CHARTED_SCENARIOS) {
                @if all > 1 { h3 style="margin-top:1.4rem" { (scenario.name) } }
                (charts(comparison, scenario))
            }
        }
    }
}

fn charts(comparison: &Comparison, scenario: &Scenario) -> Markup {
    let runs = runs_of(comparison, scenario);
    let shown: Vec<(&Run, Ink)> = lines(runs)
        .into_iter()
        .map(|run| (run, ink_of(comparison, run)))
        .collect();
    let plane = spread(runs);
    // Where no plane is drawn, its place is free for the figures.
    let staged = runs
        .iter()
        .any(|run| !run.source.record.stages_ms.is_empty());
    let folded = plane || shown.len() < 2 || shown.len() > 5 || !staged;
    html! {
        @if shown.len() < runs.len() {
            p.note {
                "Lines and bars are drawn for " (LINES) " of " (runs.len())
                " runs, those with charts of their own first; the dots and the tables hold all of them."
            }
        }
        div.two {
            (distribution(comparison, &shown))
            (stages(comparison, &shown, folded))
            @if shown.len() > 1 { (course(comparison, &shown)) }
            (load_curves(runs))
            @if plane { (dots(comparison, runs)) }
            @if !folded {
                div { h4 { "Stages in figures, ms" } (stage_table(comparison, &shown)) }
            }
        }
        (faults(runs))
    }
}

fn named(comparison: &Comparison, shown: &[(&Run, Ink)]) -> Vec<(Ink, Key, Markup)> {
    shown
        .iter()
        .map(|(run, ink)| (*ink, Key::Line, name(comparison, run)))
        .collect()
}

fn distribution(comparison: &Comparison, shown: &[(&Run, Ink)]) -> Markup {
    let of = |kind: &str, ink: Ink, run: &'_ Run| {
        run.source
            .histograms
            .get(kind)
            .filter(|values| !values.is_empty())
            .map(|_| ink)
    };
    // A lone run shows its parts instead of its rivals.
    let alone = shown.len() == 1;
    let kinds: &[(&str, usize, &str)] = if alone {
        &[
            ("finality", 0, "finality: to the client"),
            ("commit", 1, "commit: to the first correct replica"),
            ("consensus", 2, "consensus: block creation to first commit"),
        ]
    } else {
        &[("finality", 0, "")]
    };
    let mut curves = Vec::new();
    let mut entries = Vec::new();
    for (run, ink) in shown {
        for (kind, place, text) in kinds {
            let ink = if alone { Ink::Series(*place) } else { *ink };
            if of(kind, ink, run).is_some() {
                curves.push(Curve {
                    ink,
                    values: &run.source.histograms[*kind],
                });
                let text = if alone {
                    html! { (text) }
                } else {
                    name(comparison, run)
                };
                entries.push((ink, Key::Line, text));
            }
        }
    }
    if curves.is_empty() {
        return html! {};
    }
    let svg = percentile::draw("Latency distribution by percentile", &curves);
    let weighed = shown
        .iter()
        .any(|(run, _)| is_compressed(&run.source.record.plan));
    let cumulated = ecdf::draw("Share of transactions by latency", &curves);
    html! {
        (figure(
            "Latency distribution",
            &legend(&entries),
            &svg,
            &html! {
                "Across: share of transactions, with every further nine as wide as the one before; up: latency in milliseconds from the "
                em { "intended" } " send time"
                @if alone { " (consensus: from the block's creation)" }
                "; measured phases only."
                @if weighed { " Of a compressed day each transaction counts as often as its phase stands for." }
            },
        ))
        (figure("How many are final by when", &legend(&entries), &cumulated, &html! {
            "Across: latency in milliseconds, logarithmic, from the fastest to the slowest thousandth; up: share of transactions that are at least as fast."
        }))
    }
}

/// Throughput-latency curves, where the load was varied.
fn load_curves(runs: &[Run]) -> Markup {
    let sweeps = sweeps(runs);
    if sweeps.is_empty() {
        return html! {};
    }
    let shown = &sweeps[..sweeps.len().min(SERIES)];
    let curves: Vec<knee::Curve> = shown
        .iter()
        .enumerate()
        .map(|(index, sweep)| load_curve(sweep, Ink::Series(index)))
        .collect();
    let entries: Vec<_> = shown
        .iter()
        .enumerate()
        .map(|(index, sweep)| (Ink::Series(index), Key::Line, html! { (sweep.label) }))
        .collect();
    let marks = knee::Marks {
        latency: shared(runs, "finality_ms.p99"),
        ..knee::Marks::default()
    };
    let svg = knee::draw(
        "Offered load against p99 finality latency",
        "p99 finality latency, ms",
        &curves,
        marks,
    );
    figure(
        "Latency under rising load",
        &legend(&entries),
        &svg,
        &html! {
            "Across: offered load; up: 99th percentile of finality latency in milliseconds. Dot: the load is sustained; cross: it is not; ring: the knee, where latency begins to climb."
            @if marks.latency.is_some() { " Dashed: the target." }
            @if shown.len() < sweeps.len() { " The first " (shown.len()) " of " (sweeps.len()) " curves are drawn." }
        },
    )
}

fn load_curve(sweep: &Sweep, ink: Ink) -> knee::Curve {
    let bare: Vec<(f64, f64)> = sweep.points.iter().map(|p| (p.0, p.1)).collect();
    knee::Curve {
        ink,
        pale: false,
        knee: crate::knee::knee(&bare),
        points: sweep
            .points
            .iter()
            .map(|&(offered, latency, passed)| knee::Point {
                offered,
                latency,
                passed,
            })
            .collect(),
    }
}

fn stages(comparison: &Comparison, shown: &[(&Run, Ink)], folded: bool) -> Markup {
    let mean = |run: &Run, stage: &str| -> Option<f64> {
        run.source.record.stages_ms.get(stage).and_then(|s| s.mean)
    };
    let bars: Vec<Bar> = shown
        .iter()
        .filter(|(run, _)| STAGES.iter().any(|stage| mean(run, stage).is_some()))
        .map(|(run, _)| {
            let parts: Vec<f64> = STAGES
                .iter()
                .map(|stage| mean(run, stage).unwrap_or(0.0))
                .collect();
            Bar {
                label: format!("{} {}", run.number, run.label),
                total: Unit::Millis.spell(parts.iter().sum()),
                parts,
            }
        })
        .collect();
    if bars.is_empty() {
        return html! {};
    }
    let entries: Vec<_> = STAGES
        .iter()
        .enumerate()
        .map(|(index, stage)| (Ink::Stage(index), Key::Box, html! { (stage) }))
        .collect();
    let svg = bars::draw("Mean finality latency by stage", &bars);
    html! {
        div {
            (figure("Where the time goes", &legend(&entries), &svg, &html! {
                "Across: mean milliseconds of a transaction in each stage of its path, in order; together they are the mean finality latency."
            }))
            @if folded {
                details.data { summary { "Figures of the stages, ms" } (stage_table(comparison, shown)) }
            }
        }
    }
}

fn stage_table(comparison: &Comparison, shown: &[(&Run, Ink)]) -> Markup {
    html! {
        table.runs {
            thead { tr { th { "Run" } @for stage in STAGES { th.num { (stage) } } } }
            @for (part, of) in PARTS { tbody {
                tr.group { th colspan=(STAGES.len() + 1) { (part) } }
                @for (run, _) in shown { tr {
                    th { (name(comparison, run)) }
                    @for stage in STAGES { (stage_cell(run, stage, part, of)) }
                } }
            } }
        }
    }
}

type Part = (&'static str, fn(&StageRecord) -> Option<f64>);

const PARTS: [Part; 3] = [
    ("mean", |stage| stage.mean),
    ("p50", |stage| stage.p50),
    ("p99", |stage| stage.p99),
];

fn stage_cell(run: &Run, stage: &str, part: &str, of: fn(&StageRecord) -> Option<f64>) -> Markup {
    let value = run.source.record.stages_ms.get(stage).and_then(of);
    // Milliseconds all over the table, whatever the size.
    let scale = Unit::Millis.row_scale(1.0, 1.0);
    let text = value.map_or_else(|| "–".to_owned(), |value| scale.number(value));
    exact(
        &format!("stages_ms.{stage}.{part}"),
        run,
        value,
        &html! { (text) },
    )
}

fn course(comparison: &Comparison, shown: &[(&Run, Ink)]) -> Markup {
    if shown.iter().all(|(run, _)| run.source.windows.is_empty()) {
        return html! {};
    }
    let mut entries = named(comparison, shown);
    let alike = timeline::same_load(shown);
    let across = match shown {
        [(first, _), ..] if alike => time_axis(&first.source.record.plan),
        _ => "virtual time".to_owned(),
    };
    if alike {
        entries.insert(0, (Ink::Muted, Key::Thin, html! { "offered" }));
    }
    figure(
        "Goodput and tail over time",
        &legend(&entries),
        &timeline::together(shown).draw(),
        &html! {
            "Across: " (across) "; up: transactions applied per second (above) and the 99th percentile of finality latency in milliseconds of what became final then (below). "
            "Shaded: faults and time that is not measured."
        },
    )
}

/// Whether the runs differ enough in goodput for a plane to tell something.
fn spread(runs: &[Run]) -> bool {
    let goodputs = runs
        .iter()
        .map(|run| reached(run, run.source.record.load.goodput_tps));
    let most = goodputs.clone().fold(0.0, f64::max);
    let least = goodputs.fold(f64::INFINITY, f64::min);
    runs.len() > 1 && most - least > 0.02 * most
}

fn dots(comparison: &Comparison, runs: &[Run]) -> Markup {
    let few = runs.len() <= LINES;
    let dots: Vec<Dot> = runs
        .iter()
        .filter_map(|run| {
            let record = &run.source.record;
            Some(Dot {
                label: if few {
                    format!("{} {}", run.number, run.label)
                } else {
                    String::new()
                },
                ink: ink_of(comparison, run),
                full: ranks(run),
                goodput: record.load.goodput_tps,
                p99: record.finality_ms.p99?,
            })
        })
        .collect();
    if dots.len() < 2 {
        return html! {};
    }
    let bounds = Bounds {
        goodput: shared(runs, "load.goodput_tps"),
        p99: shared(runs, "finality_ms.p99"),
    };
    let svg = plane::draw("Goodput against p99 finality latency", &dots, bounds);
    figure(
        "Throughput against latency",
        &html! {},
        &svg,
        &html! {
            "Across: goodput in TPS; up: 99th percentile of finality latency in milliseconds; one dot a run, hollow where the load is not sustained. "
            @if bounds.goodput.is_some() || bounds.p99.is_some() { "Dashed: targets; every target is met in the tinted corner." }
        },
    )
}

/// A target that all runs of the scenario have.
fn shared(runs: &[Run], id: &str) -> Option<f64> {
    let of = |run: &Run| {
        run.targets
            .iter()
            .find(|target| Metric::of_target(&target.record.metric).is_some_and(|m| m.id == id))
            .map(|target| target.record.target)
    };
    let first = of(runs.first()?)?;
    runs.iter()
        .all(|run| of(run) == Some(first))
        .then_some(first)
}

/// The faults in full, where all runs have the same.
fn faults(runs: &[Run]) -> Markup {
    let Some(first) = runs.first().map(|run| &run.source.record.plan) else {
        return html! {};
    };
    let same = runs
        .iter()
        .all(|run| run.source.record.plan.faults == first.faults);
    html! {
        @if !same {
            p.note { "The runs have different faults; the charts of each run show its own." }
        } @else if !first.faults.is_empty() {
            ul.faults {
                @for (index, fault) in first.faults.iter().enumerate() {
                    li { b { (fault_code(index)) } (fault_label(first, fault)) ": " (fault_text(first, fault)) }
                }
            }
        }
    }
}
