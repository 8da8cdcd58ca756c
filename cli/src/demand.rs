//! `groma demand`: from population and calendar to transactions per second.

use std::path::PathBuf;

use clap::Args;
use groma_experiment::demand::{Demand, demand};
use groma_experiment::registry::Registry;
use groma_reports::{demand as words, html};

use crate::args::{Format, key_value};
use crate::exit::{Exit, Problem};
use crate::{Done, output, scenario};

/// Arguments of `groma demand`.
#[derive(Debug, Args)]
pub struct DemandArgs {
    /// Scenario file; what each of its plans asks for is shown
    pub scenario: PathBuf,
    /// Where demand.html goes [default: nowhere]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Override a value, as in --set population=3_000_000
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// How the demand is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// Shows what every plan of a scenario asks for.
pub fn show(args: &DemandArgs, registry: &Registry) -> Done {
    let plans = scenario::load(&args.scenario, &args.set, registry)?;
    let mut demands: Vec<Demand> = Vec::new();
    for plan in &plans {
        let Some(asked) = demand(plan) else {
            return Err(Problem::input(format!(
                "error: {}: a closed loop asks only as fast as it is answered\n  \
                 hint: give its phases `tps`, `per_day` or `day` instead of `in_flight`",
                plan.name
            )));
        };
        // Plans that differ in protocol, machine or seed alone ask for the same.
        let alike = |known: &Demand| {
            Demand {
                label: asked.label.clone(),
                ..known.clone()
            } == asked
        };
        if !demands.iter().any(alike) {
            demands.push(asked);
        }
    }
    match args.format {
        Format::Text => {
            let texts: Vec<String> = demands.iter().map(words::console).collect();
            output::print(&texts.join("\n"))?;
        }
        Format::Json => {
            let json = serde_json::to_string(&demands).map_err(Problem::internal)?;
            output::print(&format!("{json}\n"))?;
        }
    }
    if let Some(folder) = &args.out {
        output::make_folder(folder)?;
        let file = folder.join("demand.html");
        output::write_document(&file, &html::demand::render(&demands))?;
        output::say(&format!("page: {}", file.display()));
    }
    Ok(Exit::Fine)
}
