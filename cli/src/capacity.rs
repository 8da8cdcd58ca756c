//! `groma capacity`: the highest load of each design, a certificate on disk as
//! each search ends, one table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use groma_experiment::capacity::shape::by_seed;
use groma_experiment::capacity::{self, Abandoned, Options, files};
use groma_experiment::certificate::{Certificate, Probe};
use groma_experiment::plan::Plan;
use groma_experiment::registry::{Control, Registry, RunOptions};
use groma_experiment::result::{RunResult, Verdict};
use groma_experiment::store;
use groma_reports::certificate as words;

use crate::args::{CapacityArgs, Format};
use crate::exit::{Exit, Problem};
use crate::{Done, host, output, report, run, scenario};

/// What the searches came to, by the design's place.
#[derive(Debug, Default)]
struct Tally {
    found: BTreeMap<usize, Certificate>,
    stopped: usize,
    failed: Vec<String>,
    unwritten: Vec<String>,
}

/// One call: what is asked, of which designs, and where the answers go.
struct Call<'a> {
    args: &'a CapacityArgs,
    options: Options,
    out: PathBuf,
    designs: Vec<Vec<Plan>>,
    threads: usize,
}

/// Searches every design of a scenario.
pub fn capacity(args: &CapacityArgs, registry: &Registry) -> Done {
    let plans = scenario::load(&args.scenario, &args.set, registry)?;
    capacity::check(&plans).map_err(|why| Problem::input(format!("error: {why}")))?;
    let name = plans.first().map(|plan| plan.name.clone());
    let call = Call {
        args,
        options: Options {
            width: args.width,
            ceiling_tps: f64::from(args.up_to),
        },
        out: match &args.out {
            Some(folder) => folder.clone(),
            None => Path::new("results").join(name.unwrap_or_default()),
        },
        designs: by_seed(&plans),
        threads: args.threads.map_or_else(host::cores, usize::from),
    };
    output::prepare(&call.out)?;
    fs::create_dir_all(files::folder(&call.out)).map_err(|error| call.unwritable(&error))?;
    let mut tally = Tally::default();
    for (index, seeds) in call.designs.iter().enumerate() {
        let known = files::finished(&call.out, seeds, &call.options);
        tally
            .found
            .extend(known.map(|certificate| (index, certificate)));
    }
    if !tally.found.is_empty() {
        call.say(&format!(
            "{} certificates stand already and are reused",
            tally.found.len()
        ));
    }
    let control = Arc::new(Control::default());
    run::stop_on_interrupt(&control)?;
    let tally = call.search(tally, &control, registry)?;
    call.tell(&tally)?;
    call.conclude(&tally)
}

