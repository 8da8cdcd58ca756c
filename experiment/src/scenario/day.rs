//! Reading a day of the city: rates per inhabitant, hours, weekdays, dates and events
//! become phases of the load.

use std::time::Duration;

use groma_workloads::arrivals::MilliTps;
use groma_workloads::calendar::{
    Day, Event, HOURS, Leg, MONTHS, Month, Occasion, PATTERNS, Part, Pattern, Strike,
};
use groma_workloads::rates;
use groma_workloads::steps::{STEPS, Step};

use super::diagnostic::Problem;
use super::keys::{EVENT, WEEKDAYS};
use super::load::{City, DAY_SECONDS, MAX_MTPS, lasting};
use super::moment;
use super::section::{Reported, Section, read_number};
use super::shape::Shape;
use super::suggest::{instead, list};
use super::tree::{Node, Value, shorten};
use crate::plan::{Arrivals, LoadPlan, PhasePlan, WorkloadShare};

/// Reads the day of a phase.
pub(super) fn read(
    phase: &Section<'_>,
    city: &City<'_>,
    arrivals: Arrivals,
) -> Result<Vec<PhasePlan>, Reported> {
    let section = phase.section("day")?;
    let (per_day, compress) = (section.number("per_day"), section.small("compress"));
    let weekday = weekday(&section);
    let month = month(&section);
    let mix = city.workload.map_or(&[][..], |workload| &workload.mix);
    let patterns = patterns(&section, mix);
    let strikes = strikes(&section, city, mix);
    let means = means(&section, city, mix, per_day?)?;
    let parts = parts(city, mix, (&means, &patterns?), month?);
    let several = parts.len() > 1;
    let day = Day {
        parts,
        weekday: weekday?,
        strikes: strikes?,
        compress: compress?,
    };
    Ok(day
        .legs()
        .into_iter()
        .map(|leg| played(&leg, several, arrivals))
        .collect())
}

/// The parts of the mix, without what stands apart, and then the steps that do.
fn parts(
    city: &City<'_>,
    mix: &[WorkloadShare],
    (means, patterns): (&[u64], &[Pattern]),
    month: Option<(&'static Month, usize)>,
) -> Vec<Part> {
    let part = |place: usize, share: f64, name: &str| Part {
        mean: MilliTps((means[place] as f64 * share).round() as u64),
        pattern: patterns[place],
        date: match month {
            Some((month, date)) if month.of.contains(&name) => month.weight(date),
            _ => 1.0,
        },
    };
    let workloads = mix.iter().enumerate().map(|(place, of)| {
        let own = city
            .apart
            .iter()
            .filter(|step| step.workload() == of.workload);
        let left = 1.0 - own.map(|step| step.share).sum::<f64>();
        part(place, left, &of.workload)
    });
    let steps = city.apart.iter().filter_map(|step| {
        let place = mix.iter().position(|of| of.workload == step.workload())?;
        Some(part(place, step.share, step.name))
    });
    workloads.chain(steps).collect()
}

/// The steps that days name, in months and events, of workloads in the mix: throughout the load
/// these stand apart. What is wrong with a day is reported where it is read.
pub(super) fn apart(nodes: &[Node], mix: &[WorkloadShare]) -> Vec<&'static Step> {
    let mut named: Vec<&str> = Vec::new();
    for day in nodes.iter().filter_map(|node| node.entry("day")) {
        let month = day
            .entry("month")
            .and_then(Node::text)
            .and_then(Month::find);
        named.extend(month.iter().flat_map(|month| month.of));
        let events = match day.entry("events").map(|events| &events.value) {
            Some(Value::List(events)) => events.as_slice(),
            _ => &[],
        };
        for event in events {
            match (event.text(), &event.value) {
                (Some(name), _) => named.extend(Occasion::find(name).and_then(|found| found.of)),
                (None, Value::Map(kinds)) => {
                    let of = kinds
                        .iter()
                        .filter_map(|kind| kind.value.entry("workload")?.text());
                    named.extend(of);
                }
                (None, _) => {}
            }
        }
    }
    let in_mix = |step: &&Step| mix.iter().any(|part| part.workload == step.workload());
    let steps = STEPS.iter().filter(|step| named.contains(&step.name));
    steps.filter(in_mix).collect()
}

fn played(leg: &Leg, several: bool, arrivals: Arrivals) -> PhasePlan {
    let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    let load = LoadPlan::Open {
        from_mtps: leg.from.0,
        to_mtps: leg.to.0,
        arrivals,
    };
    // At hours without any load there are no shares of it.
    let shared = several && leg.parts.iter().any(|part| part.0 > 0);
    PhasePlan {
        stands_for_ns: nanos(leg.stands_for),
        mix: match shared {
            true => leg.parts.iter().map(|part| part.0).collect(),
            false => Vec::new(),
        },
        ..lasting(nanos(leg.span), load)
    }
}

