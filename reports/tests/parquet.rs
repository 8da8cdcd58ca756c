//! Parquet files, read back by the crate's own reader.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write as _;

use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use ::parquet::record::Field;
use groma_reports::columns::{self, Column, Values};
use groma_reports::{Comparison, parquet, summary};
use support::example;

fn read(bytes: &[u8]) -> Vec<Vec<(String, Field)>> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| {
        let row = row.unwrap();
        row.get_column_iter()
            .map(|(name, field)| (name.clone(), field.clone()))
            .collect()
    })
    .collect()
}

#[test]
fn a_row_a_run_holds_what_the_summary_holds() {
    let comparison = Comparison::of(example());
    let rows = read(&parquet::file(&columns::runs(&comparison)).unwrap());
    let summary = summary::csv(&comparison);
    let mut lines = csv::Reader::from_reader(summary.as_bytes());
    let head: Vec<String> = lines.headers().unwrap().iter().map(str::to_owned).collect();
    let lines: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        let names: Vec<&String> = row.iter().map(|(name, _)| name).collect();
        assert_eq!(names, head.iter().collect::<Vec<_>>());
        for ((name, field), cell) in row.iter().zip(line) {
            let same = match field {
                Field::Str(text) => text == cell,
                Field::Bool(flag) => flag.to_string() == cell,
                Field::Long(number) => number.to_string() == cell,
                Field::Double(number) => number.to_string() == cell,
                Field::Null => cell.is_empty(),
                other => panic!("{name}: {other:?}"),
            };
            assert!(same, "{name}: {field:?} is not {cell}");
        }
    }
}

#[test]
fn every_window_of_every_run_is_a_row() {
    let comparison = Comparison::of(example());
    let rows = read(&parquet::file(&columns::windows(&comparison)).unwrap());
    let windows: Vec<_> = comparison
        .runs
        .iter()
        .flat_map(|run| run.source.windows.iter().map(|window| (run.key(), window)))
        .collect();
    assert_eq!(rows.len(), windows.len());
    for (row, (key, window)) in rows.iter().zip(windows) {
        let field = |name: &str| &row.iter().find(|(found, _)| found == name).unwrap().1;
        assert_eq!(field("key"), &Field::Str(key.to_owned()));
        assert_eq!(field("backlog"), &Field::Long(window.backlog as i64));
        let p99 = window.finality_ms_p99.map_or(Field::Null, Field::Double);
        assert_eq!(field("finality_ms_p99"), &p99);
    }
}

#[test]
fn columns_of_different_lengths_are_refused() {
    let column = |name: &str, values| Column {
        name: name.to_owned(),
        values: Values::Flag(values),
    };
    let uneven = [column("a", vec![true]), column("b", vec![true, false])];
    assert!(parquet::file(&uneven).is_err());
    assert!(parquet::file(&columns::windows(&Comparison::of(Vec::new()))).is_ok());
}
