//! Predicted against published, as text, Markdown and JSON: one list of
//! outcomes, three ways to write it.

mod sensitivity;
mod tally;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use groma_experiment::validation::sensitivity::{Moved, turns};
use groma_experiment::validation::{Claim, Outcome, Tolerance};
use serde::Serialize;

pub use sensitivity::{Change, SetMoves, sensitivity_markdown, sensitivity_text, sets_moved};
pub use tally::{ClassTally, Tally, by_class, left_out, sentence};

/// Schema name of the document.
pub const SCHEMA: &str = "groma.validate/1";

const HEAD: [&str; 7] = [
    "row",
    "metric",
    "published",
    "predicted",
    "error",
    "tolerance",
    "pass",
];

/// A figure with as many digits as a table needs.
#[must_use]
pub fn figure(value: Option<f64>) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    let digits = match value.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

fn share(value: f64) -> String {
    format!("{:.2} %", value * 100.0)
}

/// A relative error with its sign.
#[must_use]
pub fn error(value: Option<f64>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |value| format!("{:+.2} %", value * 100.0),
    )
}

/// A tolerance in words.
#[must_use]
pub fn tolerance(tolerance: Tolerance) -> String {
    let percent = |share: f64| format!("{} %", (share * 1e4).round() / 1e2);
    match tolerance {
        Tolerance::Relative(share) => format!("±{}", percent(share)),
        Tolerance::Below(share) => format!("-{}, +0 %", percent(share)),
        Tolerance::Exact => "exact".to_owned(),
        Tolerance::Printed => "not judged".to_owned(),
    }
}

/// Whether a row passed, as a word.
#[must_use]
pub fn pass(outcome: &Outcome) -> &'static str {
    match outcome.judgement.pass {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "-",
    }
}

/// A row's name, with what was known of it before.
#[must_use]
pub fn name(outcome: &Outcome) -> String {
    let mark = match (outcome.fit, outcome.seen) {
        (true, _) => " (fit)",
        (_, true) => " (seen)",
        _ => "",
    };
    format!("{}{mark}", outcome.id)
}

fn cells(outcome: &Outcome) -> [String; 7] {
    let judgement = &outcome.judgement;
    [
        name(outcome),
        outcome.metric.to_owned(),
        figure(judgement.published),
        figure(judgement.predicted),
        error(judgement.error),
        tolerance(judgement.tolerance),
        pass(outcome).to_owned(),
    ]
}

fn console_table(head: Vec<String>) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule).bottom_border(rule));
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head);
    table
}

/// The table for a console, the count, and the claims.
#[must_use]
pub fn text(outcomes: &[Outcome], claims: &[Claim]) -> String {
    let mut table = console_table(HEAD.map(str::to_owned).to_vec());
    for outcome in outcomes {
        table.add_row(cells(outcome));
    }
    for column in 2..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut out = format!(
        "{}\n\n{}\n\n{}\n",
        table.trim_fmt(),
        sentence(outcomes),
        tally_text(outcomes)
    );
    out.push_str("\nclaimed without conditions, so not reproduced:\n");
    for claim in claims {
        out.push_str(&format!("  {}: {}\n", claim.system, claim.claim));
    }
    out
}

/// The count by class, for a console.
fn tally_text(outcomes: &[Outcome]) -> String {
    let mut table = console_table(ClassTally::HEAD.map(str::to_owned).to_vec());
    for tally in by_class(outcomes) {
        table.add_row(tally.cells());
    }
    table.trim_fmt()
}

/// The table in Markdown, with the count.
#[must_use]
pub fn markdown(outcomes: &[Outcome]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(&HEAD.map(str::to_owned));
    out.push_str("|---|---|---:|---:|---:|---:|---|\n");
    for outcome in outcomes {
        out.push_str(&line(&cells(outcome)));
    }
    out.push_str(&format!("\n{}.\n\n", sentence(outcomes)));
    out.push_str(&line(&ClassTally::HEAD.map(str::to_owned)));
    out.push_str(&format!("|{}\n", "---|".repeat(ClassTally::HEAD.len())));
    for tally in by_class(outcomes) {
        out.push_str(&line(&tally.cells()));
    }
    out
}

#[derive(Serialize)]
struct Turned<'a> {
    knobs: Vec<String>,
    rows: &'a [Moved],
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    rows: &'a [Outcome],
    judged: usize,
    inside: usize,
    median_error: Option<f64>,
    /// Judged rows of the whole validation that were not asked for.
    not_run: usize,
    tally: Vec<ClassTally>,
    claims: &'a [Claim],
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitivity: Option<Turned<'a>>,
}

/// The document of `groma validate --format json`.
///
/// # Panics
/// Never: rows hold only strings and finite numbers.
#[must_use]
pub fn json(outcomes: &[Outcome], claims: &[Claim], moved: Option<&[Moved]>) -> String {
    let tally = Tally::of(outcomes);
    let document = Document {
        schema: SCHEMA,
        rows: outcomes,
        judged: tally.judged,
        inside: tally.inside,
        median_error: tally.median_error,
        not_run: left_out(outcomes).0,
        tally: by_class(outcomes),
        claims,
        sensitivity: moved.map(|rows| Turned {
            knobs: turns()
                .map(|(knob, way)| format!("{} {}", knob.name, way.words()))
                .collect(),
            rows,
        }),
    };
    serde_json::to_string_pretty(&document).expect("rows are plain data") + "\n"
}
