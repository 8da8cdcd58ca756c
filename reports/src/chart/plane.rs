//! Throughput against latency: one dot a run, and the corner in which all
//! targets are met.

use plotters::element::Circle;

use super::axis::Scale;
use super::ink::Ink;
use super::svg::{
    Canvas, Drawn, FINE, Label, Side, block, chart, fill, fitted, line, rule, width_of, write,
};
use super::time::WIDTH;

const HEIGHT: i32 = 300;
const LEFT: i32 = 58;
const RIGHT: i32 = 20;
const TOP: i32 = 26;
const BOTTOM: i32 = 46;

/// One run.
#[derive(Clone, Debug)]
pub struct Dot {
    /// What stands beside it; empty for none.
    pub label: String,
    /// Its colour.
    pub ink: Ink,
    /// Whether its load is sustained; others are drawn hollow.
    pub full: bool,
    /// Goodput, in TPS.
    pub goodput: f64,
    /// p99 of the finality latency, in milliseconds.
    pub p99: f64,
}

/// Bounds, where the runs share them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// Least goodput, in TPS.
    pub goodput: Option<f64>,
    /// Largest p99, in milliseconds.
    pub p99: Option<f64>,
}

struct Plane {
    across: Scale,
    up: Scale,
}

impl Plane {
    fn at(&self, goodput: f64, p99: f64) -> (i32, i32) {
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let x = self.across.place(goodput) * f64::from(width * FINE);
        let y = self.up.place(p99) * f64::from(height * FINE);
        (
            LEFT * FINE + x.round() as i32,
            (HEIGHT - BOTTOM) * FINE - y.round() as i32,
        )
    }
}

/// Draws the dots.
#[must_use]
pub fn draw(title: &str, dots: &[Dot], bounds: Bounds) -> String {
    let goodputs = dots.iter().map(|dot| dot.goodput).chain(bounds.goodput);
    let latencies = dots.iter().map(|dot| dot.p99).chain(bounds.p99);
    let plane = Plane {
        across: Scale::window(goodputs),
        up: Scale::fitting(latencies, 40.0),
    };
    chart((WIDTH, HEIGHT), title, |canvas| {
        frame(canvas, &plane, bounds)?;
        let mut taken = walls(&plane, bounds);
        for dot in dots {
            let at = plane.at(dot.goodput, dot.p99);
            let style = if dot.full {
                fill(dot.ink, 0.85)
            } else {
                line(dot.ink, 6)
            };
            canvas.draw(&Circle::new(at, 5 * FINE, style))?;
            taken.push((
                at.0 - 6 * FINE,
                at.1 - 6 * FINE,
                at.0 + 6 * FINE,
                at.1 + 6 * FINE,
            ));
        }
        for dot in dots.iter().filter(|dot| !dot.label.is_empty()) {
            name(canvas, &plane, dot, &mut taken)?;
        }
        Ok(())
    })
}

type Area = (i32, i32, i32, i32);

/// The lines of the bounds, which no name may cross.
fn walls(plane: &Plane, bounds: Bounds) -> Vec<Area> {
    let wall = bounds.goodput.map(|bound| {
        let x = plane.at(bound, 0.0).0;
        (x - FINE, 0, x + FINE, HEIGHT * FINE)
    });
    let roof = bounds.p99.map(|bound| {
        let y = plane.at(0.0, bound).1;
        (0, y - FINE, WIDTH * FINE, y + FINE)
    });
    wall.into_iter().chain(roof).collect()
}

/// Writes a dot's name where it meets nothing else, or leaves it to the legend.
fn name(canvas: &Canvas<'_>, plane: &Plane, dot: &Dot, taken: &mut Vec<Area>) -> Drawn {
    let (x, y) = plane.at(dot.goodput, dot.p99);
    let text = fitted(&dot.label, 150 * FINE);
    let (width, half, away) = (width_of(&text), 8 * FINE, 10 * FINE);
    let places = [
        (Side::Before, x - away, y),
        (Side::After, x + away, y),
        (Side::Before, x + away, y - 2 * half),
        (Side::Before, x + away, y + 2 * half),
        (Side::After, x - away, y - 2 * half),
        (Side::After, x - away, y + 2 * half),
    ];
    for (across, at, middle) in places {
        let left = if across == Side::After {
            at
        } else {
            at - width
        };
        let area = (left, middle - half, left + width, middle + half);
        let inside = area.0 >= LEFT * FINE
            && area.2 <= (WIDTH - 2) * FINE
            && area.1 >= TOP * FINE
            && area.3 <= (HEIGHT - BOTTOM) * FINE;
        let free = taken.iter().all(|other| {
            area.2 < other.0 || area.0 > other.2 || area.3 < other.1 || area.1 > other.3
        });
        if inside && free {
            taken.push(area);
            let label = Label::new(Ink::Text, across);
            return write(canvas, (at, middle), &text, label);
        }
    }
    Ok(())
}

fn frame(canvas: &Canvas<'_>, plane: &Plane, bounds: Bounds) -> Drawn {
    let (left, right) = (LEFT * FINE, (WIDTH - RIGHT) * FINE);
    let (upper, lower) = (TOP * FINE, (HEIGHT - BOTTOM) * FINE);
    let wall = bounds.goodput.map(|bound| plane.at(bound, 0.0).0);
    let roof = bounds.p99.map(|bound| plane.at(0.0, bound).1);
    if wall.is_some() || roof.is_some() {
        let from = (wall.unwrap_or(left), roof.unwrap_or(upper));
        block(canvas, from, (right, lower), fill(Ink::Series(2), 0.1))?;
    }
    for tick in plane.up.ticks(5) {
        let y = plane.at(0.0, tick.value).1;
        rule(canvas, (left, y), (right, y), line(Ink::Grid, 4))?;
        write(canvas, (left - 7 * FINE, y), &tick.text, Label::TICK_Y)?;
    }
    for tick in plane.across.ticks(6) {
        let x = plane.at(tick.value, 0.0).0;
        rule(
            canvas,
            (x, lower),
            (x, lower + 4 * FINE),
            line(Ink::Axis, 4),
        )?;
        write(canvas, (x, lower + 8 * FINE), &tick.text, Label::TICK_X)?;
    }
    if let Some(x) = wall {
        rule(canvas, (x, upper), (x, lower), line(Ink::Target, 5))?;
    }
    if let Some(y) = roof {
        rule(canvas, (left, y), (right, y), line(Ink::Target, 5))?;
    }
    rule(canvas, (left, lower), (right, lower), line(Ink::Axis, 4))?;
    let head = Label::HEAD;
    let unit = if plane.up.is_log() {
        "p99 finality latency, ms (logarithmic)"
    } else {
        "p99 finality latency, ms"
    };
    write(canvas, (left - (LEFT - 2) * FINE, 10 * FINE), unit, head)?;
    let foot = Label::FOOT;
    write(canvas, (right, (HEIGHT - 9) * FINE), "goodput, TPS", foot)
}
