//! `groma run`: plans over the cores, results on disk as each run ends, one
//! summary and one report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use groma_experiment::plan::Plan;
use groma_experiment::registry::{Control, Registry, RunOptions};
use groma_experiment::result::RunRecord;
use groma_experiment::store::{self, BUILD, LoadedRun};
use groma_experiment::sweep::{self, Ended};
use groma_reports::{Comparison, console, html, summary};

use crate::args::{Format, RunArgs};
use crate::exit::{Exit, Problem};
use crate::progress::Progress;
use crate::{Done, host, lens, output, scenario};

/// A plan and the folder of its results.
#[derive(Debug)]
struct Job {
    plan: Plan,
    out: PathBuf,
}

/// What a sweep came to.
#[derive(Debug, Default)]
struct Tally {
    kept: usize,
    stopped: usize,
    unwritten: Vec<String>,
    failed: Vec<String>,
}

/// A run of a job, by the job's place.
type Run = (usize, LoadedRun);

/// Runs every plan of every scenario.
pub fn run(args: &RunArgs, registry: &Registry) -> Done {
    let jobs = jobs(args, registry)?;
    let folders: Vec<&Path> = distinct(jobs.iter().map(|job| job.out.as_path()));
    let unwritable = folders
        .iter()
        .filter_map(|folder| output::prepare(folder).err());
    if let Some(problem) = Problem::all(unwritable.collect()) {
        return Err(problem);
    }
    // `--no-sharing` asks for the work itself, not for its result.
    let reused = if args.no_sharing {
        Vec::new()
    } else {
        finished(&jobs)
    };
    let is_open = |index: &usize| {
        reused
            .binary_search_by_key(index, |(place, _)| *place)
            .is_err()
    };
    let open: Vec<&Job> = (0..jobs.len())
        .filter(is_open)
        .map(|index| &jobs[index])
        .collect();
    let control = Arc::new(Control::default());
    stop_on_interrupt(&control)?;
    let mut tally = sweep(args, &open, reused.len(), &control, registry)?;
    let runs = if open.is_empty() {
        reused.clone()
    } else {
        finished(&jobs)
    };
    if args.lens {
        tally.add(second_runs(args, &jobs, &runs, &control, registry)?);
    }
    let wrote = documents(&folders, &jobs, &runs);
    let told = tell(args, &folders, &jobs, &runs, reused.len());
    conclude(&tally, &jobs, &runs, wrote.and(told))
}

fn second_runs(
    args: &RunArgs,
    jobs: &[Job],
    runs: &[Run],
    control: &Control,
    registry: &Registry,
) -> Result<lens::Outcome, Problem> {
    let placed: Vec<(&Path, &LoadedRun)> = runs
        .iter()
        .map(|(index, run)| (jobs[*index].out.as_path(), run))
        .collect();
    let how = lens::How {
        threads: args.threads.map_or_else(host::cores, usize::from),
        quiet: args.quiet,
        control,
        registry,
    };
    lens::look(&placed, &how)
}

/// The plans to run; exact repetitions run once. What is wrong with any of the
/// scenarios is told before anything runs.
fn jobs(args: &RunArgs, registry: &Registry) -> Result<Vec<Job>, Problem> {
    let mut jobs: BTreeMap<(PathBuf, usize), Job> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for path in &args.scenarios {
        let plans = scenario::load(path, &args.set, registry).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        for plan in plans {
            let out = match &args.out {
                Some(folder) => folder.clone(),
                None => Path::new("results").join(&plan.name),
            };
            if seen.insert((out.clone(), plan.key())) {
                let order = jobs.len();
                jobs.insert((out.clone(), order), Job { plan, out });
            }
        }
    }
    match Problem::all(problems) {
        Some(problem) => Err(problem),
        None => Ok(jobs.into_values().collect()),
    }
}

