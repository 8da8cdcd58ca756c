//! Load against latency: the probes of capacity searches, or runs under
//! different loads, joined in the order of their load.

use plotters::element::{Circle, PathElement};

use super::axis::Scale;
use super::ink::Ink;
use super::svg::{
    Canvas, Drawn, FINE, Label, Side, block, chart, fill, line, rule, width_of, write,
};
use super::time::WIDTH;

const HEIGHT: i32 = 300;
const LEFT: i32 = 58;
const RIGHT: i32 = 24;
const TOP: i32 = 46;
const BOTTOM: i32 = 46;

/// One design.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its colour.
    pub ink: Ink,
    /// Whether it is drawn pale, as the median beside the tail.
    pub pale: bool,
    /// Its points by load.
    pub points: Vec<Point>,
    /// The place of its knee among them.
    pub knee: Option<usize>,
}

/// One load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Offered load, in TPS.
    pub offered: f64,
    /// Latency, in milliseconds.
    pub latency: f64,
    /// Whether the load passed; others are drawn as crosses.
    pub passed: bool,
}

/// Lines that the curves are read against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    /// A load that is asked for, in TPS.
    pub load: Option<f64>,
    /// A bound of the latency, in milliseconds.
    pub latency: Option<f64>,
    /// The highest load that passed and the lowest that failed.
    pub cliff: Option<(f64, f64)>,
}

struct Frame {
    across: Scale,
    up: Scale,
}

impl Frame {
    fn at(&self, offered: f64, latency: f64) -> (i32, i32) {
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let x = self.across.place(offered) * f64::from(width * FINE);
        let y = self.up.place(latency) * f64::from(height * FINE);
        (
            LEFT * FINE + x.round() as i32,
            (HEIGHT - BOTTOM) * FINE - y.round() as i32,
        )
    }
}

/// Whether a load is marked: one far beyond all curves would flatten them.
#[must_use]
pub fn shows(curves: &[Curve], load: f64) -> bool {
    let points = curves.iter().flat_map(|curve| &curve.points);
    load <= points.map(|point| point.offered).fold(0.0, f64::max) * 1.6
}

/// Draws the curves.
#[must_use]
pub fn draw(title: &str, unit: &str, curves: &[Curve], marks: Marks) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let most = points().map(|point| point.offered).fold(0.0, f64::max);
    let asked = marks.load.filter(|load| shows(curves, *load));
    let latencies: Vec<f64> = points()
        .map(|point| point.latency)
        .chain(marks.latency)
        .collect();
    let frame = Frame {
        across: Scale::linear(most.max(asked.unwrap_or(0.0))),
        up: Scale::fitting(latencies.into_iter(), 20.0),
    };
    let marks = Marks {
        load: asked,
        ..marks
    };
    chart((WIDTH, HEIGHT), title, |canvas| {
        axes(canvas, &frame, unit)?;
        bounds(canvas, &frame, marks)?;
        for curve in curves {
            stroke(canvas, &frame, curve)?;
        }
        Ok(())
    })
}

fn axes(canvas: &Canvas<'_>, frame: &Frame, unit: &str) -> Drawn {
    let (left, right) = (LEFT * FINE, (WIDTH - RIGHT) * FINE);
    let lower = (HEIGHT - BOTTOM) * FINE;
    for tick in frame.up.ticks(5) {
        let y = frame.at(0.0, tick.value).1;
        rule(canvas, (left, y), (right, y), line(Ink::Grid, 4))?;
        write(canvas, (left - 7 * FINE, y), &tick.text, Label::TICK_Y)?;
    }
    for tick in frame.across.ticks(6) {
        let x = frame.at(tick.value, 0.0).0;
        rule(
            canvas,
            (x, lower),
            (x, lower + 4 * FINE),
            line(Ink::Axis, 4),
        )?;
        write(canvas, (x, lower + 8 * FINE), &tick.text, Label::TICK_X)?;
    }
    rule(canvas, (left, lower), (right, lower), line(Ink::Axis, 4))?;
    let head = if frame.up.is_log() {
        format!("{unit} (logarithmic)")
    } else {
        unit.to_owned()
    };
    write(
        canvas,
        (left - (LEFT - 2) * FINE, 10 * FINE),
        &head,
        Label::HEAD,
    )?;
    let foot = (right, (HEIGHT - 9) * FINE);
    write(canvas, foot, "offered load, TPS", Label::FOOT)
}

fn bounds(canvas: &Canvas<'_>, frame: &Frame, marks: Marks) -> Drawn {
    let (left, right) = (LEFT * FINE, (WIDTH - RIGHT) * FINE);
    let (upper, lower) = (TOP * FINE, (HEIGHT - BOTTOM) * FINE);
    if let Some((passed, failed)) = marks.cliff {
        let (from, to) = (frame.at(passed, 0.0).0, frame.at(failed, 0.0).0);
        // An interval of one per cent is thinner than a line.
        let to = to.max(from + 3 * FINE);
        block(canvas, (from, upper), (to, lower), fill(Ink::Fault, 0.28))?;
    }
    if let Some(load) = marks.load {
        let x = frame.at(load, 0.0).0;
        rule(canvas, (x, upper), (x, lower), line(Ink::Target, 5))?;
        let text = "the city's load";
        let half = width_of(text) / 2;
        let at = (x.clamp(left + half, right - half), 28 * FINE);
        write(canvas, at, text, Label::new(Ink::Target, Side::Below))?;
    }
    if let Some(latency) = marks.latency {
        let y = frame.at(0.0, latency).1;
        rule(canvas, (left, y), (right, y), line(Ink::Target, 5))?;
    }
    Ok(())
}

fn stroke(canvas: &Canvas<'_>, frame: &Frame, curve: &Curve) -> Drawn {
    use plotters::style::Color as _;
    let path: Vec<(i32, i32)> = curve
        .points
        .iter()
        .map(|point| frame.at(point.offered, point.latency))
        .collect();
    let style = if curve.pale {
        curve.ink.colour().mix(0.45).stroke_width(6)
    } else {
        line(curve.ink, 6)
    };
    if path.len() > 1 {
        canvas.draw(&PathElement::new(path.clone(), style))?;
    }
    if curve.pale {
        return Ok(());
    }
    for (point, at) in curve.points.iter().zip(&path) {
        if point.passed {
            canvas.draw(&Circle::new(*at, 4 * FINE, fill(curve.ink, 1.0)))?;
        } else {
            cross(canvas, *at, curve.ink)?;
        }
    }
    match curve.knee {
        Some(index) => canvas.draw(&Circle::new(path[index], 8 * FINE, line(curve.ink, 6))),
        None => Ok(()),
    }
}

fn cross(canvas: &Canvas<'_>, (x, y): (i32, i32), ink: Ink) -> Drawn {
    let arm = 4 * FINE;
    rule(canvas, (x - arm, y - arm), (x + arm, y + arm), line(ink, 7))?;
    rule(canvas, (x - arm, y + arm), (x + arm, y - arm), line(ink, 7))
}
