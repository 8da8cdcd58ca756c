//! Results as columns, for programs that read tables: one row a run, and one
//! row a window. Knows no file format.

use crate::compare::Comparison;
use crate::format::Unit;

/// One column with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// As in `summary.csv` and `windows.csv`.
    pub name: String,
    /// A value a row.
    pub values: Values,
}

/// Values of one kind; `None` where a figure does not apply.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Names.
    Text(Vec<String>),
    /// Yes or no.
    Flag(Vec<bool>),
    /// Counts.
    Whole(Vec<Option<i64>>),
    /// Measures.
    Real(Vec<Option<f64>>),
}

fn text(name: &str, values: impl Iterator<Item = String>) -> Column {
    Column {
        name: name.to_owned(),
        values: Values::Text(values.collect()),
    }
}

fn whole(name: &str, values: impl Iterator<Item = u64>) -> Column {
    // Beyond 2⁶³ nothing is counted.
    let values = values.map(|value| i64::try_from(value).ok());
    Column {
        name: name.to_owned(),
        values: Values::Whole(values.collect()),
    }
}

fn flag(name: &str, values: impl Iterator<Item = bool>) -> Column {
    Column {
        name: name.to_owned(),
        values: Values::Flag(values.collect()),
    }
}

fn real(name: &str, values: impl Iterator<Item = Option<f64>>) -> Column {
    Column {
        name: name.to_owned(),
        values: Values::Real(values.collect()),
    }
}

/// One row a run: the columns of `summary.csv`.
#[must_use]
pub fn runs(comparison: &Comparison) -> Vec<Column> {
    let runs = || comparison.runs.iter();
    let records = || runs().map(|run| &run.source.record);
    let met = |run: &crate::compare::Run| run.targets.iter().filter(|target| target.met).count();
    let mut columns = vec![
        text("scenario", records().map(|record| record.name.clone())),
        text("run", runs().map(|run| run.label.clone())),
        text("key", records().map(|record| record.key.clone())),
        text("mode", records().map(|record| record.mode.clone())),
        text(
            "verdict",
            records().map(|record| record.verdict.as_str().to_owned()),
        ),
        flag("as_expected", runs().map(|run| run.outcome.as_expected)),
        whole("targets_met", runs().map(|run| met(run) as u64)),
        whole("targets", runs().map(|run| run.targets.len() as u64)),
        text(
            "fingerprint",
            records().map(|record| record.fingerprint.clone()),
        ),
        text("build", runs().map(|run| run.source.host.build.clone())),
    ];
    columns.extend(comparison.rows.iter().map(|row| {
        let values = row.cells.iter().map(|cell| cell.value);
        match row.metric.unit {
            Unit::Count => Column {
                name: row.metric.id.to_owned(),
                values: Values::Whole(values.map(|value| value.map(|v| v as i64)).collect()),
            },
            _ => real(row.metric.id, values),
        }
    }));
    columns
}

/// One row a second of virtual time of every run: its key, and the columns of
/// `windows.csv`.
#[must_use]
pub fn windows(comparison: &Comparison) -> Vec<Column> {
    let rows: Vec<_> = comparison
        .runs
        .iter()
        .flat_map(|run| run.source.windows.iter().map(move |window| (run, window)))
        .collect();
    let windows = || rows.iter().map(|(_, window)| *window);
    vec![
        text("key", rows.iter().map(|(run, _)| run.key().to_owned())),
        whole("start_s", windows().map(|w| w.start_s)),
        flag("measured", windows().map(|w| w.measured)),
        whole("offered", windows().map(|w| w.offered)),
        whole("finalised", windows().map(|w| w.finalised)),
        whole("rejected", windows().map(|w| w.rejected)),
        whole("shed", windows().map(|w| w.shed)),
        whole("backlog", windows().map(|w| w.backlog)),
        whole("blocks", windows().map(|w| w.blocks)),
        real("finality_ms_p50", windows().map(|w| w.finality_ms_p50)),
        real("finality_ms_p99", windows().map(|w| w.finality_ms_p99)),
        real("finality_ms_max", windows().map(|w| w.finality_ms_max)),
        real("cpu", windows().map(|w| Some(w.cpu))),
        real("egress_max", windows().map(|w| Some(w.egress_max))),
        real("ingress_max", windows().map(|w| Some(w.ingress_max))),
    ]
}