/// Mean rates of the parts of the mix on a mean day, in thousandths.
fn means(
    section: &Section<'_>,
    city: &City<'_>,
    mix: &[WorkloadShare],
    per_day: u64,
) -> Result<Vec<u64>, Reported> {
    let people = city.people();
    let span = section
        .entry("per_day")
        .map_or(section.span, |entry| entry.value.span);
    let mut means = Vec::with_capacity(mix.len());
    if per_day > 0 {
        let total = u128::from(per_day) * u128::from(people) / DAY_SECONDS;
        let shares: u128 = mix.iter().map(|part| u128::from(part.share_milli)).sum();
        for part in mix {
            let rate = total * u128::from(part.share_milli) / shares.max(1);
            means.push(city.scaled(u64::try_from(rate).unwrap_or(u64::MAX)));
        }
    } else {
        for part in mix {
            let Some(rate) = rates::find(&part.workload) else {
                let message = format!("the catalogue has no rate for `{}`", part.workload);
                let problem = Problem::new(span, message);
                return Err(section.report(
                    problem.hint("give `per_day`, transactions per inhabitant and day in all"),
                ));
            };
            let rate = rate.per_day() * people as f64 * 1e3 / DAY_SECONDS as f64;
            means.push(city.scaled(rate.round() as u64));
        }
    }
    let total: u64 = means.iter().fold(0, |sum, &mean| sum.saturating_add(mean));
    if mix.is_empty() || (1..=MAX_MTPS).contains(&total) {
        return Ok(means);
    }
    let message = format!(
        "{people} inhabitants make {} transactions per second of this",
        total / 1_000
    );
    let problem = Problem::new(span, message);
    Err(section.report(problem.expected("from 0.001 to 10_000_000 in all")))
}

/// How each part of the mix spreads over the hours.
fn patterns(section: &Section<'_>, mix: &[WorkloadShare]) -> Result<Vec<Pattern>, Reported> {
    let name = section.text("hours")?;
    let own = weights(section)?;
    let one = |part: &WorkloadShare| {
        let pattern = match name {
            "by-workload" => rates::find(&part.workload).map(rates::Rate::pattern),
            name => Pattern::find(name),
        };
        let mut pattern = *pattern.or(Pattern::find("flat"))?;
        if let Some(hours) = own {
            pattern.hours = hours;
        }
        Some(pattern)
    };
    if name != "by-workload" && Pattern::find(name).is_none() {
        let mut known: Vec<&str> = PATTERNS.iter().map(|pattern| pattern.name).collect();
        known.push("by-workload");
        return Err(unknown(section, "hours", name, &known));
    }
    Ok(mix.iter().filter_map(one).collect())
}

fn unknown(section: &Section<'_>, key: &str, name: &str, known: &[&str]) -> Reported {
    let span = section
        .entry(key)
        .map_or(section.span, |entry| entry.value.span);
    let message = format!("`{key}` cannot be `{}`", shorten(name));
    section.report(instead(Problem::new(span, message), name, known))
}

/// The weights of the hours, where the scenario gives its own.
fn weights(section: &Section<'_>) -> Result<Option<[u32; HOURS]>, Reported> {
    let Some(entry) = section.entry("weights") else {
        return Ok(None);
    };
    let nodes = section.list("weights")?;
    let refuse = |message: String| {
        let problem = Problem::new(entry.key_span, message);
        section.report(problem.expected("24 numbers, of which one is above 0"))
    };
    if nodes.len() != HOURS {
        return Err(refuse(format!("`weights` has {} entries", nodes.len())));
    }
    let Shape::List(Shape::Number(bounds)) = super::keys::DAY_OF_CITY.key("weights").shape else {
        panic!("`weights` is declared as a list of numbers");
    };
    let mut hours = [0; HOURS];
    for (hour, node) in hours.iter_mut().zip(nodes) {
        let weight =
            read_number(node, *bounds, "weights").map_err(|problem| section.report(problem))?;
        *hour = u32::try_from(weight).expect("the bounds of a weight fit 32 bits");
    }
    let sum: u64 = hours.iter().map(|&hour| u64::from(hour)).sum();
    if sum == 0 || sum > u64::from(u32::MAX) {
        return Err(refuse(
            "the weights come to nothing, or to too much".to_owned(),
        ));
    }
    Ok(Some(hours))
}

fn weekday(section: &Section<'_>) -> Result<Option<usize>, Reported> {
    if section.entry("weekday").is_none() {
        return Ok(None);
    }
    let word = section.text("weekday")?;
    Ok(WEEKDAYS.iter().position(|day| *day == word))
}

/// The month and the date in it; each month strikes some workloads.
fn month(section: &Section<'_>) -> Result<Option<(&'static Month, usize)>, Reported> {
    let (month, date) = (section.entry("month"), section.maybe_number("date")?);
    match (month, date) {
        (None, None) => Ok(None),
        (Some(_), Some(date)) => {
            let name = section.text("month")?;
            let Some(month) = Month::find(name) else {
                let known: Vec<&str> = MONTHS.iter().map(|month| month.name).collect();
                return Err(unknown(section, "month", name, &known));
            };
            Ok(Some((month, date as usize)))
        }
        (Some(entry), None) => {
            let problem = Problem::new(entry.key_span, "a month without a `date`");
            Err(section.report(problem.hint("`date: 31` is its last day")))
        }
        (None, Some(_)) => {
            let span = section
                .entry("date")
                .map_or(section.span, |entry| entry.key_span);
            let names = list(MONTHS.iter().map(|month| month.name));
            let problem = Problem::new(span, "a date without a `month`");
            Err(section.report(problem.expected(format!("one of {names}"))))
        }
    }
}

