//! Reading the phases of the load.

use std::path::Path;

use groma_workloads::arrivals::{Law, MilliTps, Phase};
use groma_workloads::curves::CURVES;
use groma_workloads::steps::Step;
use groma_workloads::stretch::Stretch;
use groma_workloads::trace::Trace;

use super::diagnostic::Problem;
use super::keys::{ARRIVALS, MAX_ENTRIES, MAX_PHASES, PHASE};
use super::section::{Reported, Section};
use super::suggest::instead;
use super::tree::{Entry, Node, Value, shorten};
use super::{day, file};
use crate::plan::{Arrivals, Clock, LoadPlan, PhasePlan, WorkloadPlan};

/// Seconds of a day, for loads per inhabitant and day.
pub(super) const DAY_SECONDS: u128 = 86_400;
/// The whole load may take this long: a year.
const MAX_NS: u64 = 366 * 86_400 * 1_000_000_000;
/// The highest rate, in thousandths.
pub(super) const MAX_MTPS: u64 = 10_000_000_000;
/// Transactions of a trace that a plan carries at most.
const MAX_ROWS: usize = 100_000;

/// What the phases are read against.
pub(crate) struct City<'a> {
    /// Inhabitants, unless they could not be read: that is reported where they stand.
    pub(crate) population: Option<u64>,
    /// What is submitted, unless it could not be read.
    pub(crate) workload: Option<&'a WorkloadPlan>,
    /// What every rate is multiplied by, in thousandths.
    pub(crate) scale_milli: u64,
    /// The folder of the scenario, for traces.
    pub(crate) beside: Option<&'a Path>,
    /// The steps that stand apart from their workloads; [`read`] finds them.
    pub(crate) apart: Vec<&'static Step>,
}

impl City<'_> {
    /// A rate at the scale of the scenario.
    pub(super) fn scaled(&self, mtps: u64) -> u64 {
        let scaled = u128::from(mtps) * u128::from(self.scale_milli) / 1_000;
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    pub(super) fn people(&self) -> u64 {
        self.population.unwrap_or(1)
    }
}

/// A load that was read.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) phases: Vec<PhasePlan>,
    /// The steps that stand apart from their workloads.
    pub(crate) apart: Vec<String>,
    /// The clocks of its days, in order.
    pub(crate) days: Vec<Clock>,
}

impl Load {
    /// How long it is played.
    pub(crate) fn length_ns(&self) -> u64 {
        self.phases.iter().map(|phase| phase.for_ns).sum()
    }
}

/// Reads the phases; at least one must be measured and offer something.
pub(crate) fn read(root: &Section<'_>, city: &City<'_>) -> Result<Load, Reported> {
    let nodes = root.bounded("load", MAX_ENTRIES)?;
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
    let mix = city.workload.map_or(&[][..], |workload| &workload.mix);
    let city = &City {
        apart: day::apart(nodes, mix),
        ..*city
    };
    let (mut phases, mut days) = (Vec::with_capacity(nodes.len()), Vec::new());
    let mut failed = None;
    for node in nodes {
        match phase(node, root, city) {
            Ok((more, is_day)) => {
                days.extend(is_day.then_some(phases.len()));
                phases.extend(more);
            }
            Err(reported) => failed = Some(reported),
        }
    }
    if let Some(reported) = failed {
        return Err(reported);
    }
    whole(root, span, &phases)?;
    let clocks = days
        .into_iter()
        .filter_map(|first| Clock::of(&phases, first));
    let days = clocks.collect();
    let apart: Vec<String> = city.apart.iter().map(|step| step.name.to_owned()).collect();
    if !apart.is_empty() {
        // What stands apart has its rate in every phase.
        let usual = WorkloadPlan::usual(mix.to_vec()).standing_apart(apart.clone());
        let silent = phases.iter_mut().filter(|phase| phase.mix.is_empty());
        silent.for_each(|phase| phase.mix = usual.usual_shares());
    }
    Ok(Load {
        phases,
        apart,
        days,
    })
}

