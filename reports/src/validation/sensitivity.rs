//! How far predictions move: a table a set, with a line a knob and a column a row, and
//! the knobs that move little in a sentence.

use comfy_table::CellAlignment;
use groma_experiment::validation::sensitivity::{KNOBS, Moved};

use super::{console_table, error, figure};

/// A change that is less than this is shown as none.
const NOTHING: f64 = 5e-4;
/// A knob that moves no row by a twentieth of its own turn has no line.
const LITTLE: f64 = 5e-3;

/// What a knob does to a row, turned up and turned down by a tenth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Turned up.
    pub up: Option<f64>,
    /// Turned down.
    pub down: Option<f64>,
}

impl Change {
    /// The larger of the two.
    #[must_use]
    pub fn size(self) -> f64 {
        let size = |by: Option<f64>| by.map_or(0.0, f64::abs);
        size(self.up).max(size(self.down))
    }

    /// Both, as a cell of a table.
    #[must_use]
    pub fn cell(self) -> String {
        if self.size() < NOTHING {
            return "0".to_owned();
        }
        let one = |by: Option<f64>| match by {
            Some(by) if by.abs() < NOTHING => "0".to_owned(),
            by => error(by).replace(" %", ""),
        };
        format!("{} / {}", one(self.up), one(self.down))
    }
}

/// One set's table.
#[derive(Clone, Debug, PartialEq)]
pub struct SetMoves {
    /// Name of the set.
    pub set: &'static str,
    /// Its judged rows, without the set's name, and what is predicted.
    pub rows: Vec<(String, String)>,
    /// Knobs that move any of them by half a percent.
    pub knobs: Vec<(&'static str, Vec<Change>)>,
    /// Knobs that the set has and that move none by as much.
    pub still: Vec<&'static str>,
}

impl SetMoves {
    fn of(set: &'static str, moved: &[Moved]) -> Self {
        let mine: Vec<&Moved> = moved.iter().filter(|row| row.set == set).collect();
        let short = |row: &Moved| {
            let rest = row.id.strip_prefix(set).unwrap_or(&row.id);
            rest.trim_start_matches('-').to_owned()
        };
        let rows = mine.iter().map(|row| (short(row), figure(row.predicted)));
        let mut table = Self {
            set,
            rows: rows.collect(),
            knobs: Vec::new(),
            still: Vec::new(),
        };
        for (index, knob) in KNOBS.iter().enumerate() {
            // Each knob is turned up and then down.
            let change = |row: &&Moved| Change {
                up: row.by.get(2 * index).copied().flatten(),
                down: row.by.get(2 * index + 1).copied().flatten(),
            };
            let changes: Vec<Change> = mine.iter().map(change).collect();
            let there = |one: &Change| one.up.is_some() || one.down.is_some();
            if changes.iter().any(|one| one.size() >= LITTLE) {
                table.knobs.push((knob.name, changes));
            } else if changes.iter().any(there) {
                table.still.push(knob.name);
            }
        }
        table
    }

    fn head(&self) -> Vec<String> {
        let rows = self.rows.iter().map(|(name, _)| name.clone());
        std::iter::once(format!("{}, %", self.set))
            .chain(rows)
            .collect()
    }

    fn lines(&self) -> Vec<Vec<String>> {
        let predicted = self.rows.iter().map(|(_, figure)| figure.clone());
        let mut lines = vec![
            std::iter::once("predicted".to_owned())
                .chain(predicted)
                .collect(),
        ];
        for (knob, changes) in &self.knobs {
            let cells = changes.iter().map(|change| change.cell());
            lines.push(std::iter::once((*knob).to_owned()).chain(cells).collect());
        }
        lines
    }

    /// What moves little, in a sentence; empty where there is nothing of the kind.
    #[must_use]
    pub fn rest(&self) -> String {
        match self.still.as_slice() {
            [] => String::new(),
            still => format!("By less than 0.5 %: {}.", still.join(", ")),
        }
    }
}

/// The tables of all sets of which some knob turns something, in their order.
#[must_use]
pub fn sets_moved(moved: &[Moved]) -> Vec<SetMoves> {
    let mut sets: Vec<&'static str> = moved.iter().map(|row| row.set).collect();
    sets.dedup();
    let tables = sets.into_iter().map(|set| SetMoves::of(set, moved));
    tables
        .filter(|table| !table.knobs.is_empty() || !table.still.is_empty())
        .collect()
}

/// How far each prediction moves, for a console.
#[must_use]
pub fn sensitivity_text(moved: &[Moved]) -> String {
    let mut out =
        "\nhow far predictions move, in %, with +10 % / -10 % of one number:\n".to_owned();
    for set in sets_moved(moved) {
        let mut table = console_table(set.head());
        for line in set.lines() {
            table.add_row(line);
        }
        for column in 1..=set.rows.len() {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        out.push_str(&format!("\n{}\n", table.trim_fmt()));
        if !set.still.is_empty() {
            out.push_str(&format!("{}\n", set.rest()));
        }
    }
    out
}

/// The same in Markdown.
#[must_use]
pub fn sensitivity_markdown(moved: &[Moved]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = String::new();
    for set in sets_moved(moved) {
        out.push_str(&format!("\n{}", line(&set.head())));
        out.push_str(&format!("|---|{}\n", "---:|".repeat(set.rows.len())));
        for cells in set.lines() {
            out.push_str(&line(&cells));
        }
        if !set.still.is_empty() {
            out.push_str(&format!("\n{}\n", set.rest()));
        }
    }
    out
}
