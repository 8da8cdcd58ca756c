//! The console table: the same figures as the HTML, in as many columns as a
//! terminal has room for.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use groma_experiment::result::Verdict;

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
    out.push_str(&winners(runs));
    for run in runs {
        out.push_str(&remarks(run));
    }
    out
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
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule).bottom_border(rule));
    table.set_content_arrangement(ContentArrangement::Disabled);
    if style.width > 0 {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(style.width);
    }
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
    for column in 2..rows.len() + 2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.trim_fmt() + "\n";
    if style.colour { coloured(&text) } else { text }
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