/// What must hold of all phases together.
fn whole(
    root: &Section<'_>,
    span: super::source::Span,
    phases: &[PhasePlan],
) -> Result<(), Reported> {
    if phases.len() > MAX_PHASES {
        let message = format!("the load has {} phases", phases.len());
        let problem = Problem::new(span, message);
        return Err(root.report(problem.expected(format!("at most {MAX_PHASES}"))));
    }
    let total: u128 = phases.iter().map(|phase| u128::from(phase.for_ns)).sum();
    if total > u128::from(MAX_NS) {
        return Err(root.report(Problem::new(span, "the load takes longer than a year")));
    }
    let too_fast = |phase: &&PhasePlan| match phase.load {
        LoadPlan::Open {
            from_mtps, to_mtps, ..
        } => from_mtps.max(to_mtps) > MAX_MTPS,
        _ => false,
    };
    if phases.iter().any(|phase| too_fast(&phase)) {
        let problem = Problem::new(span, "the load rises above 10,000,000 TPS");
        return Err(root.report(problem.hint("`scale` multiplies every rate")));
    }
    let loads = |load: &LoadPlan| load.offers() || matches!(load, LoadPlan::Closed { .. });
    if !phases
        .iter()
        .any(|phase| phase.measure && loads(&phase.load))
    {
        return Err(root.report(
            Problem::new(span, "no measured phase offers any load")
                .hint("one phase needs a rate above 0 and must not say `measure: false`"),
        ));
    }
    Ok(())
}

/// The phases of an entry, and whether they are a day.
fn phase(
    node: &Node,
    root: &Section<'_>,
    city: &City<'_>,
) -> Result<(Vec<PhasePlan>, bool), Reported> {
    let section = Section::open(node, &PHASE, root.sink)?;
    let (measure, arrivals) = (section.flag("measure"), arrivals(&section));
    let chosen = section.chosen()?;
    let own_length = ["day", "curve", "trace", "profile"].contains(&chosen.key.as_str());
    match (own_length, section.entry("for")) {
        (true, Some(entry)) => {
            let message = format!("a phase with `{}` has a length of its own", chosen.key);
            return Err(section.report(Problem::new(entry.key_span, message)));
        }
        (false, None) => {
            let problem = Problem::new(section.span, "a phase needs `for`");
            return Err(section.report(problem.hint("Length of the phase, such as 60s.")));
        }
        _ => {}
    }
    if let (Ok(Arrivals::Burst { every_ns }), Some(entry)) = (&arrivals, section.entry("arrivals"))
    {
        bursts(&section, chosen, city, *every_ns, entry)?;
    }
    let mut phases = match chosen.key.as_str() {
        "day" => day::read(&section, city, arrivals?)?,
        "curve" => curve(&section, chosen, city, arrivals?)?,
        "trace" => trace(&section, chosen, city, arrivals?)?,
        "profile" => profile(&section, city, arrivals?)?,
        _ => {
            let span = section.number("for");
            let load = load(&section, city, arrivals);
            vec![lasting(span?, load?)]
        }
    };
    let measure = measure?;
    for phase in &mut phases {
        phase.measure &= measure;
    }
    Ok((phases, chosen.key == "day"))
}

