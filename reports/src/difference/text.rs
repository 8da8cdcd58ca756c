//! The comparison for a console of 100 columns: what changed, and how much did
//! not.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::change::{Change, Turn};
use super::group::{Estimate, Group};
use super::judge::State;
use super::{
    Alone, Difference, Pair, Word, brief, counted, manner, probability, rest, verdict, within,
};
use crate::attack;
use crate::metric::Better;

/// Columns of a console.
const WIDTH: u16 = 100;

/// Figures of a pair that are listed, of those that have a good side.
const ROWS: usize = 24;

/// Places of one rule that are listed.
const LISTED: usize = 8;

/// Renders it.
#[must_use]
pub fn text(difference: &Difference) -> String {
    let [base, head] = &difference.names;
    let mut out = format!("base {base}\nhead {head}\n{}\n", difference.headline());
    for note in &difference.notes {
        out.push_str(&format!("note: {note}\n"));
    }
    for group in &difference.groups {
        out.push_str(&of_group(group));
    }
    let changed = difference.pairs.iter().filter(|pair| !pair.is_equal());
    for pair in changed.clone().filter(|pair| !pair.grouped) {
        out.push_str(&of_pair(pair));
    }
    let grouped: Vec<String> = changed.filter(|pair| pair.grouped).map(in_a_line).collect();
    if !grouped.is_empty() {
        out.push_str(&format!("\nseed by seed\n{}", grouped.concat()));
    }
    out.push_str(&alone(&difference.alone));
    out.push_str(&advice(difference));
    out.push_str(&rules(difference));
    out.lines().map(wrapped).collect()
}

/// A line, broken between words where it is longer than the console is wide.
fn wrapped(line: &str) -> String {
    let width = usize::from(WIDTH);
    if line.chars().count() <= width {
        return format!("{line}\n");
    }
    let indent = " ".repeat(line.len() - line.trim_start().len() + 2);
    let (mut out, mut row) = (String::new(), line[..indent.len() - 2].to_owned());
    for word in line.split_whitespace() {
        if row.chars().count() + 1 + word.chars().count() > width {
            out.push_str(&format!("{row}\n"));
            row = indent[1..].to_owned();
        }
        if !row.trim().is_empty() || row.len() + 1 == indent.len() {
            row.push(' ');
        }
        row.push_str(word);
    }
    format!("{out}{row}\n")
}

fn of_pair(pair: &Pair) -> String {
    let mut out = format!("\n{}\n", pair.place);
    for word in pair.words.iter().filter(|word| word.has_changed()) {
        out.push_str(&format!("  {}\n", worded(word)));
    }
    let (told, other) = pair.told();
    let rows: Vec<Vec<String>> = told.iter().take(ROWS).map(|change| row(change)).collect();
    let more = told.len() - rows.len() + other.len();
    out.push_str(&grid(&["figure", "base", "head", "change", ""], rows));
    if more > 0 {
        out.push_str(&format!("  and {more} more, which other formats list\n"));
    }
    out.push_str(&format!("  {}\n", rest(pair)));
    out
}

/// `fingerprint 4f2a... -> 9c1b...`
fn worded(word: &Word) -> String {
    format!(
        "{} {} -> {}",
        word.name.replace('_', " "),
        brief(&word.base),
        brief(&word.head)
    )
}

fn row(change: &Change) -> Vec<String> {
    let spelled = change.spelled();
    vec![
        change.quantity.name.to_owned(),
        spelled.base,
        spelled.head,
        spelled.change,
        word(change.turn).to_owned(),
    ]
}

/// What to write beside a change: nothing where neither way is better.
pub(super) fn word(turn: Turn) -> &'static str {
    match turn {
        Turn::Better | Turn::Worse => turn.word(),
        Turn::Equal | Turn::Other => "",
    }
}

fn of_group(group: &Group) -> String {
    let mut out = format!("\n{}: {}\n", group.place, manner(group));
    // Without a verdict, other figures are so many that some change by chance.
    let told = |estimate: &&Estimate| {
        let sided = estimate.change.quantity.better != Better::Neither;
        let costs = group.attacked && attack::is_cost(estimate.change.quantity.id);
        estimate.judged || costs || group.has_changed() && estimate.is_shown() && sided
    };
    let rows: Vec<Vec<String>> = group.estimates.iter().filter(told).map(estimated).collect();
    let head = ["figure", "base", "head", "change", "95 % within", "p", ""];
    out.push_str(&grid(&head, rows));
    out.push_str(&format!("  {}\n", verdict(group)));
    out
}

fn estimated(estimate: &Estimate) -> Vec<String> {
    let mut cells = row(&estimate.change);
    let verdict = match (estimate.chance, estimate.is_shown()) {
        (None, _) => "",
        (Some(_), true) => estimate.change.turn.word(),
        (Some(_), false) => "chance",
    };
    cells.truncate(4);
    if estimate.judged {
        cells[0].push_str(" *");
    }
    cells.push(within(estimate));
    cells.push(estimate.chance.map_or_else(String::new, probability));
    cells.push(verdict.to_owned());
    cells
}

/// A pair that a group speaks for, in a line.
fn in_a_line(pair: &Pair) -> String {
    let words: Vec<&str> = pair
        .words
        .iter()
        .filter(|word| word.has_changed())
        .map(|word| word.name)
        .collect();
    let words = if words.is_empty() {
        "no word".to_owned()
    } else {
        words.join(", ").replace('_', " ")
    };
    let worse = pair
        .changed()
        .filter(|change| change.turn == Turn::Worse)
        .count();
    format!(
        "  {}: {words} changed; {} changed, {worse} of them worse\n",
        pair.place,
        counted(pair.changed().count(), "figure")
    )
}

fn alone(alone: &[Alone]) -> String {
    let lines = alone.iter().map(|alone| {
        format!(
            "  {} only: {} (key {})\n",
            alone.side.word(),
            alone.place,
            alone.key
        )
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\nwithout a partner, not compared\n{lines}")
    }
}

fn advice(difference: &Difference) -> String {
    let parts: Vec<String> = difference
        .host
        .iter()
        .map(|advice| format!("{} x{:.2}", advice.name, advice.ratio))
        .collect();
    let Some(first) = difference.host.first() else {
        return String::new();
    };
    format!(
        "\nthe host, noisy (head over base, median of {}): {}\n",
        counted(first.pairs, "pair"),
        parts.join(", ")
    )
}

fn rules(difference: &Difference) -> String {
    let rulings = &difference.rulings;
    if rulings.is_empty() {
        return String::new();
    }
    let count = |state| {
        rulings
            .iter()
            .filter(|ruling| ruling.state == state)
            .count()
    };
    let mut out = format!(
        "\nrules: {} kept, {} broken, {} skipped\n",
        count(State::Passed),
        count(State::Failed),
        count(State::Skipped)
    );
    let failed: Vec<_> = rulings
        .iter()
        .filter(|ruling| ruling.state == State::Failed)
        .collect();
    for ruling in failed.iter().take(LISTED) {
        out.push_str(&format!(
            "  broken: {}\n    {}\n    {}\n",
            ruling.rule, ruling.place, ruling.seen
        ));
    }
    if let Some(more) = failed.len().checked_sub(LISTED).filter(|more| *more > 0) {
        out.push_str(&format!("  and {more} more broken\n"));
    }
    out
}

fn grid(head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule));
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    table.set_header(head.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for column in 1..head.len() - 1 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}
