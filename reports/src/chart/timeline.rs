//! From a run's windows to the panels of its time charts, with no more points
//! than can be seen.

use groma_experiment::plan::{Clock, Plan};
use groma_experiment::result::Window;

use super::axis::Scale;
use super::ink::Ink;
use super::time::{Line, Look, Panel, Span, TimeChart};
use crate::compare::Run;
use crate::describe::{fault_code, fault_label};
use crate::format::written;

/// Points of one line: more cannot be told apart in a chart of this width.
pub const POINTS: usize = 240;

/// Neighbouring windows taken together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slice {
    /// Middle, in seconds.
    pub at: f64,
    /// Mean rates per second.
    pub offered: f64,
    /// Applied per second.
    pub goodput: f64,
    /// Shed per second.
    pub shed: f64,
    /// Largest backlog.
    pub backlog: f64,
    /// Median of the windows' medians.
    pub p50: Option<f64>,
    /// Largest of the windows' 99th percentiles.
    pub p99: Option<f64>,
    /// Mean CPU use.
    pub cpu: f64,
    /// Largest egress use.
    pub egress: f64,
    /// Largest ingress use.
    pub ingress: f64,
}

/// Windows of one slice of a run with that many windows.
#[must_use]
pub fn width(windows: usize) -> usize {
    windows.div_ceil(POINTS).max(1)
}

/// The windows of a run in at most [`POINTS`] slices.
#[must_use]
pub fn slices(windows: &[Window]) -> Vec<Slice> {
    slices_of(windows, POINTS)
}

/// The windows of a run in at most `points` slices.
#[must_use]
pub fn slices_of(windows: &[Window], points: usize) -> Vec<Slice> {
    let length = Window::length_s(windows) as f64;
    windows
        .chunks(windows.len().div_ceil(points).max(1))
        .map(|chunk| {
            let seconds = chunk.len() as f64 * length;
            let rate = |of: fn(&Window) -> u64| {
                chunk.iter().map(|window| of(window) as f64).sum::<f64>() / seconds
            };
            let top = |of: fn(&Window) -> f64| chunk.iter().map(of).fold(0.0, f64::max);
            let mut medians: Vec<f64> = chunk.iter().filter_map(|w| w.finality_ms_p50).collect();
            medians.sort_by(f64::total_cmp);
            Slice {
                at: chunk[0].start_s as f64 + seconds / 2.0,
                offered: rate(|window| window.offered),
                goodput: rate(|window| window.finalised),
                shed: rate(|window| window.shed),
                backlog: top(|window| window.backlog as f64),
                p50: medians.get(medians.len() / 2).copied(),
                p99: chunk
                    .iter()
                    .filter_map(|window| window.finality_ms_p99)
                    .max_by(f64::total_cmp),
                cpu: chunk.iter().map(|window| window.cpu).sum::<f64>() / chunk.len() as f64,
                egress: top(|window| window.egress_max),
                ingress: top(|window| window.ingress_max),
            }
        })
        .collect()
}

/// Faults and unmeasured stretches of a plan, in seconds.
#[must_use]
pub fn spans(plan: &Plan) -> Vec<Span> {
    let seconds = |ns: u64| ns as f64 / 1e9;
    let mut spans = unmeasured(plan);
    for (index, fault) in plan.faults.iter().enumerate() {
        spans.push(Span {
            from: seconds(fault.at_ns),
            to: seconds(fault.until_ns.min(plan.horizon_ns())),
            label: fault_label(plan, fault),
            code: fault_code(index),
            ink: Ink::Fault,
        });
    }
    spans
}

fn unmeasured(plan: &Plan) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut at = 0_u64;
    let mut measured = false;
    for phase in &plan.load {
        let end = at + phase.for_ns;
        measured |= phase.measure;
        if !phase.measure {
            let label = if measured { "not measured" } else { "warm-up" };
            match spans.last_mut() {
                Some(last) if last.to == at as f64 / 1e9 => last.to = end as f64 / 1e9,
                _ => spans.push(shade(at, end, label)),
            }
        }
        at = end;
    }
    if plan.drain_ns > 0 {
        spans.push(shade(at, plan.horizon_ns(), "drain"));
    }
    spans
}

