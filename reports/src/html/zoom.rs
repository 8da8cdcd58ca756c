//! Zooming into time charts: the data beside the page's pictures, and the small
//! library that draws them. The pictures stay for paper and for readers
//! without scripts; a page without time charts carries none of this.

use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use crate::chart::ink::Ink;
use crate::chart::timeline::{Slice, days, slices_of, spans};
use crate::compare::{Comparison, Run};

/// uPlot 1.6.32, as published; a test compares it with its checksums.
const LIBRARY: &str = include_str!("../../vendor/uplot/uPlot.iife.min.js");
const LIBRARY_STYLE: &str = include_str!("../../vendor/uplot/uPlot.min.css");
const LICENCE: &str = include_str!("../../vendor/uplot/LICENSE");
const GLUE: &str = include_str!("zoom.js");

/// Points of a run's columns: every second of twenty minutes, and a page of
/// twelve such runs carries less than a megabyte of them.
pub const POINTS: usize = 1_200;

/// One panel of a chart: its title and its lines.
#[derive(Clone, Debug, Serialize)]
pub struct Panel {
    title: &'static str,
    lines: Vec<(&'static str, &'static str)>,
}

/// A panel that draws these columns in these colours.
pub fn panel(title: &'static str, lines: &[(&'static str, Ink)]) -> Panel {
    Panel {
        title,
        lines: lines
            .iter()
            .map(|(column, ink)| (*column, ink.name()))
            .collect(),
    }
}

#[derive(Serialize)]
struct Chart<'a> {
    run: usize,
    panels: &'a [Panel],
}

/// The place of a chart that can be zoomed: its picture, and what to draw over
/// it when asked.
pub fn over(run: &Run, panels: &[Panel], picture: &Markup) -> Markup {
    let chart = Chart {
        run: run.number,
        panels,
    };
    let chart = serde_json::to_string(&chart).expect("names and numbers are JSON");
    html! { div.zoomable data-zoom=(chart) { (picture) } }
}

/// Columns of one run, a value a slice of time; null where there is none.
#[derive(Serialize)]
struct Columns {
    run: usize,
    /// Beginning, end and colour of faults and unmeasured time.
    spans: Vec<(f64, f64, &'static str)>,
    /// Seconds of the run, with those since midnight that they play, of each compressed
    /// day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    days: Vec<Vec<(f64, f64)>>,
    time: Vec<f64>,
    offered: Vec<f64>,
    goodput: Vec<f64>,
    shed: Vec<f64>,
    backlog: Vec<f64>,
    p50: Vec<Option<f64>>,
    p99: Vec<Option<f64>>,
    cpu: Vec<f64>,
    egress: Vec<f64>,
    ingress: Vec<f64>,
}

impl Columns {
    fn of(run: &Run) -> Self {
        let slices = slices_of(&run.source.windows, POINTS);
        let column = |of: fn(&Slice) -> f64, digits: i32| -> Vec<f64> {
            slices
                .iter()
                .map(|slice| rounded(of(slice), digits))
                .collect()
        };
        let optional = |of: fn(&Slice) -> Option<f64>| -> Vec<Option<f64>> {
            let rounded = |slice| of(slice).map(|value| rounded(value, 1));
            slices.iter().map(rounded).collect()
        };
        Self {
            run: run.number,
            spans: spans(&run.source.record.plan)
                .into_iter()
                .map(|span| (span.from, span.to, span.ink.name()))
                .collect(),
            days: days(run)
                .iter()
                .map(|day| {
                    let knots = day.knots().iter();
                    let seconds = |ns: u64| rounded(ns as f64 / 1e9, 3);
                    knots
                        .map(|&(time, played)| (seconds(played), seconds(time)))
                        .collect()
                })
                .collect(),
            time: column(|slice| slice.at, 1),
            offered: column(|slice| slice.offered, 0),
            goodput: column(|slice| slice.goodput, 0),
            shed: column(|slice| slice.shed, 0),
            backlog: column(|slice| slice.backlog, 0),
            p50: optional(|slice| slice.p50),
            p99: optional(|slice| slice.p99),
            cpu: column(|slice| slice.cpu * 100.0, 2),
            egress: column(|slice| slice.egress * 100.0, 2),
            ingress: column(|slice| slice.ingress * 100.0, 2),
        }
    }
}

/// Fewer digits than the eye can tell apart, to keep the page small.
fn rounded(value: f64, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    (value * factor).round() / factor
}

/// The styles of the library.
pub fn style() -> &'static str {
    LIBRARY_STYLE
}

/// The data of all runs with charts of their own, the library, and what joins
/// them.
pub fn scripts(comparison: &Comparison) -> Markup {
    let columns: Vec<Columns> = comparison
        .runs
        .iter()
        .filter(|run| run.charted.is_some() && !run.source.windows.is_empty())
        .map(Columns::of)
        .collect();
    let columns = serde_json::to_string(&columns).expect("finite numbers are JSON");
    html! {
        script type="application/json" id="zoom-data" { (PreEscaped(columns)) }
        script { (PreEscaped(library())) }
        script { (PreEscaped(GLUE)) }
    }
}

/// The library under its licence instead of under its own first line, which
/// names an address.
fn library() -> String {
    let code = LIBRARY.split_once("*/").map_or(LIBRARY, |(_, code)| code);
    format!("/*\nuPlot 1.6.32\n{LICENCE}*/{code}")
}
