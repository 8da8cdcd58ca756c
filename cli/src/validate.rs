//! `groma validate`: published results and closed forms, predicted again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::{Args, ValueEnum};
use groma_experiment::plan::Plan;
use groma_experiment::registry::{Control, Registry, RunOptions};
use groma_experiment::sweep::{self, Ended};
use groma_experiment::validation::sensitivity::{self, Knob, Moved, Way};
use groma_experiment::validation::{self, Chosen, Outcome, Reading, Which};
use groma_reports::html::validation::{self as html, Part};
use groma_reports::validation as words;

use crate::exit::{Exit, Problem};
use crate::progress::Progress;
use crate::{Done, host, output, run};

/// Arguments of `groma validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Rows of this name alone: a row, or the beginning of several, as in v1
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Rows of the gate, some of every class: under a minute
    #[arg(long, conflicts_with = "oracle")]
    pub fast: bool,
    /// Rows that an independent Monte Carlo predicts too
    #[arg(long)]
    pub oracle: bool,
    /// Turn each price, bandwidth, size and distance by a tenth, and show what moves
    #[arg(long)]
    pub sensitivity: bool,
    /// Where validation.html goes [default: nowhere]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Runs at the same time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// How the rows are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Form,
    /// No progress and no messages, only the rows
    #[arg(long, short)]
    pub quiet: bool,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A table.
    Text,
    /// One JSON document.
    Json,
    /// A table for a document.
    Markdown,
}

/// Runs what the chosen rows read, and judges them.
pub fn validate(args: &ValidateArgs, registry: &Registry) -> Done {
    let which = match (args.fast, args.oracle) {
        (true, _) => Which::Fast,
        (_, true) => Which::Oracle,
        _ => Which::All,
    };
    let chosen = validation::choose(&args.only, which)
        .map_err(|why| Problem::input(format!("error: {why}")))?;
    let mut plans = Vec::new();
    let mut ends = Vec::new();
    for part in &chosen {
        // A test reads every scenario that is built in.
        plans.extend(part.plans(registry).map_err(Problem::internal)?);
        ends.push(plans.len());
    }
    let base = plans.len();
    let turns = if args.sensitivity {
        turned(&plans)
    } else {
        Vec::new()
    };
    plans.extend(turns.iter().flatten().flatten().cloned());
    if let Some(folder) = &args.out {
        output::make_folder(folder)?;
    }
    let control = Arc::new(Control::default());
    run::stop_on_interrupt(&control)?;
    let Some(readings) = simulate(args, &plans, &control, registry)? else {
        output::say("interrupted: a validation is whole or it is none");
        return Ok(Exit::Interrupted);
    };
    let parts = judge(&chosen, &ends, &readings[..base]);
    let outcomes = parts.concat();
    let moved = args
        .sensitivity
        .then(|| moved(&chosen, &ends, &outcomes, &turns, &readings));
    tell(args, &outcomes, moved.as_deref())?;
    if let Some(folder) = &args.out {
        page(folder, &chosen, &parts, moved.as_deref(), args.quiet)?;
    }
    let good = words::Tally::of(&outcomes).is_good();
    Ok(if good { Exit::Fine } else { Exit::Missed })
}

/// Readings of all plans in their order; `None` when a stop was asked for.
fn simulate(
    args: &ValidateArgs,
    plans: &[Plan],
    control: &Control,
    registry: &Registry,
) -> Result<Option<Vec<Reading>>, Problem> {
    let threads = args.threads.map_or_else(host::cores, usize::from);
    let options = RunOptions {
        control: Some(control),
        ..RunOptions::default()
    };
    let shown: Vec<&Plan> = plans.iter().collect();
    let progress = Progress::new(&shown, args.quiet);
    let done = AtomicUsize::new(0);
    let ended: Mutex<Vec<Option<Result<Reading, String>>>> =
        Mutex::new(plans.iter().map(|_| None).collect());
    let around = |index: usize, run: &dyn Fn() -> Ended| {
        let started = Instant::now();
        let reading = match run() {
            Ended::Finished(mut result) => {
                host::describe(&mut result.host, started.elapsed(), threads);
                let count = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress.ended(&result, count, plans.len());
                Some(Ok(Reading::of(&result)))
            }
            Ended::Stopped => None,
            Ended::Failed(why) => Some(Err(format!(
                "error: run {} ({}) failed: {why}",
                plans[index].name,
                plans[index].label()
            ))),
        };
        ended.lock().unwrap_or_else(PoisonError::into_inner)[index] = reading;
    };
    let swept = std::thread::scope(|scope| {
        scope.spawn(|| progress.follow(control));
        let swept = sweep::run_all(plans, threads, &options, registry, &around);
        progress.finish();
        swept
    });
    swept.map_err(Problem::internal)?;
    let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    let readings: Option<Result<Vec<Reading>, String>> = ended.into_iter().collect();
    readings.transpose().map_err(Problem::internal)
}