fn shade(from: u64, to: u64, label: &str) -> Span {
    Span {
        from: from as f64 / 1e9,
        to: to as f64 / 1e9,
        label: label.to_owned(),
        code: label.chars().take(1).collect(),
        ink: Ink::Muted,
    }
}

/// Length of the time axis: what was simulated, which ends before the horizon
/// when nothing is left to do.
fn seconds(run: &Run) -> f64 {
    let windows = &run.source.windows;
    let length = Window::length_s(windows);
    windows
        .last()
        .map_or(1.0, |last| (last.start_s + length) as f64)
}

/// The compressed days that a run plays.
#[must_use]
pub fn days(run: &Run) -> Vec<Clock> {
    Clock::compressed(&run.source.record.plan.load)
}

fn draw(ink: Ink, look: Look, slices: &[Slice], of: fn(&Slice) -> Option<f64>) -> Line {
    Line {
        ink,
        look,
        points: slices.iter().map(|slice| (slice.at, of(slice))).collect(),
    }
}

fn panel(title: &str, height: i32, lines: Vec<Line>) -> Panel {
    let values = lines
        .iter()
        .flat_map(|line| line.points.iter().filter_map(|(_, value)| *value));
    Panel {
        title: title.to_owned(),
        height,
        scale: Scale::linear(values.fold(0.0, f64::max)),
        mark: None,
        lines,
    }
}

/// Offered load and goodput, with the backlog below.
#[must_use]
pub fn throughput(run: &Run, ink: Ink) -> TimeChart {
    let slices = slices(&run.source.windows);
    let mut lines = vec![
        draw(Ink::Muted, Look::Thin, &slices, |s| Some(s.offered)),
        draw(ink, Look::Area, &slices, |s| Some(s.goodput)),
    ];
    if slices.iter().any(|slice| slice.shed > 0.0) {
        lines.push(draw(Ink::Fault, Look::Plain, &slices, |s| Some(s.shed)));
    }
    let backlog = draw(ink, Look::Area, &slices, |s| Some(s.backlog));
    let mut rates = panel("throughput, TPS", 150, lines);
    if let Some(bound) = target(run, "load.goodput_tps") {
        rates = marked(rates, bound, "target");
    }
    TimeChart {
        title: format!("Throughput and backlog over time: {}", run.label),
        seconds: seconds(run),
        days: days(run),
        spans: spans(&run.source.record.plan),
        panels: vec![rates, panel("backlog, transactions", 64, vec![backlog])],
    }
}

/// Median and tail of the finality latency.
#[must_use]
pub fn latency(run: &Run, ink: Ink) -> TimeChart {
    let slices = slices(&run.source.windows);
    let lines = vec![
        draw(ink, Look::Pale, &slices, |s| s.p50),
        draw(ink, Look::Plain, &slices, |s| s.p99),
    ];
    TimeChart {
        title: format!("Finality latency over time: {}", run.label),
        seconds: seconds(run),
        days: days(run),
        spans: spans(&run.source.record.plan),
        panels: vec![tail_panel(lines, target(run, "finality_ms.p99"), 244)],
    }
}

fn tail_panel(lines: Vec<Line>, bound: Option<f64>, height: i32) -> Panel {
    let mut tail = panel("finality latency, ms", height, lines);
    let values: Vec<f64> = tail
        .lines
        .iter()
        .flat_map(|line| line.points.iter().filter_map(|(_, value)| *value))
        .collect();
    tail.scale = Scale::fitting(values.into_iter(), 8.0);
    if tail.scale.is_log() {
        tail.title.push_str(" (logarithmic)");
    }
    match bound {
        Some(bound) => marked(tail, bound, "p99 target"),
        None => tail,
    }
}

