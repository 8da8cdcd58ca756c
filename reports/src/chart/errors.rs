//! Errors against their tolerances: a row each, the band in which its error may
//! lie, and a dot where it lies.

use plotters::element::Circle;

use super::axis::Scale;
use super::ink::Ink;
use super::svg::{Canvas, Drawn, FINE, Label, block, chart, fill, fitted, line, rule, write};
use super::time::WIDTH;

const LEFT: i32 = 216;
const RIGHT: i32 = 76;
const TOP: i32 = 10;
const ROW: i32 = 22;
const BOTTOM: i32 = 42;

/// One row; shares in per cent.
#[derive(Clone, Debug)]
pub struct Line {
    /// What stands before it.
    pub label: String,
    /// The lowest and the highest error that is inside; `None` where none is judged.
    pub band: Option<(f64, f64)>,
    /// The error; `None` where there is none.
    pub error: Option<f64>,
    /// Whether it is inside; `None` where it is not judged.
    pub inside: Option<bool>,
    /// What stands after it.
    pub text: String,
}

struct Frame {
    scale: Scale,
    height: i32,
}

impl Frame {
    fn across(&self, value: f64) -> i32 {
        let room = f64::from((WIDTH - LEFT - RIGHT) * FINE);
        LEFT * FINE + (self.scale.place(value) * room).round() as i32
    }
}

/// Draws the rows. An error that lies far outside of everything stands at the
/// edge; its figure stands beside it.
#[must_use]
pub fn draw(title: &str, lines: &[Line]) -> String {
    let bands = lines.iter().filter_map(|line| line.band);
    let widest = bands
        .map(|(low, high)| high.max(-low))
        .fold(1.0_f64, f64::max);
    let reach = widest * 1.5;
    let frame = Frame {
        scale: Scale::Linear {
            low: -reach,
            top: reach,
        },
        height: TOP + ROW * lines.len() as i32 + BOTTOM,
    };
    chart((WIDTH, frame.height), title, |canvas| {
        ground(canvas, &frame)?;
        for (index, line) in lines.iter().enumerate() {
            row(canvas, &frame, line, TOP + ROW * index as i32)?;
        }
        Ok(())
    })
}

fn ground(canvas: &Canvas<'_>, frame: &Frame) -> Drawn {
    let (upper, lower) = (TOP * FINE, (frame.height - BOTTOM) * FINE);
    for tick in frame.scale.ticks(6) {
        let x = frame.across(tick.value);
        let ink = if tick.value == 0.0 {
            Ink::Axis
        } else {
            Ink::Grid
        };
        rule(canvas, (x, upper), (x, lower), line(ink, 4))?;
        write(canvas, (x, lower + 5 * FINE), &tick.text, Label::TICK_X)?;
    }
    let below = ((WIDTH - RIGHT) * FINE, (frame.height - 9) * FINE);
    write(
        canvas,
        below,
        "error in %; shaded: the tolerance",
        Label::FOOT,
    )
}

fn row(canvas: &Canvas<'_>, frame: &Frame, one: &Line, top: i32) -> Drawn {
    let middle = (top + ROW / 2) * FINE;
    let name = fitted(&one.label, (LEFT - 12) * FINE);
    write(canvas, ((LEFT - 8) * FINE, middle), &name, Label::FOOT)?;
    if let Some((low, high)) = one.band {
        // An exact row still shows where it must lie.
        let (from, to) = (frame.across(low) - FINE, frame.across(high) + FINE);
        let half = (ROW / 2 - 4) * FINE;
        let style = fill(Ink::Series(2), 0.2);
        block(canvas, (from, middle - half), (to, middle + half), style)?;
    }
    if let Some(error) = one.error {
        let (ink, full) = match one.inside {
            Some(true) => (Ink::Series(2), true),
            Some(false) => (Ink::Fault, true),
            None => (Ink::Muted, false),
        };
        let style = if full { fill(ink, 1.0) } else { line(ink, 6) };
        let at = (frame.across(error), middle);
        canvas.draw(&Circle::new(at, 4 * FINE, style))?;
    }
    let after = ((WIDTH - RIGHT + 8) * FINE, middle);
    write(canvas, after, &one.text, Label::HEAD)
}
