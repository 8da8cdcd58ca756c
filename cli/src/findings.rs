//! Documents beside the runs of an output folder: capacity certificates, what
//! `groma why` found and the second runs of the lens, as files.

use std::fs;
use std::path::{Path, PathBuf};

use groma_experiment::capacity::files;
use groma_experiment::why::{self, Why};
use groma_reports::Findings;
use groma_reports::lens::{self, SecondRuns};

/// The folder of second runs below an output folder.
pub const LENS: &str = "lens";

/// The folder of what `groma why` found, below an output folder.
pub const WHY: &str = "why";

/// Reads one explanation.
fn explanation(file: &Path) -> Result<Why, String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let why: Why =
        serde_json::from_str(&text).map_err(|error| format!("{name}: no explanation: {error}"))?;
    if why.schema != why::SCHEMA {
        return Err(format!(
            "{name}: its schema is {}, not {}\n  hint: `groma why` makes it anew",
            why.schema,
            why::SCHEMA
        ));
    }
    Ok(why)
}

/// Adds what stands beside the runs of an output folder. A certificate that two
/// arguments name stands once; the page sees to that.
pub fn add(findings: &mut Findings, folder: &Path) -> Result<(), String> {
    for file in documents(&files::folder(folder)) {
        findings.certificates.push(files::read(&file)?);
    }
    for file in documents(&folder.join(WHY)) {
        findings.whys.push(explanation(&file)?);
    }
    for file in documents(&folder.join(LENS)) {
        let runs = second_runs(&file)?;
        findings.second_runs.insert(runs.key.clone(), runs);
    }
    Ok(())
}

/// Reads one run's second runs.
pub fn second_runs(file: &Path) -> Result<SecondRuns, String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let runs: SecondRuns =
        serde_json::from_str(&text).map_err(|error| format!("{name}: no second runs: {error}"))?;
    if runs.schema != lens::SCHEMA {
        return Err(format!(
            "{name}: its schema is {}, not {}\n  hint: `groma run --lens` makes it anew",
            runs.schema,
            lens::SCHEMA
        ));
    }
    Ok(runs)
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
