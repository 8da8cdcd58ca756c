//! The console table: the same figures as the HTML, in as many columns as a
//! terminal has room for.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use groma_experiment::result::Verdict;

use crate::attack::{FIGURES, attacks};
use crate::compare::{Comparison, Run, Scenario};
use crate::format::printable;
use crate::metric::KEY;

/// How a table is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether verdicts are coloured by escape sequences.
    pub colour: bool,
    /// Columns of the terminal; 0 for no limit.
    pub width: u16,
}

/// Renders every scenario: its answer, its table, and what was missed and why.
#[must_use]
pub fn table(comparison: &Comparison, style: Style) -> String {
    if comparison.scenarios.is_empty() {
        return "no runs\n".to_owned();
    }
    comparison
        .scenarios
        .iter()
        .map(|scenario| section(comparison, scenario, style))
        .collect::<Vec<_>>()
        .join("\n")
}

fn section(comparison: &Comparison, scenario: &Scenario, style: Style) -> String {
    let runs = &comparison.runs[scenario.runs.clone()];
    let mut out = format!("{}\n", printable(&scenario.name));
    if !scenario.why.is_empty() {
        out.push_str(&format!("  {}\n", printable(&scenario.why)));
    }
    out.push_str(&format!("  {}\n\n", printable(&scenario.headline)));
    out.push_str(&grid(comparison, scenario, style));
    out.push('\n');
    if runs.len() > 1 {
        out.push_str("* best of the runs that sustain their load\n");
    }
    out.push_str(&cost_of_attacks(comparison, scenario, style));
    out.push_str(&winners(runs));
    for run in runs {
        out.push_str(&remarks(run));
    }
    out
}

/// What attacks cost: changes against the base of those figures that the table above
/// has, and the others in full.
fn cost_of_attacks(comparison: &Comparison, scenario: &Scenario, style: Style) -> String {
    let Some(attacks) = attacks(comparison, scenario) else {
        return String::new();
    };
    let known = |place: &usize| KEY.contains(&FIGURES[*place]);
    let shown: Vec<usize> = attacks
        .shown(comparison)
        .into_iter()
        .filter(|place| attacks.has_base() || !known(place))
        // The page has room for it.
        .filter(|place| FIGURES[*place] != "views_to_commit")
        .collect();
    let mut table = frame(style);
    let mut head = vec!["run".to_owned()];
    head.extend(shown.iter().map(|place| {
        let row = comparison.row(FIGURES[*place]);
        match known(place) {
            true => format!("{}\nchange", row.metric.short),
            false => row.short_head().replace(", ", "\n").replace("'s ", "'s\n"),
        }
    }));
    head.push("what the adversary did".to_owned());
    table.set_header(head);
    for attack in attacks.families.iter().flat_map(|family| &family.attacked) {
        let mut line = vec![printable(&comparison.runs[attack.run].label)];
        line.extend(shown.iter().map(|&place| {
            let change = attack.changes[place].as_ref().map(|change| &change.text);
            let number = &comparison.row(FIGURES[place]).cells[attack.run].number;
            match (known(&place), change) {
                (true, change) => change.map_or_else(|| "–".to_owned(), String::clone),
                (false, Some(change)) => format!("{number} ({change})"),
                (false, None) => number.clone(),
            }
        }));
        line.push(attack.deeds.join("; "));
        table.add_row(line);
    }
    let dearest = attacks.dearest(comparison).unwrap_or_default();
    let base = match attacks.has_base() {
        true => ", against the same plan without Byzantine replicas",
        false => "",
    };
    format!(
        "\ncost of the attack{base}:\n{}{}\n",
        aligned(table, shown.len(), 1),
        printable(&dearest)
    )
}

/// Where runs vary over two values: who leads in which figure, and where.
fn winners(runs: &[Run]) -> String {
    let Some(grid) = crate::grid::grid(runs) else {
        return String::new();
    };
    let lines: Vec<(&str, String)> = grid
        .tables
        .iter()
        .map(|table| (table.metric.short, grid.leaders(table)))
        .filter(|(_, leaders)| !leaders.is_empty())
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    let wide = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = "\nwho wins where:\n".to_owned();
    for (name, leaders) in lines {
        out.push_str(&format!("  {name:wide$}  {}\n", printable(&leaders)));
    }
    out
}

fn grid(comparison: &Comparison, scenario: &Scenario, style: Style) -> String {
    let rows: Vec<_> = KEY
        .iter()
        .map(|id| comparison.row(id))
        .filter(|row| row.applies())
        .collect();
    let mut table = frame(style);
    let mut head = vec!["run".to_owned(), "verdict".to_owned()];
    head.extend(rows.iter().map(|row| row.short_head().replace(", ", "\n")));
    table.set_header(head);
    for index in scenario.runs.clone() {
        let run = &comparison.runs[index];
        let mut line = vec![printable(&run.label), mark(run)];
        line.extend(rows.iter().map(|row| {
            let cell = &row.cells[index];
            // The blank keeps digits in line with those of marked figures.
            format!("{}{}", cell.number, if cell.best { "*" } else { " " })
        }));
        table.add_row(line);
    }
    let text = aligned(table, rows.len(), 2);
    if style.colour { coloured(&text) } else { text }
}

/// A table with rules below its head and its last line.
fn frame(style: Style) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule).bottom_border(rule));
    table.set_content_arrangement(ContentArrangement::Disabled);
    if style.width > 0 {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(style.width);
    }
    table
}

/// The finished table, its `figures` columns from `first` on at their right edge.
fn aligned(mut table: Table, figures: usize, first: usize) -> String {
    for column in first..first + figures {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

fn mark(run: &Run) -> String {
    let sign = if run.outcome.as_expected {
        '✓'
    } else {
        '✗'
    };
    format!("{sign} {}", run.outcome.text())
}

/// Colours verdicts in a finished table, so that escape sequences never count
/// as width.
fn coloured(text: &str) -> String {
    let mut out = text.to_owned();
    for verdict in [
        Verdict::Pass,
        Verdict::Missed,
        Verdict::Unsustained,
        Verdict::Violated,
    ] {
        let word = verdict.as_str();
        out = out
            .replace(
                &format!("✓ {word}"),
                &format!("\u{1b}[32m✓ {word}\u{1b}[0m"),
            )
            .replace(
                &format!("✗ {word}"),
                &format!("\u{1b}[31m✗ {word}\u{1b}[0m"),
            );
    }
    out
}

/// What a reader must know beyond the figures: targets missed, reasons,
/// violations with their replay command.
fn remarks(run: &Run) -> String {
    let mut out = String::new();
    let label = printable(&run.label);
    for target in run.targets.iter().filter(|target| !target.met) {
        out.push_str(&format!(
            "{label}: {} is {}, target {} (margin {})\n",
            target.name, target.measured, target.bound, target.margin
        ));
    }
    for reason in &run.source.record.reasons {
        out.push_str(&format!("{label}: {}\n", printable(reason)));
    }
    // The reasons name the violations; one command shows them all again.
    if let Some(violation) = run.source.record.violations.first() {
        out.push_str(&format!("  {}\n", printable(&violation.replay)));
    }
    out
}
