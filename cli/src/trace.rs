//! `groma trace`: a run made again with a tap on it, and what the tap kept
//! written for other tools.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use groma_experiment::divergence;
use groma_experiment::plan::Plan;
use groma_experiment::registry::{ProtocolEntry, Registry, RunOptions};
use groma_experiment::result::TrailMark;
use groma_experiment::scenario::duration_ns;
use groma_experiment::store;
use groma_experiment::tap::Tap;
use groma_experiment::trace::{Profile, Stretch, Trace};
use groma_reports::chart::spacetime;
use groma_reports::describe;
use groma_reports::format::{count, span};
use groma_reports::trace::{folded, perfetto};

use crate::args::key_value;
use crate::exit::{Exit, Problem};
use crate::{Done, output, scenario};

/// Entries of the journal that are kept at most: about 200 MB of memory.
const MOST_ENTRIES: usize = 2_000_000;
/// Length of the stretch unless the user says otherwise.
const STRETCH_NS: u64 = 200_000_000;

/// Arguments of `groma trace`.
#[derive(Debug, clap::Args)]
pub struct TraceArgs {
    /// A run's folder, its run.json, or a scenario with one plan
    pub run: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What to write [default: by the ending .pftrace, .svg, .folded or .deliveries]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<TraceFormat>,
    /// Where the stretch begins [default: after the warm-up]
    #[arg(long, value_name = "TIME", value_parser = duration_ns)]
    pub from: Option<u64>,
    /// How long it is, or `all` [default: 200ms; folded: all]
    #[arg(long = "for", value_name = "TIME", value_parser = length)]
    pub length: Option<Length>,
    /// deliveries: which 65,536 of them, for `groma diff` between two builds
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub window: u64,
    /// Override a value of a scenario, as in --set committee.shenzhen=4
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A timeline for ui.perfetto.dev.
    Perfetto,
    /// A space-time diagram of the messages between replicas.
    Svg,
    /// Core time as folded stacks, for flame graphs and speedscope.
    Folded,
    /// One window of deliveries, for `groma diff`.
    Deliveries,
}

/// How long a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many nanoseconds.
    Span(u64),
    /// To the end of the run.
    All,
}

fn length(text: &str) -> Result<Length, String> {
    match text {
        "all" => Ok(Length::All),
        text => match duration_ns(text)? {
            0 => Err("a stretch has a length, as in 200ms".to_owned()),
            ns => Ok(Length::Span(ns)),
        },
    }
}

/// Runs again and writes.
pub fn trace(args: &TraceArgs, registry: &Registry) -> Done {
    let format = format(args)?;
    let source = Source::load(&args.run, &args.set, registry)?;
    let stretch = stretch(args, format, &source.plan)?;
    match format {
        TraceFormat::Perfetto => {
            let trace = source.trace(stretch)?;
            output::write_bytes(&args.out, &perfetto::render(&trace))?;
            say(args, "open it in ui.perfetto.dev");
        }
        TraceFormat::Svg => {
            let trace = source.trace(stretch)?;
            let diagram = spacetime::document(&trace);
            output::write_document(&args.out, &diagram.svg)?;
            if diagram.left_out > 0 {
                output::say(&format!(
                    "{} messages after the first {} are not drawn: a shorter --for shows all of a stretch",
                    count(diagram.left_out as u64),
                    count(diagram.drawn as u64)
                ));
            }
            say(args, "a space-time diagram");
        }
        TraceFormat::Folded => {
            let mut profile = Profile::new(stretch.from_ns, stretch.until_ns);
            source.run(&mut profile)?;
            output::write_document(&args.out, &folded::render(&profile))?;
            say(args, "open it with a flame graph tool or speedscope");
        }
        TraceFormat::Deliveries => {
            let extract = source.extract(args.window)?;
            output::write_document(&args.out, &extract.to_text())?;
            say(args, &format!("deliveries of window {}", args.window));
        }
    }
    Ok(Exit::Fine)
}

fn say(args: &TraceArgs, what: &str) {
    output::say(&format!("wrote {}: {what}", args.out.display()));
}

fn format(args: &TraceArgs) -> Result<TraceFormat, Problem> {
    let ending = args.out.extension().and_then(|ending| ending.to_str());
    let by_ending = match ending {
        Some("pftrace" | "perfetto-trace") => Some(TraceFormat::Perfetto),
        Some("svg") => Some(TraceFormat::Svg),
        Some("folded") => Some(TraceFormat::Folded),
        Some("deliveries") => Some(TraceFormat::Deliveries),
        _ => None,
    };
    args.format.or(by_ending).ok_or_else(|| {
        Problem::input(format!(
            "error: {}: its ending says nothing of its format\n  hint: end it in .pftrace, .svg, .folded or .deliveries, or add --format",
            args.out.display()
        ))
    })
}

/// From when until when.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    from_ns: u64,
    until_ns: u64,
}

