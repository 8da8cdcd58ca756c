//! `groma report`: one page over any results.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use groma_experiment::store::{self, LoadedRun};
use groma_reports::{Comparison, html};

use crate::exit::{Exit, Problem};
use crate::{Done, output};

/// Reads every run at the folders and writes the page.
pub fn report(folders: &[PathBuf], out: &Path) -> Done {
    let runs = read(folders).map_err(|why| Problem::input(format!("error: {why}")))?;
    let page = html::render(&Comparison::of(runs));
    output::write_document(out, &page)?;
    output::say(&format!("report: {}", out.display()));
    Ok(Exit::Fine)
}

/// A run that two arguments name stands in the page once.
fn read(folders: &[PathBuf]) -> Result<Vec<LoadedRun>, String> {
    let mut seen = BTreeSet::new();
    let mut runs = Vec::new();
    for folder in folders {
        for run in store::run_folders(folder)? {
            if seen.insert(run.canonicalize().unwrap_or_else(|_| run.clone())) {
                runs.push(store::read_run(&run)?);
            }
        }
    }
    Ok(runs)
}
