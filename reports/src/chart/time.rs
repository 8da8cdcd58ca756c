//! Panels over one time axis: what happened at one moment stands on one
//! vertical line, with faults and unmeasured time shaded through all of them.

use groma_experiment::plan::Clock;
use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::series::{AreaSeries, LineSeries};

use super::axis::{Scale, Tick, hour_ticks, time_ticks};
use super::ink::Ink;
use super::svg::{
    Canvas, Drawn, FINE, Label, Side, block, chart, fill, line, rule, width_of, write,
};

/// Width of a chart, in shown pixels.
pub const WIDTH: i32 = 520;

const LEFT: i32 = 58;
const RIGHT: i32 = 22;
/// Height of a row of labels above the panels.
const LANE: i32 = 20;
const MAX_LANES: usize = 4;
/// Above each panel, for its title.
const HEAD: i32 = 30;
/// Below the last panel, for the time axis.
const FOOT: i32 = 24;

/// Panels that share a time axis.
#[derive(Clone, Debug)]
pub struct TimeChart {
    /// Name for readers who do not see it.
    pub title: String,
    /// Length of the time axis.
    pub seconds: f64,
    /// The compressed days that it plays, whose hours name it; without any, seconds do.
    pub days: Vec<Clock>,
    /// Shaded spans.
    pub spans: Vec<Span>,
    /// Panels, from the top.
    pub panels: Vec<Panel>,
}

/// A stretch of time that must be known to read the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Beginning, in seconds.
    pub from: f64,
    /// End, in seconds.
    pub to: f64,
    /// What it was.
    pub label: String,
    /// A name so short that it always fits.
    pub code: String,
    /// Its colour.
    pub ink: Ink,
}

/// One quantity.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What is drawn, with its unit.
    pub title: String,
    /// Height of the drawing area, in shown pixels.
    pub height: i32,
    /// Its axis.
    pub scale: Scale,
    /// A bound, with its name.
    pub mark: Option<(f64, String)>,
    /// Its lines; later ones lie above earlier ones.
    pub lines: Vec<Line>,
}

/// One line of a panel.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its colour.
    pub ink: Ink,
    /// How it is drawn.
    pub look: Look,
    /// Seconds and values; `None` breaks the line.
    pub points: Vec<(f64, Option<f64>)>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A line.
    Plain,
    /// A thin line.
    Thin,
    /// A line over a shaded area.
    Area,
    /// A pale line.
    Pale,
}