/// Bursts need one rate, and so many at once as a run can hold.
fn bursts(
    section: &Section<'_>,
    chosen: &Entry,
    city: &City<'_>,
    every_ns: u64,
    entry: &Entry,
) -> Result<(), Reported> {
    if !["tps", "per_day", "in_flight"].contains(&chosen.key.as_str()) {
        let message = format!("`{}` does not come in bursts", chosen.key);
        let problem = Problem::new(entry.value.span, message);
        return Err(section.report(problem.hint("bursts need one rate: `tps` or `per_day`")));
    }
    let rate = match chosen.key.as_str() {
        "tps" => section.number("tps")?,
        "per_day" => {
            let rate = u128::from(section.number("per_day")?) * u128::from(city.people());
            u64::try_from(rate / DAY_SECONDS).unwrap_or(u64::MAX)
        }
        _ => 0,
    };
    let size = u128::from(city.scaled(rate)) * u128::from(every_ns) / 1_000_000_000_000;
    if size > u128::from(groma_workloads::arrivals::MAX_BURST) {
        let message = format!("a burst of {size} transactions");
        let problem = Problem::new(entry.value.span, message);
        return Err(section.report(problem.expected("at most 10,000,000 at once")));
    }
    Ok(())
}

/// A measured phase that is played in true time.
pub(super) fn lasting(for_ns: u64, load: LoadPlan) -> PhasePlan {
    PhasePlan {
        for_ns,
        load,
        measure: true,
        stands_for_ns: for_ns,
        mix: Vec::new(),
    }
}

fn load(
    section: &Section<'_>,
    city: &City<'_>,
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
            let people = city.people();
            let rate = u128::from(each) * u128::from(people) / DAY_SECONDS;
            let rate = u64::try_from(rate).unwrap_or(u64::MAX);
            if !(1..=MAX_MTPS).contains(&rate) {
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
        from_mtps: city.scaled(from_mtps),
        to_mtps: city.scaled(to_mtps),
        arrivals: arrivals?,
    })
}

/// A published curve, by name.
fn curve(
    section: &Section<'_>,
    chosen: &Entry,
    city: &City<'_>,
    arrivals: Arrivals,
) -> Result<Vec<PhasePlan>, Reported> {
    let name = section.text("curve")?;
    let Some(curve) = CURVES.iter().find(|curve| curve.name == name) else {
        let known: Vec<&str> = CURVES.iter().map(|curve| curve.name).collect();
        let message = format!("there is no curve `{}`", shorten(name));
        let problem = Problem::new(chosen.value.span, message);
        return Err(section.report(instead(problem, name, &known)));
    };
    let stretch = curve
        .stretch(1.0, Law::Even, true)
        .expect("a published curve is within the bounds of a rate");
    Ok(stretched(stretch, city, arrivals))
}

/// The phases of a stretch of rates.
fn stretched(stretch: Stretch, city: &City<'_>, arrivals: Arrivals) -> Vec<PhasePlan> {
    let phases = match stretch {
        Stretch::Phase(phase) => vec![phase],
        Stretch::Curve(phases) => phases,
        Stretch::Replay(_) => Vec::new(),
    };
    let plan = |phase: Phase| {
        let rate = |MilliTps(rate)| city.scaled(rate);
        let load = LoadPlan::Open {
            from_mtps: rate(phase.from),
            to_mtps: rate(phase.to),
            arrivals,
        };
        let nanos = u64::try_from(phase.span.as_nanos()).unwrap_or(u64::MAX);
        lasting(nanos, load)
    };
    phases.into_iter().map(plan).collect()
}

