//! `groma run --lens`: the same plans under the loads of other tools, in bursts
//! and in a closed loop, so that the report can show what those would have said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use groma_experiment::plan::{Arrivals, LoadPlan, Plan};
use groma_experiment::registry::{Control, Registry, RunOptions};
use groma_experiment::store::{BUILD, LoadedRun};
use groma_experiment::sweep::{self, Ended};
use groma_reports::Findings;
use groma_reports::lens::{SCHEMA, SecondRun, SecondRuns, in_flight};

use crate::exit::Problem;
use crate::progress::Progress;
use crate::{findings, output};

/// What tm-load-test calls its send period, at its default.
const SEND_PERIOD_NS: u64 = 1_000_000_000;

/// A second run that is to be made.
#[derive(Debug)]
struct Extra {
    /// The place of the run that it belongs to.
    of: usize,
    plan: Plan,
    /// In flight, for a closed loop.
    in_flight: Option<u32>,
}

/// What became of the second runs.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Second runs that Ctrl-C prevented.
    pub stopped: usize,
    /// Why others failed.
    pub failed: Vec<String>,
}

/// How the second runs are carried out.
pub struct How<'a> {
    /// Runs at the same time.
    pub threads: usize,
    /// No progress and no messages.
    pub quiet: bool,
    /// Ctrl-C.
    pub control: &'a Control,
    /// The protocols.
    pub registry: &'a Registry,
}

/// Makes the second runs of every run that has none of this build yet, and
/// writes them below its output folder.
pub fn look(runs: &[(&Path, &LoadedRun)], how: &How<'_>) -> Result<Outcome, Problem> {
    let open: Vec<(&Path, &LoadedRun)> = runs
        .iter()
        .copied()
        .filter(|(out, run)| !is_made(&file(out, &run.record.key), &run.record.key))
        .collect();
    let extras: Vec<Extra> = (0..open.len())
        .flat_map(|index| extras(index, open[index].1))
        .collect();
    let (made, outcome) = sweep(&extras, how)?;
    for (index, (out, run)) in open.iter().enumerate() {
        let wanted = extras.iter().filter(|extra| extra.of == index).count();
        let mine: Vec<SecondRun> = made
            .range((index, 0)..(index + 1, 0))
            .map(|(_, run)| run.clone())
            .collect();
        // Half a look would be taken for a whole one the next time.
        if wanted > 0 && mine.len() == wanted {
            write(out, &run.record.key, mine)?;
        }
    }
    Ok(outcome)
}

/// Second runs by the place of their run, and of their extra among all.
type Made = BTreeMap<(usize, usize), SecondRun>;

fn sweep(extras: &[Extra], how: &How<'_>) -> Result<(Made, Outcome), Problem> {
    if extras.is_empty() {
        return Ok((Made::new(), Outcome::default()));
    }
    let plans: Vec<Plan> = extras.iter().map(|extra| extra.plan.clone()).collect();
    how.control.simulated_ms.store(0, Ordering::Relaxed);
    let progress = Progress::new(&plans.iter().collect::<Vec<_>>(), how.quiet);
    progress.say(&format!("{} second runs for the lens", plans.len()));
    let options = RunOptions {
        sharing: true,
        control: Some(how.control),
    };
    let kept = Mutex::new((Made::new(), Outcome::default()));
    let around = |index: usize, run: &dyn Fn() -> Ended| {
        let (ended, extra) = (run(), &extras[index]);
        let mut kept = kept.lock().expect("no holder of this lock panics");
        match ended {
            Ended::Finished(result) => {
                let second = SecondRun::of(&result.record, extra.in_flight);
                kept.0.insert((extra.of, index + 1), second);
            }
            Ended::Stopped => kept.1.stopped += 1,
            Ended::Failed(why) => kept.1.failed.push(format!(
                "second run {} ({}) failed: {why}",
                extra.plan.key(),
                extra.plan.label()
            )),
        }
    };
    let swept = std::thread::scope(|scope| {
        scope.spawn(|| progress.follow(how.control));
        let swept = sweep::run_all(&plans, how.threads, &options, how.registry, &around);
        progress.finish();
        swept
    });
    swept.map_err(Problem::internal)?;
    Ok(kept.into_inner().expect("no holder of this lock panics"))
}

/// The second runs of one run: none for a load that is a closed loop already.
fn extras(of: usize, run: &LoadedRun) -> Vec<Extra> {
    let plan = &run.record.plan;
    let open = |load: &LoadPlan| matches!(load, LoadPlan::Open { .. });
    if !plan.load.iter().any(|phase| open(&phase.load)) {
        return Vec::new();
    }
    let number = in_flight(&run.record);
    let closed = with_load(plan, |_| LoadPlan::Closed { in_flight: number });
    let mut extras = vec![Extra {
        of,
        plan: closed,
        in_flight: Some(number),
    }];
    let bursts = with_load(plan, bursts);
    if bursts != *plan {
        extras.push(Extra {
            of,
            plan: bursts,
            in_flight: None,
        });
    }
    extras
}

fn with_load(plan: &Plan, of: impl Fn(&LoadPlan) -> LoadPlan) -> Plan {
    let mut plan = plan.clone();
    for phase in &mut plan.load {
        phase.load = of(&phase.load);
    }
    plan
}

/// The same rates, with all arrivals of a send period at its start.
fn bursts(load: &LoadPlan) -> LoadPlan {
    match load {
        LoadPlan::Open {
            from_mtps, to_mtps, ..
        } => LoadPlan::Open {
            from_mtps: *from_mtps,
            to_mtps: *to_mtps,
            arrivals: Arrivals::Burst {
                every_ns: SEND_PERIOD_NS,
            },
        },
        given @ (LoadPlan::Closed { .. } | LoadPlan::Replay { .. }) => given.clone(),
    }
}

fn file(out: &Path, key: &str) -> PathBuf {
    out.join(findings::LENS).join(format!("{key}.json"))
}

/// Whether this build has made the second runs of a key.
fn is_made(file: &Path, key: &str) -> bool {
    findings::second_runs(file).is_ok_and(|runs| runs.key == key && runs.build == BUILD)
}

fn write(out: &Path, key: &str, runs: Vec<SecondRun>) -> Result<(), Problem> {
    let (closed, bursts): (Vec<SecondRun>, Vec<SecondRun>) =
        runs.into_iter().partition(|run| run.in_flight.is_some());
    let document = SecondRuns {
        schema: SCHEMA.to_owned(),
        key: key.to_owned(),
        build: BUILD.to_owned(),
        bursts: bursts.into_iter().next(),
        closed: closed.into_iter().next(),
    };
    let mut text = serde_json::to_string_pretty(&document).map_err(Problem::internal)?;
    text.push('\n');
    let file = file(out, key);
    fs::create_dir_all(out.join(findings::LENS)).map_err(|error| {
        Problem::input(format!("error: cannot write {}: {error}", file.display()))
    })?;
    output::write_document(&file, &text)
}

/// What stands beside the runs of a folder. The runs' report does not fail for
/// the sake of a document beside them: what is wrong with it is told.
pub fn beside(folder: &Path) -> Findings {
    let mut found = Findings::default();
    if let Err(why) = findings::add(&mut found, folder) {
        output::say(&format!("warning: not in the report: {why}"));
    }
    found
}
