//! Traces of real loads, read from CSV.
//!
//! A trace has one row per transaction, or one per second:
//!
//! ```text
//! time,type,key           rate
//! 0.000,payments,17       812
//! 0.013,invoices,         790.5
//! 20ms,payments,4         1031
//! ```
//!
//! A `time` is in seconds unless it names another unit (`ns`, `us`, `ms`, `s`, `min`), or the header
//! does (`time_ms`). Rows are in the order of time, which counts from the first of them. `type` names a
//! workload and `key` the entity that it falls on; either may be missing or empty. A `rate` is in
//! transactions per second. Lines that begin with `#` are comments.
//!
//! This file opens no files and knows nothing of what a key means.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::arrivals::{Law, MAX_RATE, MAX_SPAN, MilliTps, Phase};
use crate::stretch::{Replay, Stretch};
use crate::table;

/// The most rows of one trace per transaction.
pub const MAX_ROWS: usize = 10_000_000;
/// The most rows of one trace per second: a day.
pub const MAX_SECONDS: usize = 86_400;

/// A trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// The rate of each second.
    Rates(Vec<MilliTps>),
    /// Each transaction.
    Rows(Rows),
}

/// The transactions of a trace, by their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// When each came, in nanoseconds since the first.
    pub times_ns: Arc<[u64]>,
    /// What each was, if the trace says: as many as there are times.
    pub asked: Vec<Asked>,
}

/// What a row of a trace says besides its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Asked {
    /// The name of a workload.
    pub workload: Option<&'static str>,
    /// Which entity it falls on.
    pub key: Option<u64>,
}

/// What is wrong with a trace, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFault {
    /// The line, from 1.
    pub line: u64,
    /// The character in the line, from 1.
    pub column: u64,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub hint: &'static str,
}

impl fmt::Display for TraceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            problem,
            hint,
        } = self;
        write!(f, "line {line}, column {column}: {problem} ({hint})")
    }
}

impl std::error::Error for TraceFault {}

const KNOWN: &str = "columns are time, type and key, or rate alone";
const TIMES: &str = "a time is a number of seconds like 0.25, or has a unit: 250ms";
const ORDER: &str = "sort the rows by time";
const RATES: &str = "a rate is a number of transactions per second, at most 1,000,000,000";
const TYPES: &str = "a type is the name of a workload: see `groma list workloads`";
const KEYS: &str = "a key is a whole number from 0";
const SHAPE: &str = "every row has as many fields as the header, separated by commas";
const LIMITS: &str = "cut the trace into several";

/// Units of time, with their nanoseconds.
const UNITS: [(&str, u64); 5] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
];

/// Where the columns are.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    time: Option<usize>,
    /// Nanoseconds of a time without a unit.
    unit: u64,
    rate: Option<usize>,
    workload: Option<usize>,
    key: Option<usize>,
}

/// What is wrong with one field.
struct FieldFault {
    field: usize,
    problem: String,
    hint: &'static str,
}

