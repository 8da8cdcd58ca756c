//! Scenarios as files: check, new, plan, schema.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use groma_experiment::plan::Plan;
use groma_experiment::registry::Registry;
use groma_experiment::scenario::{STARTER, Scenario};

use crate::exit::{Exit, Problem};
use crate::{Done, output};

/// Reads a scenario into its plans, or the plan that a run.json embeds.
pub fn load(
    path: &Path,
    sets: &[(String, String)],
    registry: &Registry,
) -> Result<Vec<Plan>, Problem> {
    if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        return replay(path, sets, registry);
    }
    Scenario::load(path, sets, registry).map_err(Problem::input)
}

/// The plan of an earlier run: what a violation's replay command names.
fn replay(
    path: &Path,
    sets: &[(String, String)],
    registry: &Registry,
) -> Result<Vec<Plan>, Problem> {
    let name = path.display();
    if !sets.is_empty() {
        return Err(Problem::input(format!(
            "{name}: a run is replayed as it was; --set works on scenarios"
        )));
    }
    let text =
        fs::read_to_string(path).map_err(|error| Problem::input(format!("{name}: {error}")))?;
    let record: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Problem::input(format!("{name}: {error}")))?;
    let plan = record.get("plan").cloned().ok_or_else(|| {
        Problem::input(format!(
            "error: {name}: no plan in it\n  hint: name a run's folder, its run.json, or a scenario"
        ))
    })?;
    let plan: Plan = serde_json::from_value(plan)
        .map_err(|error| Problem::input(format!("{name}: not a plan of this version: {error}")))?;
    if registry.find(&plan.protocol.name).is_none() {
        return Err(Problem::input(format!(
            "{name}: protocol {} is not in this build",
            plan.protocol.name
        )));
    }
    Ok(vec![plan])
}

/// `groma check`.
pub fn check(scenarios: &[PathBuf], registry: &Registry) -> Done {
    let mut exit = Exit::Fine;
    for path in scenarios {
        match load(path, &[], registry) {
            Ok(plans) => output::print(&format!("{}: {}\n", path.display(), describe(&plans)))?,
            Err(problem) => exit = problem.tell(),
        }
    }
    Ok(exit)
}

fn describe(plans: &[Plan]) -> String {
    let seconds: u64 = plans
        .iter()
        .map(|plan| plan.horizon_ns() / 1_000_000_000)
        .sum();
    let plural = if plans.len() == 1 { "plan" } else { "plans" };
    format!(
        "fine, {} {plural}, up to {seconds} s of virtual time",
        plans.len()
    )
}

/// `groma new`.
pub fn new(file: &Path) -> Done {
    let refuse = |error: std::io::Error| {
        Problem::input(format!("error: cannot write {}: {error}", file.display()))
    };
    let mut made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .map_err(refuse)?;
    made.write_all(STARTER.as_bytes()).map_err(refuse)?;
    output::say(&format!(
        "wrote {}; run it with: groma run {}",
        file.display(),
        file.display()
    ));
    Ok(Exit::Fine)
}

/// `groma plan`.
pub fn plan(scenario: &Path, sets: &[(String, String)], registry: &Registry) -> Done {
    for plan in load(scenario, sets, registry)? {
        output::print(&format!("{}\n", plan.to_json()))?;
    }
    Ok(Exit::Fine)
}

/// `groma schema`.
pub fn schema(registry: &Registry) -> Done {
    let schema = groma_experiment::scenario::schema(registry);
    let text = serde_json::to_string_pretty(&schema).map_err(Problem::internal)?;
    output::print(&format!("{text}\n"))?;
    Ok(Exit::Fine)
}
