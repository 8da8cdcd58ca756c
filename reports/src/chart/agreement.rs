//! Predicted against published, both on logarithmic axes: a dot on the diagonal
//! agrees, whatever its unit and size.

use plotters::element::Circle;

use super::axis::Scale;
use super::ink::Ink;
use super::svg::{Canvas, Drawn, FINE, Label, chart, fill, line, rule, write};
use super::time::WIDTH;

const HEIGHT: i32 = 420;
const LEFT: i32 = 66;
const RIGHT: i32 = 20;
const TOP: i32 = 26;
const BOTTOM: i32 = 46;

/// One figure.
#[derive(Clone, Debug)]
pub struct Dot {
    /// What stands beside it; empty for none.
    pub label: String,
    /// Its colour.
    pub ink: Ink,
    /// Whether it is judged; others are drawn hollow.
    pub full: bool,
    /// The published figure, greater than 0.
    pub published: f64,
    /// The predicted figure, greater than 0.
    pub predicted: f64,
}

fn at(scale: Scale, published: f64, predicted: f64) -> (i32, i32) {
    let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let x = scale.place(published) * f64::from(width * FINE);
    let y = scale.place(predicted) * f64::from(height * FINE);
    (
        LEFT * FINE + x.round() as i32,
        (HEIGHT - BOTTOM) * FINE - y.round() as i32,
    )
}

/// Draws the dots.
#[must_use]
pub fn draw(title: &str, dots: &[Dot]) -> String {
    let values = dots.iter().flat_map(|dot| [dot.published, dot.predicted]);
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let top = values.fold(0.0, f64::max);
    // The same scale both ways, so that agreement is a straight line.
    let scale = match low.is_finite() && top > 0.0 {
        true => Scale::Log {
            low: low * 0.6,
            top: top * 1.6,
        },
        false => Scale::Log {
            low: 1.0,
            top: 10.0,
        },
    };
    chart((WIDTH, HEIGHT), title, |canvas| {
        frame(canvas, scale)?;
        for dot in dots {
            let style = if dot.full {
                fill(dot.ink, 0.8)
            } else {
                line(dot.ink, 6)
            };
            let place = at(scale, dot.published, dot.predicted);
            canvas.draw(&Circle::new(place, 5 * FINE, style))?;
            if !dot.label.is_empty() {
                let beside = (place.0 + 9 * FINE, place.1 + 8 * FINE);
                write(canvas, beside, &dot.label, Label::HEAD)?;
            }
        }
        Ok(())
    })
}

fn frame(canvas: &Canvas<'_>, scale: Scale) -> Drawn {
    let Scale::Log { low, top } = scale else {
        return Ok(());
    };
    let (left, lower) = at(scale, low, low);
    let (right, upper) = at(scale, top, top);
    for tick in scale.ticks(6) {
        let (x, y) = at(scale, tick.value, tick.value);
        rule(canvas, (left, y), (right, y), line(Ink::Grid, 4))?;
        rule(canvas, (x, upper), (x, lower), line(Ink::Grid, 4))?;
        write(canvas, (left - 7 * FINE, y), &tick.text, Label::TICK_Y)?;
        write(canvas, (x, lower + 8 * FINE), &tick.text, Label::TICK_X)?;
    }
    rule(canvas, (left, lower), (right, upper), line(Ink::Target, 5))?;
    rule(canvas, (left, lower), (right, lower), line(Ink::Axis, 4))?;
    let head = "predicted, in the row's unit (logarithmic)";
    write(canvas, (2 * FINE, 10 * FINE), head, Label::HEAD)?;
    let foot = "published, in the row's unit (logarithmic)";
    write(canvas, (right, (HEIGHT - 9) * FINE), foot, Label::FOOT)
}
