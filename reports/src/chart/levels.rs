//! Sustained load of several designs as bars, read against a city's load.

use super::axis::Scale;
use super::ink::Ink;
use super::svg::{
    Canvas, Drawn, FINE, Label, Side, block, chart, fill, fitted, line, rule, width_of, write,
};
use super::time::WIDTH;

const LEFT: i32 = 150;
const RIGHT: i32 = 84;
const TOP: i32 = 26;
const ROW: i32 = 34;
const BAR: i32 = 20;
const BOTTOM: i32 = 42;

/// One bar.
#[derive(Clone, Debug)]
pub struct Level {
    /// What stands before it.
    pub label: String,
    /// Its colour.
    pub ink: Ink,
    /// Its length, in TPS.
    pub tps: f64,
    /// What stands after it.
    pub text: String,
}

/// Draws the bars with a line at `mark`.
#[must_use]
pub fn draw(title: &str, levels: &[Level], mark: f64) -> String {
    let longest = levels.iter().map(|level| level.tps).fold(mark, f64::max);
    let scale = Scale::linear(longest);
    let height = TOP + ROW * levels.len() as i32 + BOTTOM;
    let across = |value: f64| {
        let room = f64::from((WIDTH - LEFT - RIGHT) * FINE);
        LEFT * FINE + (scale.place(value) * room).round() as i32
    };
    chart((WIDTH, height), title, |canvas| {
        let lower = (height - BOTTOM) * FINE;
        for tick in scale.ticks(4) {
            let x = across(tick.value);
            rule(canvas, (x, TOP * FINE), (x, lower), line(Ink::Grid, 4))?;
            write(canvas, (x, lower + 5 * FINE), &tick.text, Label::TICK_X)?;
        }
        for (index, level) in levels.iter().enumerate() {
            bar(
                canvas,
                level,
                TOP + ROW * index as i32,
                (across(level.tps), across(mark)),
            )?;
        }
        let x = across(mark);
        rule(canvas, (x, TOP * FINE), (x, lower), line(Ink::Target, 5))?;
        let text = "the city's load";
        let at = (x.min(WIDTH * FINE - width_of(text) / 2), 6 * FINE);
        write(canvas, at, text, Label::new(Ink::Target, Side::Below))?;
        let foot = ((WIDTH - RIGHT) * FINE, (height - 9) * FINE);
        write(canvas, foot, "sustained load, TPS", Label::FOOT)
    })
}

fn bar(canvas: &Canvas<'_>, level: &Level, top: i32, (end, mark): (i32, i32)) -> Drawn {
    let upper = (top + (ROW - BAR) / 2) * FINE;
    let lower = upper + BAR * FINE;
    let middle = (upper + lower) / 2;
    let name = fitted(&level.label, (LEFT - 12) * FINE);
    write(canvas, ((LEFT - 8) * FINE, middle), &name, Label::FOOT)?;
    let to = (end.max(LEFT * FINE + FINE), lower);
    block(canvas, (LEFT * FINE, upper), to, fill(level.ink, 1.0))?;
    let label = Label {
        bold: true,
        ..Label::HEAD
    };
    // A figure that the line would cross stands beyond it.
    let gap = 7 * FINE;
    let crossed = (end..end + 2 * gap + width_of(&level.text)).contains(&mark);
    let from = if crossed { mark } else { end };
    write(canvas, (from + gap, middle), &level.text, label)
}
