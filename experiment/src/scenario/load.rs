//! Reading the phases of the load.

use super::diagnostic::Problem;
use super::keys::{ARRIVALS, MAX_PHASES, PHASE};
use super::section::{Reported, Section};
use super::tree::{Node, Value};
use crate::plan::{Arrivals, LoadPlan, PhasePlan};

/// Seconds of a day, for loads per inhabitant and day.
const DAY_SECONDS: u128 = 86_400;
/// The whole load may take this long: a year.
const MAX_NS: u64 = 366 * 86_400 * 1_000_000_000;

/// Reads the phases; at least one must be measured and offer something.
pub(crate) fn read(
    root: &Section<'_>,
    population: Option<u64>,
) -> Result<Vec<PhasePlan>, Reported> {
    let nodes = root.bounded("load", MAX_PHASES)?;
    let span = root
        .entry("load")
        .map_or(root.span, |entry| entry.value.span);
    if nodes.is_empty() {
        return Err(root.report(
            Problem::new(span, "the load is empty")
                .expected("at least one phase")
                .hint("load: [{ for: 60s, tps: 5000 }]"),
        ));
    }
    let mut phases = Vec::with_capacity(nodes.len());
    let mut failed = None;
    for node in nodes {
        match phase(node, root, population) {
            Ok(phase) => phases.push(phase),
            Err(reported) => failed = Some(reported),
        }
    }
    if let Some(reported) = failed {
        return Err(reported);
    }
    let total: u128 = phases.iter().map(|phase| u128::from(phase.for_ns)).sum();
    if total > u128::from(MAX_NS) {
        return Err(root.report(Problem::new(span, "the load takes longer than a year")));
    }
    let offers = |phase: &PhasePlan| match phase.load {
        LoadPlan::Open {
            from_mtps, to_mtps, ..
        } => from_mtps > 0 || to_mtps > 0,
        LoadPlan::Closed { .. } => true,
    };
    if !phases.iter().any(|phase| phase.measure && offers(phase)) {
        return Err(root.report(
            Problem::new(span, "no measured phase offers any load")
                .hint("one phase needs a rate above 0 and must not say `measure: false`"),
        ));
    }
    Ok(phases)
}

fn phase(node: &Node, root: &Section<'_>, population: Option<u64>) -> Result<PhasePlan, Reported> {
    let section = Section::open(node, &PHASE, root.sink)?;
    let (span, measure) = (section.number("for"), section.flag("measure"));
    let arrivals = arrivals(&section);
    let load = load(&section, population, arrivals);
    Ok(PhasePlan {
        for_ns: span?,
        load: load?,
        measure: measure?,
    })
}

fn load(
    section: &Section<'_>,
    population: Option<u64>,
    arrivals: Result<Arrivals, Reported>,
) -> Result<LoadPlan, Reported> {
    let chosen = section.chosen()?;
    let (from_mtps, to_mtps) = match chosen.key.as_str() {
        "in_flight" => {
            let in_flight = section.small("in_flight")?;
            if let Some(entry) = section.entry("arrivals") {
                let message = "a closed loop has no `arrivals`: replies decide when to submit";
                return Err(section.report(Problem::new(entry.key_span, message)));
            }
            return Ok(LoadPlan::Closed { in_flight });
        }
        "tps" => {
            let rate = section.number("tps")?;
            (rate, rate)
        }
        "ramp" => {
            let ramp = section.section("ramp")?;
            let (from, to) = (ramp.number("from"), ramp.number("to"));
            (from?, to?)
        }
        _ => {
            let each = section.number("per_day")?;
            // A wrong population is reported where it stands.
            let people = population.unwrap_or(1);
            let rate = u128::from(each) * u128::from(people) / DAY_SECONDS;
            let rate = u64::try_from(rate).unwrap_or(u64::MAX);
            if !(1..=10_000_000_000).contains(&rate) {
                let message = format!(
                    "{people} inhabitants make {} transactions per second of this",
                    rate / 1_000
                );
                let problem = Problem::new(chosen.value.span, message);
                return Err(section.report(problem.expected("from 0.001 to 10_000_000 in all")));
            }
            (rate, rate)
        }
    };
    Ok(LoadPlan::Open {
        from_mtps,
        to_mtps,
        arrivals: arrivals?,
    })
}

fn arrivals(section: &Section<'_>) -> Result<Arrivals, Reported> {
    let Some(entry) = section.entry("arrivals") else {
        return Ok(Arrivals::Poisson);
    };
    match entry.value.text() {
        Some("poisson") => Ok(Arrivals::Poisson),
        Some("even") => Ok(Arrivals::Even),
        None if matches!(entry.value.value, Value::Map(_)) => {
            let law = Section::open(&entry.value, &ARRIVALS, section.sink)?;
            law.chosen()?;
            Ok(Arrivals::Burst {
                every_ns: law.section("burst")?.number("every")?,
            })
        }
        _ => {
            let message = format!("`arrivals` cannot be {}", entry.value.found());
            let problem = Problem::new(entry.value.span, message);
            Err(section.report(problem.expected("poisson, even, or { burst: { every: 1s } }")))
        }
    }
}
