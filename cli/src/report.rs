//! `groma report`: one page over any results.

use std::path::{Path, PathBuf};

use groma_experiment::store;
use groma_reports::{Comparison, html};

use crate::exit::{Exit, Problem};
use crate::{Done, output};

/// Reads every run below the folders and writes the page.
pub fn report(folders: &[PathBuf], out: &Path) -> Done {
    let mut runs = Vec::new();
    for folder in folders {
        runs.extend(store::read_all(folder).map_err(|why| Problem::input(format!("error: {why}")))?);
    }
    let page = html::render(&Comparison::of(runs));
    output::write_document(out, &page)?;
    eprintln!("report: {}", out.display());
    Ok(Exit::Fine)
}