type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl TimeChart {
    /// Draws it.
    #[must_use]
    pub fn draw(&self) -> String {
        let lanes = self.lanes();
        let strip = lanes.iter().map(|(lane, ..)| lane + 1).max().unwrap_or(0) as i32 * LANE;
        let body: i32 = self.panels.iter().map(|panel| HEAD + panel.height).sum();
        chart((WIDTH, strip + body + FOOT), &self.title, |canvas| {
            let mut top = strip;
            for (index, panel) in self.panels.iter().enumerate() {
                top += HEAD;
                let last = index + 1 == self.panels.len();
                self.panel(canvas, panel, top, last)?;
                top += panel.height;
            }
            self.labels(canvas, &lanes)
        })
    }

    fn across(&self, seconds: f64) -> i32 {
        let width = f64::from((WIDTH - LEFT - RIGHT) * FINE);
        let share = (seconds / self.seconds.max(1.0)).clamp(0.0, 1.0);
        LEFT * FINE + (share * width).round() as i32
    }

    /// Gives every span a lane, a place and a text so that no two texts meet:
    /// its label where there is room, else its code.
    fn lanes(&self) -> Vec<(usize, i32, String)> {
        let gap = 8 * FINE;
        let end = (WIDTH - RIGHT) * FINE;
        let mut free = [0_i32; MAX_LANES];
        let mut order: Vec<usize> = (0..self.spans.len()).collect();
        order.sort_by(|a, b| self.spans[*a].from.total_cmp(&self.spans[*b].from));
        let mut placed = vec![(0, 0, String::new()); self.spans.len()];
        for index in order {
            let span = &self.spans[index];
            let bar = (self.across(span.from), self.across(span.to));
            let fits = |text: &str, free: &[i32; MAX_LANES]| {
                let width = width_of(text);
                let start = bar.0.min(end - width);
                let lane = free.iter().position(|free| *free <= start)?;
                (start >= LEFT * FINE).then_some((lane, start, start + width))
            };
            let (text, (lane, start, stop)) = [&span.label, &span.code]
                .into_iter()
                .find_map(|text| Some((text.clone(), fits(text, &free)?)))
                .unwrap_or_else(|| (String::new(), (MAX_LANES - 1, bar.0, bar.0)));
            free[lane] = stop.max(bar.1) + gap;
            placed[index] = (lane, start, text);
        }
        placed
    }

    fn labels(&self, canvas: &Canvas<'_>, lanes: &[(usize, i32, String)]) -> Drawn {
        for (span, (lane, start, text)) in self.spans.iter().zip(lanes) {
            let top = *lane as i32 * LANE * FINE;
            let (from, to) = (self.across(span.from), self.across(span.to));
            let foot = top + (LANE - 2) * FINE;
            block(
                canvas,
                (from, foot - 2 * FINE),
                (to.max(from + 2 * FINE), foot),
                fill(span.ink, 0.85),
            )?;
            if !text.is_empty() {
                let label = Label::new(span.ink, Side::After);
                write(canvas, (*start, top + 8 * FINE + FINE / 2), text, label)?;
            }
        }
        Ok(())
    }

    fn panel(&self, canvas: &Canvas<'_>, panel: &Panel, top: i32, last: bool) -> Drawn {
        let (left, right) = (LEFT * FINE, (WIDTH - RIGHT) * FINE);
        let (upper, lower) = (top * FINE, (top + panel.height) * FINE);
        for span in &self.spans {
            let strength = if span.ink == Ink::Fault { 0.11 } else { 0.1 };
            let (from, to) = (self.across(span.from), self.across(span.to));
            block(
                canvas,
                (from, upper),
                (to.max(from + FINE), lower),
                fill(span.ink, strength),
            )?;
        }
        let down = |value: f64| {
            lower - (panel.scale.place(value) * f64::from(lower - upper)).round() as i32
        };
        for tick in panel.scale.ticks((panel.height as usize / 36).max(2)) {
            let y = down(tick.value);
            rule(canvas, (left, y), (right, y), line(Ink::Grid, 4))?;
            write(canvas, (left - 7 * FINE, y), &tick.text, Label::TICK_Y)?;
        }
        let title = (left - (LEFT - 2) * FINE, upper - 15 * FINE);
        write(canvas, title, &panel.title, Label::HEAD)?;
        self.lines(canvas, panel, (upper, lower))?;
        if let Some((value, name)) = &panel.mark {
            let y = down(*value);
            rule(canvas, (left, y), (right, y), line(Ink::Target, 5))?;
            let label = Label::new(Ink::Target, Side::Before);
            write(canvas, (right, upper - 15 * FINE), name, label)?;
        }
        rule(canvas, (left, lower), (right, lower), line(Ink::Axis, 4))?;
        self.marks(canvas, lower, last)
    }

    fn ticks(&self) -> Vec<Tick> {
        if self.days.is_empty() {
            return time_ticks(self.seconds, 8);
        }
        hour_ticks(&self.days, |before, tick| {
            let half = (width_of(&before.text) + width_of(&tick.text)) / 2;
            self.across(tick.value) - self.across(before.value) >= half + 10 * FINE
        })
    }

    fn marks(&self, canvas: &Canvas<'_>, lower: i32, named: bool) -> Drawn {
        for tick in self.ticks() {
            let x = self.across(tick.value);
            rule(
                canvas,
                (x, lower),
                (x, lower + 4 * FINE),
                line(Ink::Axis, 4),
            )?;
            if named && !tick.text.is_empty() {
                write(canvas, (x, lower + 8 * FINE), &tick.text, Label::TICK_X)?;
            }
        }
        Ok(())
    }

    fn lines(&self, canvas: &Canvas<'_>, panel: &Panel, (upper, lower): (i32, i32)) -> Drawn {
        let (left, right) = (LEFT * FINE, (WIDTH - RIGHT) * FINE);
        let area = canvas.clone().shrink(
            (left, upper),
            ((right - left) as u32, (lower - upper) as u32),
        );
        let mut plot =
            ChartBuilder::on(&area).build_cartesian_2d(0.0..self.seconds.max(1.0), 0.0..1.0)?;
        for drawn in &panel.lines {
            for points in pieces(&drawn.points, panel.scale) {
                stroke(&mut plot, drawn, points)?;
            }
        }
        Ok(())
    }
}

fn stroke(plot: &mut Plot<'_, '_>, drawn: &Line, points: Vec<(f64, f64)>) -> Drawn {
    use plotters::style::Color as _;
    if drawn.look == Look::Area {
        let shade = fill(drawn.ink, 0.16);
        plot.draw_series(AreaSeries::new(points.clone(), 0.0, shade))?;
    }
    let style = match drawn.look {
        Look::Plain | Look::Area => line(drawn.ink, 7),
        Look::Thin => line(drawn.ink, 5),
        Look::Pale => drawn.ink.colour().mix(0.5).stroke_width(7),
    };
    plot.draw_series(LineSeries::new(points, style))?;
    Ok(())
}

/// The unbroken pieces of a line, in places of its axis. A lone point becomes
/// a short dash, or it would not be seen.
fn pieces(points: &[(f64, Option<f64>)], scale: Scale) -> Vec<Vec<(f64, f64)>> {
    points
        .split(|(_, value)| value.is_none())
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let mut line: Vec<(f64, f64)> = piece
                .iter()
                .filter_map(|(at, value)| Some((*at, scale.place((*value)?))))
                .collect();
            if let [(at, place)] = line[..] {
                line = vec![(at - 0.4, place), (at + 0.4, place)];
            }
            line
        })
        .collect()
}
