//! What a user may type.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::diff::DiffArgs;
use crate::exit::{Exit, Problem};
use crate::trace::TraceArgs;
use crate::{Done, output};

const QUICK_START: &str =
    "Quick start: groma new city.yaml; groma run city.yaml: results/NAME/report.html";

/// One screen: no blank line above the usage.
const TEMPLATE: &str = "{about}\n{usage-heading} {usage}\n\nCommands:\n{subcommands}\n\nOptions:\n{options}{after-help}";

/// Simulates real consensus and ledger code under a city's load.
#[derive(Debug, Parser)]
#[command(name = "groma", version, about, after_help = QUICK_START, help_template = TEMPLATE, max_term_width = 100, disable_help_subcommand = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run scenarios over the cores; write results and a report
    Run(RunArgs),
    /// Find the highest load that meets the scenario's target
    Capacity(CapacityArgs),
    /// Say what binds, where the time goes, and what would change it
    Why(crate::why::WhyArgs),
    /// Reproduce published results: predicted, published, error
    Validate(crate::validate::ValidateArgs),
    /// Show what a population asks for: mean, peak hour, worst second
    Demand(crate::demand::DemandArgs),
    /// Read and check scenarios without running them
    Check {
        /// Scenario files
        #[arg(required = true, value_name = "SCENARIO")]
        scenarios: Vec<PathBuf>,
    },
    /// Write a commented starter scenario
    New {
        /// The file to make; it must not exist
        file: PathBuf,
    },
    /// Print each concrete plan as one JSON line
    Plan {
        /// Scenario file
        scenario: PathBuf,
        /// Override a value, as in --set committee.shenzhen=4
        #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
        set: Vec<(String, String)>,
    },
    /// Make one report over any results
    Report(ReportArgs),
    /// Tell what changed from one set of results to another, and gate on it
    Compare(CompareArgs),
    /// Write a timeline of a run: Perfetto, SVG, profile, deliveries
    Trace(TraceArgs),
    /// Name the first event in which two runs differ
    Diff(DiffArgs),
    /// Show what may stand in a scenario, with its source
    List {
        /// Which table
        what: Table,
    },
    /// Print the JSON Schema of the scenario file, for editors
    Schema,
    /// Print a completion script for a shell
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(hide = true)]
    Man,
}

/// Arguments of `groma run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Scenario files, or the run.json of an earlier run to replay
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Where results go [default: results/<name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Override a value, as in --set committee.shenzhen=4
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// Runs at the same time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Let every replica execute for itself: same result, slower
    #[arg(long)]
    pub no_sharing: bool,
    /// Run each plan twice more, as other tools load a system, for the report
    #[arg(long)]
    pub lens: bool,
    /// How the summary is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// No progress and no messages, only the summary
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `groma capacity`.
#[derive(Debug, clap::Args)]
pub struct CapacityArgs {
    /// Scenario file; plans that differ in their seed alone form one search
    pub scenario: PathBuf,
    /// Where certificates go [default: results/<name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Override a value, as in --set committee.shenzhen=4
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// How close the load that fails must come to the one that is sustained
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = width)]
    pub width: f64,
    /// The highest load to try, in transactions per second
    #[arg(long, value_name = "TPS", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub up_to: u32,
    /// Runs at the same time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// How the certificates are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// No progress and no messages, only the certificates
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `groma compare`.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// What to compare against: an output folder, a run's folder, run.json, a
    /// certificate, or what `groma run --format json` printed
    pub base: PathBuf,
    /// What to judge, likewise
    pub head: PathBuf,
    /// How the comparison is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Document,
    /// Where it is written [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What must not happen, as in 'finality_ms.p99 > +2%' or 'any worse'
    #[arg(long, value_name = "RULE")]
    pub fail_on: Vec<String>,
    /// A file of such rules, one a line
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Compare runs whose plans differ in more than the seed
    #[arg(long)]
    pub allow_different: bool,
}

/// How a comparison is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// Tables for a console.
    Text,
    /// A comment on a pull request.
    Markdown,
    /// One JSON document.
    Json,
    /// JUnit XML: a test case for each rule and place.
    Junit,
    /// One page that needs nothing else.
    Html,
}

/// Arguments of `groma report`.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Output folders, folders of single runs, or certificates
    #[arg(required = true, value_name = "DIR")]
    pub places: Vec<PathBuf>,
    /// The page to write
    #[arg(long, value_name = "FILE.html", default_value = "report.html")]
    pub out: PathBuf,
    /// Print it too, by a Chromium that is installed
    #[arg(long, value_name = "FILE.pdf")]
    pub pdf: Option<PathBuf>,
    /// Write runs.parquet and windows.parquet into this folder
    #[arg(long, value_name = "DIR")]
    pub parquet: Option<PathBuf>,
}

/// How a summary is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table.
    Text,
    /// One JSON document.
    Json,
}

/// The tables of `groma list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// Consensus protocols with their parameters.
    Protocols,
    /// What citizens submit.
    Workloads,
    /// Latencies between regions.
    Networks,
    /// Machines.
    Machines,
    /// Price lists.
    Costs,
    /// What may go wrong.
    Faults,
    /// Hours, months and occasions of a day.
    Calendars,
    /// Published curves of rates.
    Curves,
    /// Acceptance tests.
    Profiles,
}

/// `KEY=VALUE`.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("expected KEY=VALUE, as in seed=2")?;
    if key.is_empty() {
        return Err("expected KEY=VALUE, as in seed=2".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// A relative width, such as 1% or 0.01.
pub fn width(text: &str) -> Result<f64, String> {
    let (digits, unit) = match text.strip_suffix('%') {
        Some(percent) => (percent, 100.0),
        None => (text, 1.0),
    };
    let share = digits.trim().parse::<f64>().map(|value| value / unit);
    share
        .ok()
        .filter(|share| (0.001..=0.5).contains(share))
        .ok_or_else(|| "expected a share from 0.1% to 50%, as in 1%".to_owned())
}

/// Prints a completion script.
pub fn completions(shell: Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "groma", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}

/// Prints the manual page.
pub fn man() -> Done {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command())
        .render(&mut page)
        .map_err(Problem::internal)?;
    output::print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Fine)
}