/// The outcomes of each part, in the order of its rows.
fn judge(chosen: &[Chosen], ends: &[usize], readings: &[Reading]) -> Vec<Vec<Outcome>> {
    let mut from = 0;
    let parts = chosen.iter().zip(ends).map(|(part, &end)| {
        let outcomes = part.judge(&readings[from..end]);
        from = end;
        outcomes
    });
    parts.collect()
}

/// By turn and plan: the plan with the knob turned, where it has something of it.
fn turned(plans: &[Plan]) -> Vec<Vec<Option<Plan>>> {
    let turn = |knob: Knob, way: Way, plan: &Plan| {
        let mut turned = plan.clone();
        (knob.turn)(&mut turned, way).then_some(turned)
    };
    let of_turn = |(knob, way)| {
        let turned = plans.iter().map(|plan| turn(knob, way, plan));
        turned.collect()
    };
    sensitivity::turns().map(of_turn).collect()
}

/// How far each turn moves each row. `readings` are those of the plans as they
/// stand and then those of the turned ones, turn by turn; a plan that a knob
/// leaves alone keeps its reading.
fn moved(
    chosen: &[Chosen],
    ends: &[usize],
    outcomes: &[Outcome],
    turns: &[Vec<Option<Plan>>],
    readings: &[Reading],
) -> Vec<Moved> {
    let base = ends.last().copied().unwrap_or_default();
    let mut rest = readings[base..].iter();
    let by_turn = turns.iter().map(|plans| {
        let mut touched = Vec::with_capacity(base);
        let after: Vec<Reading> = plans
            .iter()
            .zip(&readings[..base])
            .map(|(turned, before)| {
                touched.push(turned.is_some());
                let reading = turned.as_ref().and_then(|_| rest.next()).unwrap_or(before);
                reading.clone()
            })
            .collect();
        let mut from = 0;
        let mut rows = Vec::new();
        for (part, &end) in chosen.iter().zip(ends) {
            let any = touched[from..end].contains(&true);
            let outcomes = part.judge(&after[from..end]);
            rows.extend(outcomes.into_iter().map(|outcome| any.then_some(outcome)));
            from = end;
        }
        rows
    });
    let by_turn: Vec<Vec<Option<Outcome>>> = by_turn.collect();
    sensitivity::join(outcomes, &by_turn)
}

fn tell(args: &ValidateArgs, outcomes: &[Outcome], moved: Option<&[Moved]>) -> Result<(), Problem> {
    let claims = validation::claims();
    let moves = |write: fn(&[Moved]) -> String| moved.map_or_else(String::new, write);
    output::print(&match args.format {
        Form::Text => words::text(outcomes, claims) + &moves(words::sensitivity_text),
        Form::Json => words::json(outcomes, claims, moved),
        Form::Markdown => words::markdown(outcomes) + &moves(words::sensitivity_markdown),
    })
}

fn page(
    folder: &Path,
    chosen: &[Chosen],
    outcomes: &[Vec<Outcome>],
    moved: Option<&[Moved]>,
    quiet: bool,
) -> Result<(), Problem> {
    let parts: Vec<Part<'_>> = chosen
        .iter()
        .zip(outcomes)
        .map(|(part, outcomes)| Part {
            set: part.set,
            outcomes,
        })
        .collect();
    let file = folder.join("validation.html");
    output::write_document(&file, &html::render(&parts, validation::claims(), moved))?;
    if !quiet {
        output::say(&format!("page: {}", file.display()));
    }
    Ok(())
}