/// The stretch that was asked for, or that is chosen and told.
fn stretch(args: &TraceArgs, format: TraceFormat, plan: &Plan) -> Result<Bounds, Problem> {
    let whole = format == TraceFormat::Folded && args.from.is_none() && args.length.is_none();
    let all = whole || args.length == Some(Length::All);
    let from_ns = args.from.unwrap_or(if all { 0 } else { warm_up_ns(plan) });
    let horizon_ns = plan.horizon_ns();
    if from_ns >= horizon_ns {
        return Err(Problem::input(format!(
            "error: --from {}: the run ends at {}",
            span(from_ns),
            span(horizon_ns)
        )));
    }
    let length_ns = match args.length {
        Some(Length::Span(ns)) => ns,
        _ if all => horizon_ns,
        _ => STRETCH_NS,
    };
    let until_ns = from_ns.saturating_add(length_ns).min(horizon_ns);
    if format != TraceFormat::Deliveries {
        output::say(&format!(
            "the stretch from {} to {}{}",
            span(from_ns),
            span(until_ns),
            match args.from.is_some() || all {
                true => "",
                false => ", where the measured load begins; --from and --for choose another",
            }
        ));
    }
    Ok(Bounds { from_ns, until_ns })
}

/// When the first measured phase begins.
fn warm_up_ns(plan: &Plan) -> u64 {
    let unmeasured = plan.load.iter().take_while(|phase| !phase.measure);
    let warm_up: u64 = unmeasured.map(|phase| phase.for_ns).sum();
    // A load that is never measured has no warm-up.
    if warm_up >= plan.load_end_ns() {
        0
    } else {
        warm_up
    }
}

/// A run that can be made again.
pub struct Source<'a> {
    /// Its plan.
    pub plan: Plan,
    /// Its fingerprints, if it has run before.
    pub trail: Vec<TrailMark>,
    entry: &'a ProtocolEntry,
}

impl<'a> Source<'a> {
    /// Reads a run's folder, its run.json, or a scenario with one plan.
    fn load(
        path: &Path,
        sets: &[(String, String)],
        registry: &'a Registry,
    ) -> Result<Self, Problem> {
        if !path.is_dir() {
            let plans = scenario::load(path, sets, registry)?;
            let [plan] = <[Plan; 1]>::try_from(plans).map_err(|plans| several(path, &plans))?;
            return Self::new(plan, Vec::new(), registry);
        }
        if !sets.is_empty() {
            return Err(Problem::input(format!(
                "{}: a run is replayed as it was; --set works on scenarios",
                path.display()
            )));
        }
        let folders =
            store::run_folders(path).map_err(|why| Problem::input(format!("error: {why}")))?;
        let [folder] = folders.as_slice() else {
            return Err(Problem::input(format!(
                "error: {}: {} runs\n  hint: name one of them, as in {}",
                path.display(),
                folders.len(),
                folders[0].display()
            )));
        };
        let run = store::read_run(folder).map_err(|why| Problem::input(format!("error: {why}")))?;
        Self::new(run.record.plan, run.trail, registry)
    }

    /// A run of this plan.
    pub fn new(plan: Plan, trail: Vec<TrailMark>, registry: &'a Registry) -> Result<Self, Problem> {
        let name = &plan.protocol.name;
        let entry = registry.find(name).ok_or_else(|| {
            Problem::input(format!("error: protocol {name} is not in this build"))
        })?;
        Ok(Self { plan, trail, entry })
    }

    fn run(&self, tap: &mut dyn Tap) -> Result<(), Problem> {
        let result = self
            .entry
            .run_tapped(&self.plan, &RunOptions::default(), tap);
        result
            .map(|_| ())
            .ok_or_else(|| Problem::internal("the run was stopped"))
    }

    fn trace(&self, stretch: Bounds) -> Result<Trace, Problem> {
        let Bounds { from_ns, until_ns } = stretch;
        let fault = |fault| describe::fault_label(&self.plan, fault);
        let faults = self.plan.faults.iter().map(fault).collect();
        let mut tap = Stretch::new(faults, from_ns, until_ns, MOST_ENTRIES);
        self.run(&mut tap)?;
        let trace = tap.into_trace();
        if trace.cut {
            output::say(&format!(
                "cut at {} after {} entries: a shorter --for shows all of a stretch",
                span(trace.until_ns),
                count(MOST_ENTRIES as u64)
            ));
        }
        Ok(trace)
    }

    /// The deliveries of a window.
    pub fn extract(&self, window: u64) -> Result<divergence::Extract, Problem> {
        let options = RunOptions::default();
        divergence::extract(self.entry, &self.plan, &options, window, &self.trail)
            .map_err(|why| Problem::input(format!("error: {why}")))
    }
}

fn several(path: &Path, plans: &[Plan]) -> Problem {
    Problem::input(format!(
        "error: {}: {} plans, a trace is of one\n  hint: `groma run` it and name one run's folder, or choose with --set",
        path.display(),
        plans.len()
    ))
}
