//! `summary.csv`: one line a run, every figure with all of its digits.

use crate::compare::Comparison;

/// Renders the comparison as CSV. The columns of figures are named by their
/// path in `run.json`; a figure that does not apply is empty.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn csv(comparison: &Comparison) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["scenario", "run", "key", "mode", "verdict", "as_expected"];
    head.extend(["targets_met", "targets", "fingerprint", "build"]);
    head.extend(comparison.rows.iter().map(|row| row.metric.id));
    writer
        .write_record(&head)
        .expect("memory takes every record");
    for (index, run) in comparison.runs.iter().enumerate() {
        let record = &run.source.record;
        let met = run.targets.iter().filter(|target| target.met).count();
        let mut line = vec![
            record.name.clone(),
            run.label.clone(),
            record.key.clone(),
            record.mode.clone(),
            record.verdict.as_str().to_owned(),
            run.outcome.as_expected.to_string(),
            met.to_string(),
            run.targets.len().to_string(),
            record.fingerprint.clone(),
            run.source.host.build.clone(),
        ];
        line.extend(comparison.rows.iter().map(|row| {
            row.cells[index]
                .value
                .map_or_else(String::new, |value| value.to_string())
        }));
        writer
            .write_record(&line)
            .expect("every line has the columns of the head");
    }
    let bytes = writer.into_inner().expect("memory takes every record");
    String::from_utf8(bytes).expect("every field is text")
}
