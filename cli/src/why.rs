//! `groma why`: what binds a design, where the time goes, and what-ifs by
//! running again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use groma_experiment::capacity::{self, Abandoned};
use groma_experiment::plan::Plan;
use groma_experiment::registry::{Control, Registry, RunOptions};
use groma_experiment::why::{self, Why};
use groma_reports::why as words;

use crate::args::{Format, key_value, width};
use crate::exit::{Exit, Problem};
use crate::{Done, host, output, report, run, scenario};

/// Arguments of `groma why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// Scenario file; each of its plans is explained
    pub scenario: PathBuf,
    /// Where why/<key>.json and the report go [default: results/<name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Override a value, as in --set committee.shenzhen=4
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// No search for capacities: runs at the scenario's own load alone
    #[arg(long)]
    pub no_capacity: bool,
    /// How finely capacities are searched
    #[arg(long, value_name = "SHARE", default_value = "3%", value_parser = width)]
    pub width: f64,
    /// Runs at the same time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// No progress and no messages, only the answer
    #[arg(long, short)]
    pub quiet: bool,
}

/// Explains every plan of a scenario.
pub fn why(args: &WhyArgs, registry: &Registry) -> Done {
    let plans = scenario::load(&args.scenario, &args.set, registry)?;
    let searchable = capacity::check(&plans);
    let options = match (args.no_capacity, searchable) {
        (true, _) => None,
        (false, Ok(())) => Some(capacity::Options {
            width: args.width,
            ..capacity::Options::default()
        }),
        (false, Err(why)) => {
            return Err(Problem::input(format!(
                "error: {why}\n  hint: --no-capacity explains the scenario's own load alone"
            )));
        }
    };
    let control = Arc::new(Control::default());
    run::stop_on_interrupt(&control)?;
    let threads = args.threads.map_or_else(host::cores, usize::from);
    let pool = capacity::pool(threads).map_err(Problem::internal)?;
    for (done, plan) in plans.iter().enumerate() {
        let explained = pool.install(|| explain(args, plan, options.as_ref(), registry, &control));
        match explained {
            Ok(why) => keep(args, &why)?,
            Err(Abandoned::Stopped) => {
                output::say(&format!(
                    "interrupted: {done} of {} plans are explained and kept",
                    plans.len()
                ));
                return Ok(Exit::Interrupted);
            }
            Err(Abandoned::Refused(why)) => return Err(Problem::input(format!("error: {why}"))),
            Err(Abandoned::Failed(why)) => return Err(Problem::internal(format!("error: {why}"))),
        }
    }
    if let Some(plan) = plans.first() {
        let page = report::of_folder(&folder(args, &plan.name))?;
        if !args.quiet {
            output::say(&format!("report: {}", page.display()));
        }
    }
    Ok(Exit::Fine)
}

/// Where the answers go.
fn folder(args: &WhyArgs, name: &str) -> PathBuf {
    let default = || Path::new("results").join(name);
    args.out.clone().unwrap_or_else(default)
}

fn explain(
    args: &WhyArgs,
    plan: &Plan,
    options: Option<&capacity::Options>,
    registry: &Registry,
    control: &Control,
) -> Result<Why, Abandoned> {
    let started = Instant::now();
    let done = Mutex::new(0);
    let told = |part: &str| {
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += 1;
        if !args.quiet {
            output::say(&format!(
                "{:4.0} s  {}: {part}",
                started.elapsed().as_secs_f64(),
                plan.label()
            ));
        }
    };
    let run = RunOptions {
        control: Some(control),
        ..RunOptions::default()
    };
    why::explain(plan, options, registry, &run, &told)
}

/// Writes the document and prints the answer.
fn keep(args: &WhyArgs, why: &Why) -> Result<(), Problem> {
    let folder = folder(args, &why.name).join(crate::findings::WHY);
    let unwritable = |error: std::io::Error| {
        Problem::input(format!(
            "error: cannot write into {}: {error}\n  hint: name another folder with --out",
            folder.display()
        ))
    };
    fs::create_dir_all(&folder).map_err(unwritable)?;
    let path = folder.join(format!("{}.json", why.key));
    let mut document = serde_json::to_string_pretty(why).map_err(Problem::internal)?;
    document.push('\n');
    output::write_document(&path, &document)?;
    match args.format {
        Format::Text => output::print(&format!("{}\n", words::console(why)))?,
        Format::Json => {
            let line = serde_json::to_string(why).map_err(Problem::internal)?;
            output::print(&format!("{line}\n"))?;
        }
    }
    Ok(())
}