/// Adds a bound to a panel; one far above all values would flatten them, and
/// is left to the caption.
fn marked(mut panel: Panel, bound: f64, name: &str) -> Panel {
    let (low, top) = match panel.scale {
        Scale::Linear { low, top } => (low, top),
        Scale::Log { low, top } => (low, top),
    };
    if bound <= low || bound > top * 2.5 {
        return panel;
    }
    panel.scale = match panel.scale {
        Scale::Linear { .. } => Scale::linear(bound.max(top / 1.04)),
        Scale::Log { .. } => Scale::Log {
            low,
            top: top.max(bound * 1.1),
        },
    };
    panel.mark = Some((bound, format!("{name} {}", written(bound))));
    panel
}

fn target(run: &Run, id: &str) -> Option<f64> {
    run.targets
        .iter()
        .find(|target| {
            crate::metric::Metric::of_target(&target.record.metric)
                .is_some_and(|metric| metric.id == id)
        })
        .map(|target| target.record.target)
}

/// CPU and network use.
#[must_use]
pub fn usage(run: &Run, ink: Ink) -> TimeChart {
    let slices = slices(&run.source.windows);
    let percent = |title: &str, of: fn(&Slice) -> Option<f64>| {
        let mut drawn = panel(title, 74, vec![draw(ink, Look::Area, &slices, of)]);
        if let Scale::Linear { top, .. } = drawn.scale {
            drawn.scale = Scale::percent(top / 1.04);
        }
        drawn
    };
    TimeChart {
        title: format!("Use of machines over time: {}", run.label),
        seconds: seconds(run),
        days: days(run),
        spans: spans(&run.source.record.plan),
        panels: vec![
            percent("CPU, mean of the replicas' machines, %", |s| {
                Some(s.cpu * 100.0)
            }),
            percent("egress, busiest replica's machine, %", |s| {
                Some(s.egress * 100.0)
            }),
            percent("ingress, busiest machine, %", |s| Some(s.ingress * 100.0)),
        ],
    }
}

/// Goodput and tail latency of several runs of one scenario.
#[must_use]
pub fn together(runs: &[(&Run, Ink)]) -> TimeChart {
    let sliced: Vec<(Vec<Slice>, Ink)> = runs
        .iter()
        .map(|(run, ink)| (slices(&run.source.windows), *ink))
        .collect();
    let lines = |of: fn(&Slice) -> Option<f64>| {
        sliced
            .iter()
            .map(|(slices, ink)| draw(*ink, Look::Plain, slices, of))
            .collect::<Vec<_>>()
    };
    let mut rates = lines(|s| Some(s.goodput));
    if same_load(runs)
        && let Some((first, _)) = sliced.first()
    {
        rates.insert(0, draw(Ink::Muted, Look::Thin, first, |s| Some(s.offered)));
    }
    TimeChart {
        title: "Goodput and p99 finality latency of the runs over time".to_owned(),
        seconds: runs.iter().map(|(run, _)| seconds(run)).fold(1.0, f64::max),
        days: match runs {
            [(first, _), ..] if same_load(runs) => days(first),
            _ => Vec::new(),
        },
        spans: common_spans(runs),
        panels: vec![
            panel("goodput, TPS", 130, rates),
            tail_panel(lines(|s| s.p99), None, 130),
        ],
    }
}

/// Whether all runs are offered the same, so that one line shows it.
#[must_use]
pub fn same_load(runs: &[(&Run, Ink)]) -> bool {
    all_equal(runs, |plan| &plan.load)
}

fn all_equal<T: PartialEq>(runs: &[(&Run, Ink)], of: fn(&Plan) -> &T) -> bool {
    runs.windows(2)
        .all(|pair| of(&pair[0].0.source.record.plan) == of(&pair[1].0.source.record.plan))
}

/// The spans that all runs share; faults that differ are not shaded.
fn common_spans(runs: &[(&Run, Ink)]) -> Vec<Span> {
    let mut all = runs.iter().map(|(run, _)| spans(&run.source.record.plan));
    let Some(mut common) = all.next() else {
        return Vec::new();
    };
    for other in all {
        common.retain(|span| other.contains(span));
    }
    common
}
