//! What a path holds that can be compared: records of runs and certificates of
//! capacity, from folders or from single JSON documents. Windows and histograms
//! stay on disk; a record needs neither.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{damaged, read_json, read_text, run_folders};
use crate::capacity::files;
use crate::certificate::{self, Certificate};
use crate::result::{self, HostRecord, RunRecord};

/// Schema name of a document that holds the records of several runs.
pub const RUNS_SCHEMA: &str = "groma.runs/1";

/// A run's record, with the host's figures where they were kept.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The exact record.
    pub record: RunRecord,
    /// The noisy figures; a document of records alone has none.
    pub host: Option<HostRecord>,
}

/// Everything at a path that can be compared.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// Runs, in the order of their keys or of their document.
    pub runs: Vec<Recorded>,
    /// Certificates, in the order of their file names.
    pub certificates: Vec<Certificate>,
}

/// Reads what stands at `path`: an output folder with `runs` and `capacity`, a
/// single run's folder, or a JSON document (`run.json`, a certificate, or the
/// records that `groma run --format json` printed).
///
/// # Errors
/// A sentence that names the file and says what is wrong with it.
pub fn read_results(path: &Path) -> Result<Results, String> {
    if !path.exists() {
        return Err(format!(
            "{}: no such file or folder\n  hint: `groma run SCENARIO --out DIR` makes a folder of results",
            path.display()
        ));
    }
    if path.is_file() {
        return read_document(path);
    }
    let certificates = certificates(path)?;
    let runs = match run_folders(path) {
        Ok(folders) => folders,
        Err(_) if !certificates.is_empty() => Vec::new(),
        Err(_) => return read_documents(path),
    };
    Ok(Results {
        runs: runs
            .iter()
            .map(|folder| read_recorded(&folder.join("run.json")))
            .collect::<Result<_, _>>()?,
        certificates,
    })
}

/// A folder of documents, such as goldens: everything that they hold together.
fn read_documents(folder: &Path) -> Result<Results, String> {
    let mut results = Results::default();
    for file in json_files(folder)? {
        let part = read_document(&file)?;
        results.runs.extend(part.runs);
        results.certificates.extend(part.certificates);
    }
    if results.runs.is_empty() && results.certificates.is_empty() {
        return Err(format!(
            "{}: neither a finished run nor a certificate\n  hint: name an output folder of `groma run` or `groma capacity`, a run's folder, or a JSON document of theirs",
            folder.display()
        ));
    }
    Ok(results)
}

fn certificates(folder: &Path) -> Result<Vec<Certificate>, String> {
    let below = files::folder(folder);
    if !below.is_dir() {
        return Ok(Vec::new());
    }
    json_files(&below)?
        .iter()
        .map(|file| files::read(file))
        .collect()
}

/// The JSON files of a folder by name; no hidden ones.
fn json_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let visible = |path: &PathBuf| {
        path.extension().is_some_and(|kind| kind == "json")
            && !path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .starts_with('.')
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(visible)
        .collect();
    files.sort();
    Ok(files)
}

/// A run by its record's file; the host's figures stand beside it.
fn read_recorded(file: &Path) -> Result<Recorded, String> {
    let record: RunRecord = read_json(file)?;
    if record.schema != result::SCHEMA {
        return Err(damaged(file, &format!("its schema is {}", record.schema)));
    }
    let host = file.with_file_name("host.json");
    Ok(Recorded {
        record,
        host: if host.exists() {
            Some(read_json(&host)?)
        } else {
            None
        },
    })
}

/// A document says by its schema what it is.
fn read_document(file: &Path) -> Result<Results, String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    #[derive(Deserialize)]
    struct Runs {
        runs: Vec<RunRecord>,
    }
    let text = read_text(file)?;
    let head: Head = serde_json::from_str(&text).map_err(|error| unknown(file, &text, &error))?;
    match head.schema.as_str() {
        result::SCHEMA => Ok(Results {
            runs: vec![read_recorded(file)?],
            certificates: Vec::new(),
        }),
        certificate::SCHEMA => Ok(Results {
            runs: Vec::new(),
            certificates: vec![files::read(file)?],
        }),
        RUNS_SCHEMA => {
            let document: Runs =
                serde_json::from_str(&text).map_err(|error| damaged(file, &error))?;
            let alone = |record| Recorded { record, host: None };
            Ok(Results {
                runs: document.runs.into_iter().map(alone).collect(),
                certificates: Vec::new(),
            })
        }
        other => Err(format!(
            "{}: schema `{other}` cannot be compared\n  hint: {} can",
            file.display(),
            [result::SCHEMA, RUNS_SCHEMA, certificate::SCHEMA].join(", ")
        )),
    }
}

fn unknown(file: &Path, text: &str, error: &serde_json::Error) -> String {
    let json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    let why = if json {
        "a JSON document without a schema".to_owned()
    } else {
        format!("not a JSON document: {error}")
    };
    format!(
        "{}: {why}\n  hint: name an output folder, a run's folder, run.json or a certificate",
        file.display()
    )
}
