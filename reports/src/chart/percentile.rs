//! The latency distribution on an axis of nines: the way from 90 % to 99 % is
//! as long as the way from 99 % to 99.9 %, so that the tail can be read.

use hdrhistogram::Histogram;
use plotters::chart::ChartBuilder;
use plotters::series::LineSeries;

use super::axis::Scale;
use super::ink::Ink;
use super::svg::{Canvas, Drawn, FINE, Label, chart, line, rule, write};
use super::time::WIDTH;

const HEIGHT: i32 = 286;
const LEFT: i32 = 58;
const RIGHT: i32 = 30;
const TOP: i32 = 24;
const BOTTOM: i32 = 46;
/// Points for each nine.
const STEPS: i32 = 24;
/// The longest axis: 99.999 %.
const NINES: i32 = 5;

/// One distribution, of microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// Its colour.
    pub ink: Ink,
    /// Its values.
    pub values: &'a Histogram<u64>,
}

/// Nines that so many values can support: the last point stands for at least
/// ten of them.
fn nines(curves: &[Curve<'_>]) -> i32 {
    let most = curves.iter().map(|curve| curve.values.len()).max();
    let most = most.unwrap_or(0).max(1) as f64;
    ((most / 10.0).log10().floor() as i32).clamp(1, NINES)
}

/// The curve as nines and milliseconds, from 1 %: the smallest value of all
/// would only stretch the axis.
fn points(values: &Histogram<u64>, nines: i32) -> Vec<(f64, f64)> {
    (0..=nines * STEPS)
        .map(|step| (f64::from(step) / f64::from(STEPS)).max(-0.99_f64.log10()))
        .map(|nine| {
            let quantile = 1.0 - 10_f64.powf(-nine);
            (nine, values.value_at_quantile(quantile) as f64 / 1_000.0)
        })
        .collect()
}

/// Draws the curves.
#[must_use]
pub fn draw(title: &str, curves: &[Curve<'_>]) -> String {
    let nines = nines(curves);
    let lines: Vec<(Ink, Vec<(f64, f64)>)> = curves
        .iter()
        .filter(|curve| !curve.values.is_empty())
        .map(|curve| (curve.ink, points(curve.values, nines)))
        .collect();
    let values: Vec<f64> = lines
        .iter()
        .flat_map(|(_, points)| points.iter().map(|point| point.1))
        .collect();
    let scale = Scale::fitting(values.into_iter(), 40.0);
    chart((WIDTH, HEIGHT), title, |canvas| {
        frame(canvas, scale, nines)?;
        let area = canvas.clone().shrink(
            (LEFT * FINE, TOP * FINE),
            (
                ((WIDTH - LEFT - RIGHT) * FINE) as u32,
                ((HEIGHT - TOP - BOTTOM) * FINE) as u32,
            ),
        );
        let mut plot =
            ChartBuilder::on(&area).build_cartesian_2d(0.0..f64::from(nines), 0.0..1.0)?;
        for (ink, points) in lines {
            let placed = points.into_iter().map(|(x, y)| (x, scale.place(y)));
            plot.draw_series(LineSeries::new(placed, line(ink, 7)))?;
        }
        Ok(())
    })
}

fn frame(canvas: &Canvas<'_>, scale: Scale, nines: i32) -> Drawn {
    let (left, right) = (LEFT * FINE, (WIDTH - RIGHT) * FINE);
    let (upper, lower) = (TOP * FINE, (HEIGHT - BOTTOM) * FINE);
    for tick in scale.ticks(5) {
        let y = lower - (scale.place(tick.value) * f64::from(lower - upper)).round() as i32;
        rule(canvas, (left, y), (right, y), line(Ink::Grid, 4))?;
        write(canvas, (left - 7 * FINE, y), &tick.text, Label::TICK_Y)?;
    }
    for (nine, text) in marks(nines) {
        let share = nine / f64::from(nines);
        let x = left + (share * f64::from(right - left)).round() as i32;
        rule(
            canvas,
            (x, upper),
            (x, lower + 4 * FINE),
            line(Ink::Grid, 4),
        )?;
        write(canvas, (x, lower + 8 * FINE), text, Label::TICK_X)?;
    }
    rule(canvas, (left, lower), (right, lower), line(Ink::Axis, 4))?;
    let unit = if scale.is_log() {
        "latency, ms (logarithmic)"
    } else {
        "latency, ms"
    };
    let head = Label::HEAD;
    write(canvas, (left - (LEFT - 2) * FINE, 10 * FINE), unit, head)?;
    let foot = Label::FOOT;
    let below = (right, (HEIGHT - 9) * FINE);
    write(
        canvas,
        below,
        "share of transactions that are at least as fast",
        foot,
    )
}

fn marks(nines: i32) -> impl Iterator<Item = (f64, &'static str)> {
    [
        (0.0, "0 %"),
        (2_f64.log10(), "50 %"),
        (1.0, "90 %"),
        (2.0, "99 %"),
        (3.0, "99.9 %"),
        (4.0, "99.99 %"),
        (5.0, "99.999 %"),
    ]
    .into_iter()
    .filter(move |(nine, _)| *nine <= f64::from(nines))
    // On a long axis the median stands too near to the beginning.
    .filter(move |(nine, _)| nines < 4 || *nine > 0.0)
}
