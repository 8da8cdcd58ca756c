//! Capacity over two varied values: a cell each, with its figure, darker for
//! more, and a thick line where capacity falls off.

use super::ink::Ink;
use super::svg::{
    Canvas, Drawn, FINE, Label, Side, block, chart, fill, fitted, line, rule, width_of, write,
};
use super::time::WIDTH;
use crate::capacity::{Axis, Surface};
use crate::format::Unit;

const RIGHT: i32 = 12;
const TOP: i32 = 26;
const ROW: i32 = 42;
const BOTTOM: i32 = 46;
/// The widest that the names of rows may be.
const NAMES: i32 = 150;

/// Draws a surface.
#[must_use]
pub fn draw(title: &str, surface: &Surface) -> String {
    let names = surface.down.as_ref().map_or(&[][..], |axis| &axis.values);
    let widest = names.iter().map(|name| width_of(&plain(name))).max();
    let left = (widest.unwrap_or(0) / FINE + 16).min(NAMES);
    let height = TOP + ROW * surface.cells.len() as i32 + BOTTOM;
    let grid = Grid {
        left: left * FINE,
        column: (WIDTH - left - RIGHT) * FINE / surface.across.values.len().max(1) as i32,
    };
    chart((WIDTH, height), title, |canvas| {
        cells(canvas, &grid, surface)?;
        cliffs(canvas, &grid, surface)?;
        heads(canvas, &grid, surface, height)
    })
}

/// A value as it was written, without the marks of YAML.
#[must_use]
pub fn plain(value: &str) -> String {
    value.replace(['{', '}', '"'], "").trim().to_owned()
}

struct Grid {
    left: i32,
    column: i32,
}

impl Grid {
    fn corner(&self, row: usize, column: usize) -> (i32, i32) {
        (
            self.left + self.column * column as i32,
            (TOP + ROW * row as i32) * FINE,
        )
    }
}

fn cells(canvas: &Canvas<'_>, grid: &Grid, surface: &Surface) -> Drawn {
    let most = surface
        .cells
        .iter()
        .flatten()
        .flatten()
        .copied()
        .fold(1.0, f64::max);
    for (row, line) in surface.cells.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            let from = grid.corner(row, column);
            let to = grid.corner(row + 1, column + 1);
            let text = match cell {
                Some(tps) => {
                    // Pale enough that the figure can be read upon it.
                    let strength = 0.04 + 0.5 * tps / most;
                    let to = (to.0 - FINE, to.1 - FINE);
                    block(canvas, from, to, fill(Ink::Series(0), strength))?;
                    Unit::Tps.scale(*tps).number(*tps)
                }
                None => "–".to_owned(),
            };
            let middle = ((from.0 + to.0) / 2, from.1 + (ROW / 2 - 7) * FINE);
            let label = Label {
                bold: true,
                ..Label::new(Ink::Text, Side::Below)
            };
            let text = fitted(&text, grid.column - 2 * FINE);
            write(canvas, middle, &text, label)?;
        }
    }
    Ok(())
}

fn cliffs(canvas: &Canvas<'_>, grid: &Grid, surface: &Surface) -> Drawn {
    for ((row, column), to) in &surface.cliffs {
        let corner = grid.corner(to.0, to.1);
        let end = if to.0 == *row {
            (corner.0, corner.1 + ROW * FINE)
        } else {
            grid.corner(to.0, column + 1)
        };
        rule(canvas, corner, end, line(Ink::Fault, 14))?;
    }
    Ok(())
}

fn heads(canvas: &Canvas<'_>, grid: &Grid, surface: &Surface, height: i32) -> Drawn {
    let name = |axis: &Axis| axis.name.replace('_', " ");
    if let Some(axis) = &surface.down {
        for (row, value) in axis.values.iter().enumerate() {
            let at = (grid.left - 8 * FINE, grid.corner(row, 0).1 + ROW / 2 * FINE);
            let text = fitted(&plain(value), grid.left - 10 * FINE);
            write(canvas, at, &text, Label::FOOT)?;
        }
        write(canvas, (2 * FINE, 11 * FINE), &name(axis), Label::HEAD)?;
    }
    let lower = (height - BOTTOM) * FINE;
    for (column, value) in surface.across.values.iter().enumerate() {
        let at = (grid.corner(0, column).0 + grid.column / 2, lower + 7 * FINE);
        let text = fitted(&plain(value), grid.column - 6 * FINE);
        write(canvas, at, &text, Label::new(Ink::Text, Side::Below))?;
    }
    let foot = ((WIDTH - RIGHT) * FINE, (height - 9) * FINE);
    write(canvas, foot, &name(&surface.across), Label::FOOT)
}
