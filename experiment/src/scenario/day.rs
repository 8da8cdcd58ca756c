//! Reading a day of the city: rates per inhabitant, hours, weekdays, dates and events
//! become phases of the load.

use std::time::Duration;

use groma_workloads::arrivals::MilliTps;
use groma_workloads::calendar::{
    Day, Event, HOURS, Leg, MONTHS, Month, Occasion, PATTERNS, Part, Pattern, Strike,
};
use groma_workloads::rates;

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
    let (patterns, month) = (patterns?, month?);
    let struck = mix.iter().map(|part| {
        month.map_or(1.0, |(month, date)| {
            match month.of.contains(&part.workload.as_str()) {
                true => month.weight(date),
                false => 1.0,
            }
        })
    });
    let parts = means.into_iter().zip(patterns).zip(struck);
    let parts = parts.map(|((mean, pattern), date)| Part {
        mean: MilliTps(mean),
        pattern,
        date,
    });
    let day = Day {
        parts: parts.collect(),
        weekday: weekday?,
        strikes: strikes?,
        compress: compress?,
    };
    let several = mix.len() > 1;
    Ok(day
        .legs()
        .into_iter()
        .map(|leg| played(&leg, several, arrivals))
        .collect())
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
            let rate = rate.per_day * people as f64 * 1e3 / DAY_SECONDS as f64;
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
    let part = match occasion.of {
        None => None,
        Some(of) => Some(place(section, node, mix, of)?),
    };
    for &event in occasion.events {
        strikes.push(Strike {
            event: scaled(event, city),
            part,
        });
    }
    Ok(())
}

/// A batch at the scale of the scenario; a spike is relative as it is.
fn scaled(event: Event, city: &City<'_>) -> Event {
    match event {
        Event::Batch { at, txs, within } => Event::Batch {
            at,
            txs: city.scaled(txs),
            within,
        },
        spike @ Event::Spike { .. } => spike,
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
    let part = match inner.entry("workload") {
        None => None,
        Some(entry) => Some(place(section, &entry.value, mix, inner.text("workload")?)?),
    };
    let span = Duration::from_nanos;
    let event = match chosen.key.as_str() {
        "spike" => {
            let (times, decay) = (inner.number("times"), inner.number("decay"));
            Event::Spike {
                at: span(at?),
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
    Ok(Strike { event, part })
}

/// The place of a workload in the mix.
fn place(
    section: &Section<'_>,
    node: &Node,
    mix: &[WorkloadShare],
    name: &str,
) -> Result<usize, Reported> {
    if mix.is_empty() {
        // It could not be read, which is reported where it stands.
        return Ok(0);
    }
    let found = mix.iter().position(|part| part.workload == name);
    found.ok_or_else(|| {
        let message = format!("this strikes `{}`, which the workload lacks", shorten(name));
        section.report(Problem::new(node.span, message).hint("name it under `workload: { mix: }`"))
    })
}
