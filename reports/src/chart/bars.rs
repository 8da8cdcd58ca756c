//! Stacked bars: where the time of a mean transaction goes.

use super::axis::Scale;
use super::ink::Ink;
use super::svg::{
    Canvas, Drawn, FINE, Label, block, chart, fill, fitted, line, rule, width_of, write,
};
use super::time::WIDTH;

const LEFT: i32 = 118;
const RIGHT: i32 = 70;
const TOP: i32 = 10;
const ROW: i32 = 42;
const BAR: i32 = 26;
const BOTTOM: i32 = 42;

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What stands before it.
    pub label: String,
    /// Its parts from the left, in milliseconds; the place of a part gives its
    /// colour.
    pub parts: Vec<f64>,
    /// What stands after it.
    pub total: String,
}

/// Draws bars of milliseconds.
#[must_use]
pub fn draw(title: &str, bars: &[Bar]) -> String {
    let longest = bars
        .iter()
        .map(|bar| bar.parts.iter().sum::<f64>())
        .fold(0.0, f64::max);
    let scale = Scale::linear(longest);
    let height = TOP + ROW * bars.len() as i32 + BOTTOM;
    chart((WIDTH, height), title, |canvas| {
        frame(canvas, scale, height)?;
        for (index, bar) in bars.iter().enumerate() {
            row(canvas, scale, bar, TOP + ROW * index as i32)?;
        }
        Ok(())
    })
}

fn across(scale: Scale, value: f64) -> i32 {
    let room = f64::from((WIDTH - LEFT - RIGHT) * FINE);
    LEFT * FINE + (scale.place(value) * room).round() as i32
}

fn frame(canvas: &Canvas<'_>, scale: Scale, height: i32) -> Drawn {
    let lower = (height - BOTTOM) * FINE;
    for tick in scale.ticks(5) {
        let x = across(scale, tick.value);
        rule(canvas, (x, TOP * FINE), (x, lower), line(Ink::Grid, 4))?;
        write(canvas, (x, lower + 5 * FINE), &tick.text, Label::TICK_X)?;
    }
    let foot = Label::FOOT;
    let below = ((WIDTH - RIGHT) * FINE, (height - 9) * FINE);
    write(canvas, below, "mean time, ms", foot)
}

fn row(canvas: &Canvas<'_>, scale: Scale, bar: &Bar, top: i32) -> Drawn {
    let upper = (top + (ROW - BAR) / 2) * FINE;
    let lower = upper + BAR * FINE;
    let middle = (upper + lower) / 2;
    let name = fitted(&bar.label, (LEFT - 12) * FINE);
    let before = Label::FOOT;
    write(canvas, ((LEFT - 8) * FINE, middle), &name, before)?;
    let mut sum = 0.0;
    for (index, part) in bar.parts.iter().enumerate() {
        let (from, to) = (across(scale, sum), across(scale, sum + part));
        sum += part;
        // A gap of paper keeps neighbours apart without relying on colour.
        let gap = if to - from > 4 * FINE { FINE / 2 } else { 0 };
        block(
            canvas,
            (from + gap, upper),
            ((to - gap).max(from + gap + 1), lower),
            fill(Ink::Stage(index), 1.0),
        )?;
    }
    let after = (across(scale, sum) + 7 * FINE, middle);
    if width_of(&bar.total) + after.0 <= WIDTH * FINE {
        let label = Label {
            bold: true,
            ..Label::HEAD
        };
        write(canvas, after, &bar.total, label)?;
    }
    Ok(())
}
