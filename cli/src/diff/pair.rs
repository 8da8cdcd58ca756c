//! Which two runs are compared: what the arguments name, read and paired.

use std::fs;
use std::path::{Path, PathBuf};

use groma_experiment::divergence::{Extract, first_window};
use groma_experiment::result::RunRecord;
use groma_experiment::store::{self, LoadedRun};
use groma_reports::format::count;

use super::DiffArgs;
use crate::exit::Problem;

/// A run's folder with its run.
pub struct Folder {
    pub path: PathBuf,
    pub run: LoadedRun,
}

/// Deliveries that were exported, with the name of their file.
pub struct Named {
    pub name: String,
    pub extract: Extract,
}

/// What is compared.
pub enum Sides {
    /// Two runs.
    Runs(Box<Folder>, Box<Folder>),
    /// Two files of deliveries.
    Files(Box<Named>, Box<Named>),
    /// Several runs on each side, and none differs; how to say so.
    Equal(String),
}

/// Reads both sides.
pub fn read(args: &DiffArgs) -> Result<Sides, Problem> {
    let exported = |path: &Path| path.is_file() && !is_record(path);
    match (exported(&args.base), exported(&args.head)) {
        (true, true) => Ok(Sides::Files(
            Box::new(file(&args.base)?),
            Box::new(file(&args.head)?),
        )),
        (false, false) => pair(args),
        _ => Err(Problem::input(format!(
            "error: {} and {}: a file and a folder\n  hint: export both: groma trace RUN --window K --out FILE.deliveries",
            args.base.display(),
            args.head.display()
        ))),
    }
}

fn is_record(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}

fn file(path: &Path) -> Result<Named, Problem> {
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|why| Problem::input(format!("error: {name}: {why}")))?;
    let extract =
        Extract::from_text(&text).map_err(|why| Problem::input(format!("error: {name}: {why}")))?;
    Ok(Named { name, extract })
}

/// The runs at a path that the hint allows.
fn folders(path: &Path, hint: Option<&str>) -> Result<Vec<Folder>, Problem> {
    // A run.json stands for its folder.
    let path = match (is_record(path), path.parent()) {
        (true, Some(folder)) if folder.as_os_str().is_empty() => Path::new("."),
        (true, Some(folder)) => folder,
        _ => path,
    };
    let problem = |why: String| Problem::input(format!("error: {why}"));
    let mut found = Vec::new();
    for path in store::run_folders(path).map_err(problem)? {
        let run = store::read_run(&path).map_err(problem)?;
        if hint.is_none_or(|hint| answers(&run, hint)) {
            found.push(Folder { path, run });
        }
    }
    if found.is_empty() {
        let hint = hint.unwrap_or_default();
        let path = path.display();
        return Err(problem(format!("{path}: no run is called {hint}")));
    }
    Ok(found)
}

fn answers(run: &LoadedRun, hint: &str) -> bool {
    run.record.key.starts_with(hint) || run.record.plan.label().contains(hint)
}

/// One run on each side is a pair, whatever they are called; of several, those
/// of the same name and varied values are.
fn pair(args: &DiffArgs) -> Result<Sides, Problem> {
    let hint = args.run.as_deref();
    let mut base = folders(&args.base, hint)?;
    let mut head = folders(&args.head, hint)?;
    if let ([_], [_]) = (base.as_slice(), head.as_slice()) {
        return Ok(sides(base.remove(0), head.remove(0)));
    }
    let mut pairs: Vec<(Folder, Folder)> = Vec::new();
    for ours in base {
        let same = |theirs: &Folder| title(theirs) == title(&ours);
        if let Some(place) = head.iter().position(same) {
            pairs.push((ours, head.swap_remove(place)));
        }
    }
    if pairs.is_empty() {
        return Err(Problem::input(format!(
            "error: {} and {}: no two runs of the same name and varied values\n  hint: name one run's folder on each side",
            args.base.display(),
            args.head.display()
        )));
    }
    let all = pairs.len();
    pairs.retain(|(a, b)| first_window(&a.run.trail, &b.run.trail).is_some());
    match pairs.len() {
        0 => Ok(Sides::Equal(format!(
            "no difference: {all} pairs of runs, each with the same fingerprint\n"
        ))),
        1 => {
            let (ours, theirs) = pairs.remove(0);
            Ok(sides(ours, theirs))
        }
        several => Err(Problem::input(format!(
            "error: {several} of {all} pairs of runs differ:\n{}  hint: choose one with --run",
            listed(&pairs)
        ))),
    }
}

fn sides(base: Folder, head: Folder) -> Sides {
    Sides::Runs(Box::new(base), Box::new(head))
}

fn title(folder: &Folder) -> (String, String) {
    let plan = &folder.run.record.plan;
    (plan.name.clone(), plan.label())
}

fn listed(pairs: &[(Folder, Folder)]) -> String {
    let line = |(base, _): &(Folder, Folder)| format!("  {}\n", base.run.record.plan.label());
    pairs.iter().map(line).collect()
}

/// How equal runs are told.
pub fn sameness(record: &RunRecord) -> String {
    format!(
        "no difference: the same {} deliveries, fingerprint {}\n",
        count(record.deliveries),
        record.fingerprint
    )
}