/// The jobs whose runs stand on disk, whole and made by this build.
fn finished(jobs: &[Job]) -> Vec<Run> {
    let run = |(index, job): (usize, &Job)| {
        Some((index, store::finished(&job.out, &job.plan.key(), BUILD)?))
    };
    jobs.iter().enumerate().filter_map(run).collect()
}

fn distinct<'a>(folders: impl Iterator<Item = &'a Path>) -> Vec<&'a Path> {
    let mut distinct: Vec<&Path> = folders.collect();
    distinct.dedup();
    distinct
}

/// The first Ctrl-C lets runs end soon and the report of what has finished be
/// written; the second ends at once. What has finished is on disk already.
pub fn stop_on_interrupt(control: &Arc<Control>) -> Result<(), Problem> {
    let control = control.clone();
    ctrlc::set_handler(move || {
        if control.stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Problem::internal(format!("cannot listen for Ctrl-C: {error}")))
}

fn sweep(
    args: &RunArgs,
    open: &[&Job],
    reused: usize,
    control: &Control,
    registry: &Registry,
) -> Result<Tally, Problem> {
    let threads = args.threads.map_or_else(host::cores, usize::from);
    let plans: Vec<Plan> = open.iter().map(|job| job.plan.clone()).collect();
    let progress = Progress::new(&plans.iter().collect::<Vec<_>>(), args.quiet);
    if reused > 0 {
        progress.say(&format!("{reused} finished before and reused"));
    }
    let options = RunOptions {
        sharing: !args.no_sharing,
        control: Some(control),
    };
    let (done, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let around = |index: usize, run: &dyn Fn() -> Ended| {
        let started = Instant::now();
        let ended = run();
        let job = open[index];
        if let Ended::Finished(result) = &ended {
            // A run may end before its horizon; for the bar it is all done.
            let simulated_ns = (result.record.virtual_seconds * 1e9) as u64;
            let rest_ms = job.plan.horizon_ns().saturating_sub(simulated_ns) / 1_000_000;
            control.simulated_ms.fetch_add(rest_ms, Ordering::Relaxed);
        }
        let kept = keep(job, ended, started, threads);
        if let Ok(Some(result)) = &kept {
            progress.ended(result, done.fetch_add(1, Ordering::Relaxed) + 1, open.len());
        }
        tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count(kept);
    };
    let swept = std::thread::scope(|scope| {
        scope.spawn(|| progress.follow(control));
        let swept = sweep::run_all(&plans, threads, &options, registry, &around);
        progress.finish();
        swept
    });
    swept.map_err(Problem::internal)?;
    Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Why a run left nothing behind.
enum Lost {
    Unwritten(String),
    Failed(String),
}

type Kept = Result<Option<Box<groma_experiment::result::RunResult>>, Lost>;

/// Writes a finished run at once, so that nothing finished can be lost.
fn keep(job: &Job, ended: Ended, started: Instant, threads: usize) -> Kept {
    match ended {
        Ended::Finished(mut result) => {
            host::describe(&mut result.host, started.elapsed(), threads);
            store::write_run(&job.out, &result).map_err(|error| {
                let folder = store::run_folder(&job.out, &result.record.key);
                Lost::Unwritten(format!("cannot write {}: {error}", folder.display()))
            })?;
            Ok(Some(result))
        }
        Ended::Stopped => Ok(None),
        Ended::Failed(why) => Err(Lost::Failed(format!(
            "run {} ({}) failed: {why}",
            job.plan.key(),
            job.plan.label()
        ))),
    }
}

impl Tally {
    /// Adds what became of the second runs.
    fn add(&mut self, second: lens::Outcome) {
        self.stopped += second.stopped;
        self.failed.extend(second.failed);
    }

    fn count(&mut self, kept: Kept) {
        match kept {
            Ok(Some(_)) => self.kept += 1,
            Ok(None) => self.stopped += 1,
            Err(Lost::Unwritten(why)) => self.unwritten.push(why),
            Err(Lost::Failed(why)) => self.failed.push(why),
        }
    }
}

/// Writes the report and the summary of every output folder.
fn documents(folders: &[&Path], jobs: &[Job], runs: &[Run]) -> Result<(), Problem> {
    for folder in folders {
        let here: Vec<LoadedRun> = runs
            .iter()
            .filter(|(index, _)| jobs[*index].out == *folder)
            .map(|(_, run)| run.clone())
            .collect();
        if here.is_empty() {
            continue;
        }
        let comparison = Comparison::of(here);
        let page = html::render_with(&comparison, &lens::beside(folder));
        output::write_document(&folder.join("report.html"), &page)?;
        output::write_document(&folder.join("summary.csv"), &summary::csv(&comparison))?;
    }
    Ok(())
}

fn tell(
    args: &RunArgs,
    folders: &[&Path],
    jobs: &[Job],
    runs: &[Run],
    reused: usize,
) -> Result<(), Problem> {
    match args.format {
        Format::Json => {
            let records: Vec<&RunRecord> = runs.iter().map(|(_, run)| &run.record).collect();
            let document = serde_json::json!({ "schema": "groma.runs/1", "plans": jobs.len(), "reused": reused, "runs": records });
            output::print(&format!("{document}\n"))?;
        }
        Format::Text if !runs.is_empty() => {
            let comparison = Comparison::of(runs.iter().map(|(_, run)| run.clone()).collect());
            let style = console::Style {
                colour: output::is_colourful(),
                ..console::Style::default()
            };
            let table = console::table(&comparison, style);
            output::print(&from_here(table, jobs, runs))?;
        }
        Format::Text => {}
    }
    if args.format == Format::Text && runs.len() < jobs.len() {
        let (missing, jobs) = (jobs.len() - runs.len(), jobs.len());
        output::print(&format!(
            "\n{missing} of {jobs} runs did not finish and are not in this table\n"
        ))?;
    }
    if !args.quiet && !runs.is_empty() {
        for folder in folders {
            output::say(&format!("report: {}", folder.join("report.html").display()));
        }
    }
    Ok(())
}

/// A run's own command holds in the folder of its results; here it names that.
fn from_here(table: String, jobs: &[Job], runs: &[Run]) -> String {
    let broken = runs
        .iter()
        .filter(|(_, run)| !run.record.violations.is_empty());
    broken.fold(table, |table, (index, run)| {
        let command = |folder: &str| format!("groma run {folder}runs/{}/", run.record.key);
        let folder = output::quoted(&jobs[*index].out);
        table.replace(&command(""), &command(&format!("{folder}/")))
    })
}

fn conclude(tally: &Tally, jobs: &[Job], runs: &[Run], wrote: Result<(), Problem>) -> Done {
    for why in tally.failed.iter().chain(&tally.unwritten) {
        output::say(&format!("error: {why}"));
    }
    if tally.stopped > 0 {
        output::say(&format!(
            "interrupted: {} finished runs are kept, {} are not; the same command goes on from here",
            runs.len(),
            tally.stopped
        ));
        return Ok(Exit::Interrupted);
    }
    if !tally.failed.is_empty() {
        return Ok(Exit::Internal);
    }
    wrote?;
    if !tally.unwritten.is_empty() {
        return Ok(Exit::Input);
    }
    if runs.len() < jobs.len() {
        return Err(Problem::internal(unread(jobs)));
    }
    let fine = runs.iter().all(|(_, run)| run.record.is_as_expected());
    Ok(if fine { Exit::Fine } else { Exit::Missed })
}

/// Why runs that were kept are not there: nothing else may pass for success.
fn unread(jobs: &[Job]) -> String {
    let read = |job: &Job| store::read_run(&store::run_folder(&job.out, &job.plan.key())).err();
    let why = jobs.iter().find_map(read);
    format!(
        "error: a finished run cannot be read back\n{}",
        why.unwrap_or_default()
    )
}
