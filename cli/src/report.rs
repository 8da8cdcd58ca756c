//! `groma report`: one page over any mix of runs and certificates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use groma_experiment::capacity::files;
use groma_experiment::store::{self, LoadedRun};
use groma_reports::{Comparison, Findings, html};

use crate::exit::{Exit, Problem};
use crate::{Done, findings, output};

/// Reads all that stands at the places and writes the page.
pub fn report(places: &[PathBuf], out: &Path) -> Done {
    write(places, out)?;
    output::say(&format!("report: {}", out.display()));
    Ok(Exit::Fine)
}

/// Writes the page of all that stands at the places.
pub fn write(places: &[PathBuf], out: &Path) -> Result<(), Problem> {
    let (runs, findings) = read(places).map_err(|why| Problem::input(format!("error: {why}")))?;
    let page = html::render_with(&Comparison::of(runs), &findings);
    output::write_document(out, &page)
}

/// A run that two arguments name stands in the page once.
fn read(places: &[PathBuf]) -> Result<(Vec<LoadedRun>, Findings), String> {
    let mut seen = BTreeSet::new();
    let (mut runs, mut beside) = (Vec::new(), Findings::default());
    for place in places {
        if place.is_file() {
            beside.certificates.push(files::read(place)?);
            continue;
        }
        let count = |beside: &Findings| beside.certificates.len() + beside.whys.len();
        let known = count(&beside);
        findings::add(&mut beside, place)?;
        for run in folders(place, count(&beside) > known)? {
            if seen.insert(run.canonicalize().unwrap_or_else(|_| run.clone())) {
                runs.push(store::read_run(&run)?);
            }
        }
    }
    Ok((runs, beside))
}

/// The folders of the runs at a place. There need be none where there are
/// certificates.
fn folders(place: &Path, certified: bool) -> Result<Vec<PathBuf>, String> {
    match store::run_folders(place) {
        Err(_) if certified => Ok(Vec::new()),
        found => found,
    }
}
