//! The share of transactions final within a time, on a logarithmic axis of
//! time: bodies and modes of distributions, which an axis of nines hides.

use hdrhistogram::Histogram;
use plotters::element::PathElement;

use super::axis::Scale;
use super::ink::Ink;
use super::percentile::Curve;
use super::svg::{Canvas, Drawn, FINE, Label, chart, line, rule, write};
use super::time::WIDTH;

const HEIGHT: i32 = 286;
const LEFT: i32 = 58;
const RIGHT: i32 = 30;
const TOP: i32 = 24;
const BOTTOM: i32 = 46;
/// Points of one line.
const POINTS: u32 = 160;
/// Shares below and above which a line is not drawn: the smallest and the
/// largest of all values would only stretch the axis.
const ENDS: (f64, f64) = (0.001, 0.999);

/// Milliseconds and shares, evenly spaced in the logarithm of time.
fn points(values: &Histogram<u64>) -> Vec<(f64, f64)> {
    let ends = (
        values.value_at_quantile(ENDS.0).max(1),
        values.value_at_quantile(ENDS.1).max(1),
    );
    let (low, high) = (ends.0 as f64, ends.1 as f64);
    let all = values.len() as f64;
    let mut points: Vec<(f64, f64)> = (0..=POINTS)
        .map(|step| low * (high / low).powf(f64::from(step) / f64::from(POINTS)))
        .map(|micros| {
            let within = values.count_between(0, micros.round() as u64) as f64;
            (micros / 1_000.0, within / all)
        })
        .collect();
    points.dedup();
    points
}

/// Draws the curves.
#[must_use]
pub fn draw(title: &str, curves: &[Curve<'_>]) -> String {
    let lines: Vec<(Ink, Vec<(f64, f64)>)> = curves
        .iter()
        .filter(|curve| !curve.values.is_empty())
        .map(|curve| (curve.ink, points(curve.values)))
        .collect();
    let times = || {
        lines
            .iter()
            .flat_map(|(_, points)| points)
            .map(|point| point.0)
    };
    let scale = Scale::Log {
        low: times().fold(f64::INFINITY, f64::min) * 0.95,
        top: times().fold(0.0, f64::max) * 1.05,
    };
    chart((WIDTH, HEIGHT), title, |canvas| {
        frame(canvas, scale)?;
        for (ink, points) in &lines {
            let path: Vec<(i32, i32)> = points.iter().map(|point| at(scale, *point)).collect();
            canvas.draw(&PathElement::new(path, line(*ink, 7)))?;
        }
        Ok(())
    })
}

fn at(scale: Scale, (millis, share): (f64, f64)) -> (i32, i32) {
    let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let x = scale.place(millis) * f64::from(width * FINE);
    let y = share * f64::from(height * FINE);
    (
        LEFT * FINE + x.round() as i32,
        (HEIGHT - BOTTOM) * FINE - y.round() as i32,
    )
}

fn frame(canvas: &Canvas<'_>, scale: Scale) -> Drawn {
    let (left, right) = (LEFT * FINE, (WIDTH - RIGHT) * FINE);
    let lower = (HEIGHT - BOTTOM) * FINE;
    for percent in [0, 25, 50, 75, 100] {
        let y = at(scale, (1.0, f64::from(percent) / 100.0)).1;
        rule(canvas, (left, y), (right, y), line(Ink::Grid, 4))?;
        let text = format!("{percent} %");
        write(canvas, (left - 7 * FINE, y), &text, Label::TICK_Y)?;
    }
    for tick in scale.ticks(6) {
        let x = at(scale, (tick.value, 0.0)).0;
        rule(
            canvas,
            (x, TOP * FINE),
            (x, lower + 4 * FINE),
            line(Ink::Grid, 4),
        )?;
        write(canvas, (x, lower + 8 * FINE), &tick.text, Label::TICK_X)?;
    }
    rule(canvas, (left, lower), (right, lower), line(Ink::Axis, 4))?;
    let head = (left - (LEFT - 2) * FINE, 10 * FINE);
    write(canvas, head, "share of transactions", Label::HEAD)?;
    let foot = (right, (HEIGHT - 9) * FINE);
    write(canvas, foot, "latency, ms (logarithmic)", Label::FOOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_rise_to_nearly_all() {
        let mut values = Histogram::new(3).expect("three digits are allowed");
        for micros in 1..=1_000_u64 {
            values.record(micros * 1_000).expect("it resizes itself");
        }
        let points = points(&values);
        assert!(
            points
                .windows(2)
                .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1)
        );
        let half = points
            .iter()
            .find(|point| point.0 >= 500.0)
            .expect("the axis reaches half a second");
        assert!((half.1 - half.0 / 1_000.0).abs() < 0.002, "{half:?}");
        assert!(points[points.len() - 1].1 >= 0.998);
    }
}