impl Call<'_> {
    fn say(&self, line: &str) {
        if !self.args.quiet {
            output::say(line);
        }
    }

    fn unwritable(&self, error: &std::io::Error) -> Problem {
        Problem::input(format!(
            "error: cannot write certificates into {}: {error}\n  hint: name another folder with --out",
            self.out.display()
        ))
    }

    fn search(
        &self,
        tally: Tally,
        control: &Control,
        registry: &Registry,
    ) -> Result<Tally, Problem> {
        let open: Vec<usize> = (0..self.designs.len())
            .filter(|index| !tally.found.contains_key(index))
            .collect();
        let designs: Vec<Vec<Plan>> = open
            .iter()
            .map(|&index| self.designs[index].clone())
            .collect();
        let run = RunOptions {
            control: Some(control),
            ..RunOptions::default()
        };
        let tally = Mutex::new(tally);
        let each = |place: usize, seeds: &[Plan]| {
            let started = Instant::now();
            let told = |probe: &Probe, runs: &[RunResult]| {
                self.probed(seeds, probe, runs, started, &tally)
            };
            let ended = capacity::search(seeds, &self.options, registry, &run, &told);
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            self.ended(open[place], ended, &mut tally);
        };
        capacity::search_all(&designs, self.threads, &each).map_err(Problem::internal)?;
        Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says how a probe came out. A run that broke an invariant is kept, since
    /// its replay command names it.
    fn probed(
        &self,
        seeds: &[Plan],
        probe: &Probe,
        runs: &[RunResult],
        started: Instant,
        tally: &Mutex<Tally>,
    ) {
        let design = match self.designs.len() {
            1 => String::new(),
            _ => format!("{}: ", label(seeds)),
        };
        self.say(&format!(
            "{:4.0} s  {design}{}",
            started.elapsed().as_secs_f64(),
            words::probe(probe)
        ));
        let broken = runs
            .iter()
            .filter(|run| run.record.verdict == Verdict::Violated);
        for result in broken {
            let mut result = result.clone();
            host::describe(&mut result.host, started.elapsed(), self.threads);
            if let Err(error) = store::write_run(&self.out, &result) {
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                tally.unwritten.push(format!(
                    "cannot write the run that broke an invariant: {error}"
                ));
            }
        }
    }

    /// Writes a certificate at once, so that nothing finished can be lost.
    fn ended(&self, index: usize, ended: Result<Certificate, Abandoned>, tally: &mut Tally) {
        match ended {
            Ok(certificate) => {
                if let Err(error) = files::write(&self.out, &certificate) {
                    let folder = files::folder(&self.out);
                    tally
                        .unwritten
                        .push(format!("cannot write into {}: {error}", folder.display()));
                }
                tally.found.insert(index, certificate);
            }
            Err(Abandoned::Stopped) => tally.stopped += 1,
            Err(Abandoned::Refused(why) | Abandoned::Failed(why)) => tally.failed.push(why),
        }
    }

    fn tell(&self, tally: &Tally) -> Result<(), Problem> {
        let found: Vec<Certificate> = tally.found.values().cloned().collect();
        if found.is_empty() {
            return Ok(());
        }
        output::write_document(&self.out.join("capacity.csv"), &words::csv(&found))?;
        // What could not be written as a certificate is told by itself.
        let page = match tally.unwritten.as_slice() {
            [] => report::of_folder(&self.out)?,
            _ => self.out.join("report.html"),
        };
        match self.args.format {
            Format::Text => output::print(&words::console(&found))?,
            Format::Json => {
                for certificate in &found {
                    let line = serde_json::to_string(certificate).map_err(Problem::internal)?;
                    output::print(&format!("{line}\n"))?;
                }
            }
        }
        self.say(&format!(
            "certificates: {}, report: {}",
            files::folder(&self.out).display(),
            page.display()
        ));
        Ok(())
    }

    fn conclude(&self, tally: &Tally) -> Done {
        for why in tally.failed.iter().chain(&tally.unwritten) {
            output::say(&format!("error: {why}"));
        }
        if tally.stopped > 0 {
            output::say(&format!(
                "interrupted: {} certificates are kept; {} searches were not over and begin anew with the same command",
                tally.found.len(),
                tally.stopped
            ));
            return Ok(Exit::Interrupted);
        }
        if !tally.failed.is_empty() {
            return Ok(Exit::Internal);
        }
        if !tally.unwritten.is_empty() {
            return Ok(Exit::Input);
        }
        let broken: Vec<&Certificate> = tally
            .found
            .values()
            .filter(|certificate| certificate.violated())
            .collect();
        for certificate in &broken {
            output::say(&format!(
                "VIOLATED: {}: {}\n  the run is kept: groma run {}/runs/*/run.json shows it again",
                certificate.label,
                certificate.failed_because,
                self.out.display()
            ));
        }
        let all = tally
            .found
            .values()
            .all(|certificate| certificate.sustained_tps.is_some());
        Ok(if all && broken.is_empty() {
            Exit::Fine
        } else {
            Exit::Missed
        })
    }
}

/// The label of a design without its seed.
fn label(seeds: &[Plan]) -> String {
    let Some(mut plan) = seeds.first().cloned() else {
        return String::new();
    };
    plan.variation.remove("seed");
    plan.label()
}