fn fault<T>(field: usize, problem: String, hint: &'static str) -> Result<T, FieldFault> {
    Err(FieldFault {
        field,
        problem,
        hint,
    })
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    /// The first [`TraceFault`] found.
    pub fn read(text: &str) -> Result<Self, TraceFault> {
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .comment(Some(b'#'))
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| broken(&error))?.clone();
        let columns = columns(&header).map_err(|fault| located(text, &header, fault))?;
        let mut reading = Reading::default();
        let mut row = StringRecord::new();
        while reader
            .read_record(&mut row)
            .map_err(|error| broken(&error))?
        {
            let added = if row.len() == header.len() {
                reading.add(&columns, &row)
            } else {
                let problem = format!("{} fields, the header has {}", row.len(), header.len());
                fault(0, problem, SHAPE)
            };
            added.map_err(|fault| located(text, &row, fault))?;
        }
        reading
            .end(&columns)
            .map_err(|fault| located(text, &header, fault))
    }

    /// How long it lasts: to the end of its last second.
    pub fn span(&self) -> Duration {
        match self {
            Self::Rates(rates) => Duration::from_secs(rates.len() as u64),
            Self::Rows(rows) => {
                let last = rows.times_ns.last().copied().unwrap_or(0);
                Duration::from_secs(last / 1_000_000_000 + 1)
            }
        }
    }

    /// The trace as a stretch of a load. Rates fall by `law`; times are what they are, and the
    /// [`row`](crate::Arrival::row) of an arrival leads to what was asked.
    pub fn stretch(&self, law: Law, measured: bool) -> Stretch {
        match self {
            Self::Rates(rates) => {
                let second = Duration::from_secs(1);
                let phase = |rate: &MilliTps| Phase {
                    measured,
                    ..Phase::constant(second, *rate, law)
                };
                Stretch::Curve(rates.iter().map(phase).collect())
            }
            Self::Rows(rows) => Stretch::Replay(Replay {
                span: self.span(),
                times_ns: Arc::clone(&rows.times_ns),
                measured,
            }),
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    rates: Vec<MilliTps>,
    first_ns: Option<u64>,
    times_ns: Vec<u64>,
    asked: Vec<Asked>,
}

impl Reading {
    fn add(&mut self, columns: &Columns, row: &StringRecord) -> Result<(), FieldFault> {
        if let Some(field) = columns.rate {
            let Some(rate) = decimal(&row[field], 3).filter(|rate| *rate <= MAX_RATE.0) else {
                return fault(field, format!("{:?} is no rate", &row[field]), RATES);
            };
            if self.rates.len() == MAX_SECONDS {
                let problem = format!("more than {MAX_SECONDS} seconds");
                return fault(field, problem, LIMITS);
            }
            self.rates.push(MilliTps(rate));
        }
        if let Some(field) = columns.time {
            let time = self.time(field, columns.unit, &row[field])?;
            self.times_ns.push(time);
            self.asked.push(asked(columns, row)?);
        }
        Ok(())
    }

    /// A time since the first one.
    fn time(&mut self, field: usize, unit: u64, text: &str) -> Result<u64, FieldFault> {
        let Some(at) = nanoseconds(text, unit) else {
            return fault(field, format!("{text:?} is no time"), TIMES);
        };
        let first = *self.first_ns.get_or_insert(at);
        let before = self.times_ns.last().copied().unwrap_or(0);
        let Some(since) = at.checked_sub(first).filter(|since| *since >= before) else {
            return fault(field, format!("{text:?} is before the row above"), ORDER);
        };
        let longest = (MAX_SPAN - Duration::from_secs(1)).as_nanos();
        if u128::from(since) > longest || self.times_ns.len() == MAX_ROWS {
            let problem = format!("longer than a year, or more than {MAX_ROWS} rows");
            return fault(field, problem, LIMITS);
        }
        Ok(since)
    }

    fn end(self, columns: &Columns) -> Result<Trace, FieldFault> {
        let loaded = self.rates.iter().any(|rate| rate.0 > 0);
        if self.times_ns.is_empty() && !loaded {
            return fault(0, String::from("the trace is empty"), KNOWN);
        }
        if columns.rate.is_some() {
            return Ok(Trace::Rates(self.rates));
        }
        Ok(Trace::Rows(Rows {
            times_ns: self.times_ns.into(),
            asked: self.asked,
        }))
    }
}

fn asked(columns: &Columns, row: &StringRecord) -> Result<Asked, FieldFault> {
    let mut asked = Asked::default();
    let given = |column: Option<usize>| column.filter(|field| !row[*field].is_empty());
    if let Some(field) = given(columns.workload) {
        let Some(entry) = table::find(&row[field]) else {
            return fault(field, format!("{:?} is no workload", &row[field]), TYPES);
        };
        asked.workload = Some(entry.name);
    }
    if let Some(field) = given(columns.key) {
        let Ok(key) = row[field].parse() else {
            return fault(field, format!("{:?} is no key", &row[field]), KEYS);
        };
        asked.key = Some(key);
    }
    Ok(asked)
}

fn columns(header: &StringRecord) -> Result<Columns, FieldFault> {
    let mut columns = Columns::default();
    for (field, name) in header.iter().enumerate() {
        let suffix = name.strip_prefix("time").and_then(|rest| match rest {
            "" => Some("s"),
            _ => rest.strip_prefix('_'),
        });
        let unit = suffix.and_then(|suffix| UNITS.iter().find(|unit| unit.0 == suffix));
        let place = match (name, unit) {
            (_, Some(unit)) => {
                columns.unit = unit.1;
                &mut columns.time
            }
            ("rate", None) => &mut columns.rate,
            ("type", None) => &mut columns.workload,
            ("key", None) => &mut columns.key,
            _ => return fault(field, format!("unknown column {name:?}"), KNOWN),
        };
        if place.replace(field).is_some() {
            return fault(field, format!("a second column {name:?}"), KNOWN);
        }
    }
    let alone = header.len() == 1;
    match (columns.time, columns.rate) {
        (Some(_), None) => Ok(columns),
        (None, Some(_)) if alone => Ok(columns),
        (_, Some(field)) => fault(field, String::from("a rate beside other columns"), KNOWN),
        (None, None) => fault(0, String::from("neither a time nor a rate"), KNOWN),
    }
}

/// A decimal number times 10 to the power of `digits`; finer digits are cut off.
fn decimal(text: &str, digits: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let only_digits = whole
        .bytes()
        .chain(part.bytes())
        .all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !only_digits {
        return None;
    }
    let part = part.bytes().chain(std::iter::repeat(b'0')).take(digits);
    whole.bytes().chain(part).try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// A time in nanoseconds, `unit` of them where it names no unit.
fn nanoseconds(text: &str, unit: u64) -> Option<u64> {
    let end = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, suffix) = (text[..end].trim_end(), &text[end..]);
    let unit = if suffix.is_empty() {
        unit
    } else {
        UNITS.iter().find(|unit| unit.0 == suffix)?.1
    };
    // A minute is no power of ten: sixty times a second.
    let (factor, power) = if unit == UNITS[4].1 {
        (60, UNITS[3].1)
    } else {
        (1, unit)
    };
    decimal(number, power.ilog10() as usize)?.checked_mul(factor)
}

/// What the reader itself finds wrong.
fn broken(error: &csv::Error) -> TraceFault {
    TraceFault {
        line: error.position().map_or(1, csv::Position::line),
        column: 1,
        problem: error.to_string(),
        hint: SHAPE,
    }
}

/// Where a field of a row stands in the text.
fn located(text: &str, row: &StringRecord, fault: FieldFault) -> TraceFault {
    // The reader notes where it begins to look for a row: before what it passes over.
    let (start, first) = row.position().map_or((0, 1), |position| {
        (position.byte() as usize, position.line())
    });
    let rest = text.get(start..).unwrap_or_default();
    let mut lines = (first..).zip(rest.lines());
    let row = lines.find(|(_, text)| !text.is_empty() && !text.starts_with('#'));
    let (line, text) = row.unwrap_or((first, ""));
    let before = text.split(',').take(fault.field);
    let column = before.map(|field| field.chars().count() + 1).sum::<usize>();
    TraceFault {
        line,
        column: column as u64 + 1,
        problem: fault.problem,
        hint: fault.hint,
    }
}
