//! Documents beside the runs of an output folder: capacity certificates and the
//! second runs of the lens, as files.

use std::fs;
use std::path::{Path, PathBuf};

use groma_experiment::certificate::{self, Certificate};
use groma_reports::Findings;
use groma_reports::lens::{self, SecondRuns};
use serde_json::Value;

/// The folder of certificates below an output folder.
pub const CAPACITY: &str = "capacity";

/// The folder of second runs below an output folder.
pub const LENS: &str = "lens";

/// Adds what stands beside the runs of an output folder. A certificate that two
/// arguments name stands once; the page sees to that.
pub fn add(findings: &mut Findings, folder: &Path) -> Result<(), String> {
    for file in documents(&folder.join(CAPACITY)) {
        findings.certificates.push(certificate(&file)?);
    }
    for file in documents(&folder.join(LENS)) {
        let runs = second_runs(&file)?;
        findings.second_runs.insert(runs.key.clone(), runs);
    }
    Ok(())
}

/// Reads one certificate.
pub fn certificate(file: &Path) -> Result<Certificate, String> {
    read(file, certificate::SCHEMA)
}

/// Reads one run's second runs.
pub fn second_runs(file: &Path) -> Result<SecondRuns, String> {
    read(file, lens::SCHEMA)
}

/// The JSON files of a folder in order of their names; none when there is no
/// such folder.
pub fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
}

/// Reads a document of the given schema. The schema is looked at first, so that
/// a file of another kind or version is called that and not damaged.
fn read<T: serde::de::DeserializeOwned>(file: &Path, schema: &str) -> Result<T, String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| format!("{name}: damaged: {error}"))?;
    let found = value.get("schema").and_then(Value::as_str).unwrap_or("");
    if found != schema {
        return Err(format!(
            "{name}: its schema is {found:?}\n  hint: this version reads {schema}; make the file anew"
        ));
    }
    serde_json::from_value(value).map_err(|error| format!("{name}: damaged: {error}"))
}
