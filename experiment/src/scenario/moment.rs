//! Instants, as a scenario writes them: a duration since the start of the run, or a time
//! of day such as `09:00`, which a day of the load plays at some second of the run.

use super::diagnostic::Problem;
use super::section::{Reported, Section};
use super::tree::{Entry, shorten};
use super::unit::Unit;
use crate::plan::{Clock, DAY_NS};

const SECOND: u64 = 1_000_000_000;

/// A written form, for the schema.
pub(crate) const PATTERN: &str = "^[0-9][0-9]?:[0-5][0-9](:[0-5][0-9])?$";

/// Reads an instant of the run, if it is given.
pub(super) fn maybe(
    section: &Section<'_>,
    name: &str,
    days: &[Clock],
) -> Result<Option<u64>, Reported> {
    let Some(entry) = written(section, name) else {
        return section.maybe_number(name);
    };
    let time = of_day(section, name, entry)?;
    let text = entry.value.text().map(shorten).unwrap_or_default();
    let refuse = |message: String, hint: String| {
        let problem = Problem::new(entry.value.span, message);
        Err(section.report(problem.hint(hint)))
    };
    match days {
        [day] => Ok(Some(day.played(time))),
        [] => refuse(
            format!("the load has no day that plays {text}"),
            "give the time since the start of the run, such as 30s, or a load of `- day: {}`"
                .to_owned(),
        ),
        days => {
            let played = days
                .iter()
                .map(|day| Unit::Duration.format(day.played(time)));
            let played: Vec<String> = played.collect();
            refuse(
                format!("the load plays {text} {} times", days.len()),
                format!(
                    "give the time since the start of the run: {}",
                    played.join(", ")
                ),
            )
        }
    }
}

/// Reads an instant of the run that must be given.
pub(super) fn read(section: &Section<'_>, name: &str, days: &[Clock]) -> Result<u64, Reported> {
    section.node(name)?;
    Ok(maybe(section, name, days)?.unwrap_or(0))
}

/// Reads an instant of a day: a duration since midnight, or a time of day.
pub(super) fn since_midnight(section: &Section<'_>, name: &str) -> Result<u64, Reported> {
    match written(section, name) {
        None => section.number(name),
        Some(entry) => {
            let time = of_day(section, name, entry)?;
            if time < DAY_NS {
                return Ok(time);
            }
            let problem = Problem::new(entry.value.span, "at 24:00 the day is over");
            Err(section.report(problem.hint("a day begins at 00:00")))
        }
    }
}

/// The entry, where it has the form of a time of day.
fn written<'a>(section: &Section<'a>, name: &str) -> Option<&'a Entry> {
    let entry = section.entry(name)?;
    let clock = entry.value.text().is_some_and(|text| text.contains(':'));
    clock.then_some(entry)
}

fn of_day(section: &Section<'_>, name: &str, entry: &Entry) -> Result<u64, Reported> {
    let time = entry.value.text().and_then(parse);
    time.ok_or_else(|| {
        let message = format!("`{name}` is no time of day: {}", entry.value.found());
        let problem = Problem::new(entry.value.span, message);
        section.report(problem.expected("from 00:00 to 24:00, such as 09:00 or 09:00:30"))
    })
}

/// `9:00`, `09:00` or `09:00:30`, in nanoseconds since midnight.
fn parse(text: &str) -> Option<u64> {
    let two = |part: &str, most: u64| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| part.parse::<u64>().ok()).flatten();
        number.filter(|number| *number <= most)
    };
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
    let hour = match hour.len() {
        1 => two(&format!("0{hour}"), 24)?,
        _ => two(hour, 24)?,
    };
    let time = (hour * 3_600 + two(minute, 59)? * 60 + two(second, 59)?) * SECOND;
    (time <= DAY_NS).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_of_day_have_two_digits_a_part() {
        let seconds = |text: &str| parse(text).map(|ns| ns / 1_000_000_000);
        let good = [
            ("00:00", 0),
            ("9:00", 32_400),
            ("09:00", 32_400),
            ("09:00:30", 32_430),
            ("23:59:59", 86_399),
            ("24:00", 86_400),
        ];
        for (text, expected) in good {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in [
            "",
            ":",
            "9",
            "9:0",
            "09:60",
            "24:01",
            "25:00",
            "+9:00",
            "009:00",
            "09:00:60",
            "09:00:00:00",
            "九:00",
            "9h:00",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