fn strikes(
    section: &Section<'_>,
    city: &City<'_>,
    mix: &[WorkloadShare],
) -> Result<Vec<Strike>, Reported> {
    let mut strikes = Vec::new();
    for node in section.list("events")? {
        if let Some(name) = node.text() {
            occasion(section, city, mix, (node, name), &mut strikes)?;
        } else if matches!(node.value, Value::Map(_)) {
            strikes.push(event(section, city, mix, node)?);
        } else {
            let message = format!("an event cannot be {}", node.found());
            let problem = Problem::new(node.span, message);
            return Err(section.report(problem.expected("an occasion, { spike: } or { batch: }")));
        }
    }
    Ok(strikes)
}

fn occasion(
    section: &Section<'_>,
    city: &City<'_>,
    mix: &[WorkloadShare],
    (node, name): (&Node, &str),
    strikes: &mut Vec<Strike>,
) -> Result<(), Reported> {
    let Some(occasion) = Occasion::find(name) else {
        let message = format!("there is no occasion `{}`", shorten(name));
        let problem = Problem::new(node.span, message);
        return Err(section.report(instead(problem, name, &super::keys::OCCASIONS)));
    };
    let parts = match occasion.of {
        None => Vec::new(),
        Some(of) => places(section, node, city, mix, of)?,
    };
    for &event in occasion.events {
        strikes.push(Strike {
            event: scaled(event, city),
            parts: parts.clone(),
        });
    }
    Ok(())
}

/// A batch at the scale of the scenario; all else is relative as it is.
fn scaled(event: Event, city: &City<'_>) -> Event {
    match event {
        Event::Batch { at, txs, within } => Event::Batch {
            at,
            txs: city.scaled(txs),
            within,
        },
        relative @ (Event::Spike { .. } | Event::Bulk { .. }) => relative,
    }
}

fn event(
    section: &Section<'_>,
    city: &City<'_>,
    mix: &[WorkloadShare],
    node: &Node,
) -> Result<Strike, Reported> {
    let event = Section::open(node, &EVENT, section.sink)?;
    let chosen = event.chosen()?;
    let inner = event.section(chosen.key.as_str())?;
    let at = moment::since_midnight(&inner, "at");
    let parts = match inner.entry("workload") {
        None => Vec::new(),
        Some(entry) => places(section, &entry.value, city, mix, inner.text("workload")?)?,
    };
    let span = Duration::from_nanos;
    let event = match chosen.key.as_str() {
        "spike" => {
            let (times, decay) = (inner.number("times"), inner.number("decay"));
            let rise = inner.number("rise");
            Event::Spike {
                at: span(at?),
                rise: span(rise?),
                times: times? as f64 / 1e3,
                decay: span(decay?),
            }
        }
        _ => {
            let (txs, within) = (inner.number("txs"), inner.number("within"));
            let (at, within) = (at?, within?);
            if at + within > 86_400_000_000_000 {
                let problem = Problem::new(chosen.value.span, "the batch ends after midnight");
                return Err(
                    section.report(problem.hint("a day ends at 24h: give the rest to the next"))
                );
            }
            let batch = Event::Batch {
                at: span(at),
                txs: txs?,
                within: span(within),
            };
            scaled(batch, city)
        }
    };
    Ok(Strike { event, parts })
}

/// The places of what an event strikes: of a workload with its steps that stand apart, or of one of
/// these.
fn places(
    section: &Section<'_>,
    node: &Node,
    city: &City<'_>,
    mix: &[WorkloadShare],
    name: &str,
) -> Result<Vec<usize>, Reported> {
    if mix.is_empty() {
        // It could not be read, which is reported where it stands.
        return Ok(Vec::new());
    }
    let steps = || (mix.len()..).zip(&city.apart);
    if let Some((place, _)) = steps().find(|(_, step)| step.name == name) {
        return Ok(vec![place]);
    }
    if let Some(place) = mix.iter().position(|part| part.workload == name) {
        let own = steps().filter(|(_, step)| step.workload() == name);
        return Ok(std::iter::once(place)
            .chain(own.map(|(step, _)| step))
            .collect());
    }
    let workload = name.split_once('.').map_or(name, |(workload, _)| workload);
    if workload != name && mix.iter().any(|part| part.workload == workload) {
        let message = format!("no step `{}` stands apart", shorten(name));
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(section.report(instead(Problem::new(node.span, message), name, &names)));
    }
    let message = format!(
        "this strikes `{}`, which the workload lacks",
        shorten(workload)
    );
    Err(section.report(Problem::new(node.span, message).hint("name it under `workload: { mix: }`")))
}
