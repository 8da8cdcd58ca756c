//! `groma report`: one page over any mix of runs and certificates.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use groma_experiment::capacity::files;
use groma_experiment::store::{self, LoadedRun};
use groma_reports::{Comparison, Findings, html};

use crate::args::ReportArgs;
use crate::exit::{Exit, Problem};
use crate::pdf::Printer;
use crate::{Done, findings, output};

/// Reads all that stands at the places and writes the page, and what else is
/// asked for.
pub fn report(args: &ReportArgs) -> Done {
    // What cannot be had is told before long reading.
    let printer = args.pdf.as_ref().map(|_| Printer::find()).transpose()?;
    if args.parquet.is_some() {
        can_write_parquet()?;
    }
    let (runs, findings) =
        read(&args.places, &args.out).map_err(|why| Problem::input(format!("error: {why}")))?;
    let comparison = Comparison::of(runs);
    let page = html::render_with(&comparison, &findings);
    output::write_document(&args.out, &page)?;
    output::say(&format!("report: {}", args.out.display()));
    if let (Some(printer), Some(pdf)) = (printer, &args.pdf) {
        printer.print(&args.out, pdf)?;
        output::say(&format!("PDF: {}", pdf.display()));
    }
    if let Some(folder) = &args.parquet {
        tables(&comparison, folder)?;
    }
    Ok(Exit::Fine)
}

/// Writes the report of an output folder anew, over all that stands there.
pub fn of_folder(folder: &Path) -> Result<PathBuf, Problem> {
    let out = folder.join("report.html");
    let (runs, findings) =
        read(&[folder.to_owned()], &out).map_err(|why| Problem::input(format!("error: {why}")))?;
    let page = html::render_with(&Comparison::of(runs), &findings);
    output::write_document(&out, &page)?;
    Ok(out)
}

#[cfg(feature = "parquet")]
fn can_write_parquet() -> Result<(), Problem> {
    Ok(())
}

#[cfg(not(feature = "parquet"))]
fn can_write_parquet() -> Result<(), Problem> {
    Err(Problem::input(
        "error: this build writes no Parquet files\n  hint: build with --features parquet, or read summary.csv and runs/*/windows.csv",
    ))
}

/// The runs and their windows as tables for other programs.
#[cfg(feature = "parquet")]
fn tables(comparison: &Comparison, folder: &Path) -> Result<(), Problem> {
    use groma_reports::{columns, parquet};

    std::fs::create_dir_all(folder).map_err(|error| {
        Problem::input(format!(
            "error: cannot write into {}: {error}",
            folder.display()
        ))
    })?;
    for (name, columns) in [
        ("runs.parquet", columns::runs(comparison)),
        ("windows.parquet", columns::windows(comparison)),
    ] {
        let bytes = parquet::file(&columns).map_err(Problem::internal)?;
        let path = folder.join(name);
        output::write_bytes(&path, &bytes)?;
        output::say(&format!("table: {}", path.display()));
    }
    Ok(())
}

#[cfg(not(feature = "parquet"))]
fn tables(_: &Comparison, _: &Path) -> Result<(), Problem> {
    can_write_parquet()
}

/// What stands at the places, for a page. A run that two arguments name stands in
/// the page once.
fn read(places: &[PathBuf], page: &Path) -> Result<(Vec<LoadedRun>, Findings), String> {
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
                let loaded = store::read_run(&run)?;
                let folder = output::quoted(&from_beside(page, &run));
                let key = loaded.record.key.clone();
                beside.folders.entry(key).or_insert(folder);
                runs.push(loaded);
            }
        }
    }
    Ok((runs, beside))
}

/// The way to a folder from that of a page, so that page and runs may move together;
/// the folder as it is named where there is no such way.
fn from_beside(page: &Path, folder: &Path) -> PathBuf {
    let beside = match page.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (Ok(start), Ok(end)) = (beside.canonicalize(), folder.canonicalize()) else {
        return folder.to_owned();
    };
    let (start, end): (Vec<_>, Vec<_>) = (start.components().collect(), end.components().collect());
    let common = start.iter().zip(&end).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return folder.to_owned();
    }
    let up = start[common..].iter().map(|_| Component::ParentDir);
    up.chain(end[common..].iter().copied()).collect()
}

/// The folders of the runs at a place. There need be none where there are
/// certificates.
fn folders(place: &Path, certified: bool) -> Result<Vec<PathBuf>, String> {
    match store::run_folders(place) {
        Err(_) if certified => Ok(Vec::new()),
        found => found,
    }
}