/// A trace from a file beside the scenario.
fn trace(
    section: &Section<'_>,
    chosen: &Entry,
    city: &City<'_>,
    arrivals: Arrivals,
) -> Result<Vec<PhasePlan>, Reported> {
    let name = section.text("trace")?;
    let refuse = |message: String, hint: &str| {
        section.report(Problem::new(chosen.value.span, message).hint(hint))
    };
    let path = city.beside.unwrap_or(Path::new("")).join(name);
    let text = file::read(&path).map_err(|why| {
        let hint = "a trace is looked up beside the scenario";
        refuse(format!("trace `{}` {why}", shorten(name)), hint)
    })?;
    let trace = Trace::read(&text).map_err(|fault| {
        let place = format!("{}:{}:{}", path.display(), fault.line, fault.column);
        refuse(format!("{place}: {}", fault.problem), fault.hint)
    })?;
    let rows = match &trace {
        Trace::Rates(_) => return Ok(stretched(trace.stretch(Law::Even, true), city, arrivals)),
        Trace::Rows(rows) => rows,
    };
    if rows.times_ns.len() > MAX_ROWS {
        let message = format!("the trace has {} transactions", rows.times_ns.len());
        let hint = "a plan carries at most 100,000; give it as rates per second";
        return Err(refuse(message, hint));
    }
    if city.scale_milli != 1_000 {
        let hint = "leave out `scale`, or give the trace as rates per second";
        return Err(refuse(
            "times that are given have no scale".to_owned(),
            hint,
        ));
    }
    let mix = city.workload.map_or(&[][..], |workload| &workload.mix);
    let mut parts = Vec::with_capacity(rows.asked.len());
    for asked in &rows.asked {
        parts.push(match asked.workload {
            None => 0,
            Some(name) => match (1..).zip(mix).find(|(_, part)| part.workload == name) {
                Some((place, _)) => place,
                None => {
                    let message = format!("the trace asks for `{name}`, which the mix lacks");
                    return Err(refuse(message, "name it under `workload: { mix: }`"));
                }
            },
        });
    }
    let keys = rows.asked.iter().map(|asked| match asked.key {
        Some(key) => key.saturating_add(1),
        None => 0,
    });
    let load = LoadPlan::Replay {
        times_ns: rows.times_ns.to_vec(),
        parts,
        keys: keys.collect(),
    };
    let span = u64::try_from(trace.span().as_nanos()).unwrap_or(u64::MAX);
    Ok(vec![lasting(span, load)])
}

/// The share that must succeed by the profiles of a load, in millionths: the least that one
/// of them asks for.
pub(super) fn pass_mark(root: &Section<'_>) -> Option<u64> {
    let nodes = root.list("load").ok()?;
    let mark = |node: &Node| match &node.value {
        Value::Map(entries) => {
            let profile = entries.iter().find(|entry| entry.key == "profile")?;
            match &profile.value.value {
                Value::Map(kinds) if kinds.iter().any(|kind| kind.key == "caict-spike") => {
                    Some(750_000)
                }
                Value::Map(_) => Some(950_000),
                _ => None,
            }
        }
        _ => None,
    };
    nodes.iter().filter_map(mark).min()
}

/// Acceptance tests by CAICT's form (docs/sources.md): after a warm-up of ten seconds,
/// a minute at the rate; the rate, twice the rate and the rate; or ten minutes at a
/// fifth of it.
fn profile(
    section: &Section<'_>,
    city: &City<'_>,
    arrivals: Arrivals,
) -> Result<Vec<PhasePlan>, Reported> {
    const SECOND: u64 = 1_000_000_000;
    let profile = section.section("profile")?;
    let chosen = profile.chosen()?;
    let inner = profile.section(chosen.key.as_str())?;
    let (tps, length) = (inner.number("tps")?, inner.maybe_number("for")?);
    let at = |for_ns: u64, mtps: u64| {
        let rate = city.scaled(mtps);
        let load = LoadPlan::Open {
            from_mtps: rate,
            to_mtps: rate,
            arrivals,
        };
        lasting(for_ns.max(1), load)
    };
    let minute = length.unwrap_or(60 * SECOND);
    let mut phases = vec![PhasePlan {
        measure: false,
        ..at(10 * SECOND, tps)
    }];
    match chosen.key.as_str() {
        "caict-stress" => phases.push(at(minute, tps)),
        "caict-spike" => {
            let third = minute / 3;
            phases.extend([at(third, tps), at(third, 2 * tps), at(third, tps)]);
        }
        _ => {
            phases[0] = PhasePlan {
                measure: false,
                ..at(10 * SECOND, tps / 5)
            };
            phases.push(at(length.unwrap_or(600 * SECOND), tps / 5));
        }
    }
    Ok(phases)
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
