//! Time: how a city's load changes over the hours of a day, the days of a week and of a month, and
//! what strikes on top of it.
//!
//! A [`Day`] is played as a list of [`Leg`]es, each with a rate that is constant or a ramp. It
//! may be *compressed*: an hour is over in a minute, while every rate stays what it is. What takes
//! seconds in truth (the first ten minutes of a rush, a batch of filings) is never compressed, because a
//! queue cares how long a burst lasts: that leg is played in its own time. Each leg says
//! how much true time it stands for, so that means over a day stay means over a day.
//!
//! This file knows nothing of accounts, records or scenarios.

use core::time::Duration;
use std::collections::BTreeSet;

use crate::arrivals::MilliTps;

/// Hours of a day.
pub const HOURS: usize = 24;
const HOUR_NS: u64 = 3_600_000_000_000;
const DAY_NS: u64 = HOURS as u64 * HOUR_NS;
/// The beginning of every spike, and every batch that is over sooner, is never compressed.
pub const BRIEF: Duration = Duration::from_secs(600);
/// A spike is drawn in steps of a fourth of its decay, up to six decays; what is left then, a
/// fourth of a per cent of it, is dropped.
const STEPS_PER_DECAY: u64 = 4;
const DECAYS: u64 = 6;

/// How a load spreads over the hours of a day and the days of a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The name that a scenario uses.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Weights of the hours, in any unit.
    pub hours: [u32; HOURS],
    /// Weights of the weekdays, Monday first, in any unit.
    pub week: [u32; 7],
}

const EVERY_DAY: [u32; 7] = [1; 7];
/// Estimate: a seventh on either day of the weekend.
const OFFICE_WEEK: [u32; 7] = [13, 13, 13, 13, 13, 2, 2];

/// Every pattern that there is.
pub static PATTERNS: &[Pattern] = &[
    Pattern {
        name: "flat",
        source: "the same at all times",
        hours: [1; HOURS],
        week: EVERY_DAY,
    },
    Pattern {
        name: "metro",
        source: "docs/sources.md: estimate; weekdays 5.90 M and weekends 4.42 M trips (Shenzhen metro, 2023)",
        hours: [
            2, 1, 1, 1, 2, 15, 75, 225, 310, 175, 95, 90, 95, 95, 95, 105, 130, 210, 275, 170, 110,
            85, 45, 17,
        ],
        week: [590, 590, 590, 590, 590, 442, 442],
    },
    Pattern {
        name: "metro-weekend",
        source: "docs/sources.md: estimate, even from 10 to 21 h",
        hours: [
            2, 1, 1, 1, 2, 10, 40, 80, 120, 160, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190,
            190, 120, 60, 20,
        ],
        week: EVERY_DAY,
    },
    Pattern {
        name: "retail",
        source: "docs/sources.md: estimate",
        hours: [
            25, 15, 10, 8, 8, 15, 45, 85, 105, 115, 125, 155, 175, 135, 115, 115, 120, 145, 185,
            175, 160, 135, 95, 50,
        ],
        week: [95, 95, 95, 97, 105, 113, 100],
    },
    Pattern {
        name: "office",
        source: "docs/sources.md: estimate",
        hours: [
            0, 0, 0, 0, 0, 0, 10, 50, 220, 330, 340, 270, 90, 130, 270, 300, 270, 160, 50, 30, 20,
            20, 10, 0,
        ],
        week: OFFICE_WEEK,
    },
    Pattern {
        name: "clinic",
        source: "docs/sources.md W11: the office's hours, from 08 to 11 h 1.3 times as many",
        hours: [
            0, 0, 0, 0, 0, 0, 10, 50, 286, 429, 442, 270, 90, 130, 270, 300, 270, 160, 50, 30, 20,
            20, 10, 0,
        ],
        week: OFFICE_WEEK,
    },
    Pattern {
        name: "esign",
        source: "docs/sources.md: 0.6 office + 0.25 retail + 0.15 night; 23 % on weekends (Zhejiang 2018)",
        hours: ESIGN,
        week: [154, 154, 154, 154, 154, 115, 115],
    },
    Pattern {
        name: "night",
        source: "docs/sources.md: estimate, batches from 01 to 05 h",
        hours: [
            0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ],
        week: EVERY_DAY,
    },
    Pattern {
        name: "two-shores",
        source: "docs/sources.md W12: around the clock, two peaks eight hours apart (estimate)",
        hours: [
            95, 85, 70, 55, 45, 40, 45, 60, 90, 130, 150, 140, 105, 95, 100, 105, 110, 140, 155,
            145, 125, 110, 105, 100,
        ],
        week: OFFICE_WEEK,
    },
];

/// Ten thousandths of a day: 6,000 by the office (whose weights come to 2,570), 2,500 by retail
/// (2,316) and 1,500 from midnight to five (signatures of logistics).
const ESIGN: [u32; HOURS] = [
    327, 316, 311, 309, 309, 16, 72, 208, 627, 895, 929, 798, 399, 449, 754, 825, 760, 530, 316,
    259, 219, 192, 126, 54,
];

impl Pattern {
    /// The pattern of that name.
    pub fn find(name: &str) -> Option<&'static Pattern> {
        PATTERNS.iter().find(|pattern| pattern.name == name)
    }

    /// The rate in an hour over the mean rate of a mean day; on `weekday` (0 is Monday), or on a
    /// day that stands for all of them.
    pub fn weight(&self, weekday: Option<usize>, hour: usize) -> f64 {
        let of = |weights: &[u32], place: usize| {
            let sum: u32 = weights.iter().sum();
            f64::from(weights[place]) * weights.len() as f64 / f64::from(sum.max(1))
        };
        of(&self.hours, hour) * weekday.map_or(1.0, |day| of(&self.week, day))
    }
}

/// How a load spreads over the days of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// The name that a scenario uses.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The workloads that it strikes.
    pub of: &'static [&'static str],
    /// Weights of the days, in any unit.
    days: [u32; 31],
}

const fn month_end() -> [u32; 31] {
    let mut days = [75; 31];
    (days[0], days[1], days[2]) = (160, 160, 160);
    let last = [150, 170, 200, 250, 300, 350, 300];
    let mut at = 0;
    while at < last.len() {
        days[24 + at] = last[at];
        at += 1;
    }
    days
}

const fn quarter_end() -> [u32; 31] {
    let mut days = [80; 31];
    let mut at = 28;
    while at < 31 {
        days[at] = 300;
        at += 1;
    }
    days
}

/// Every month that there is.
pub static MONTHS: &[Month] = &[
    Month {
        name: "month-end",
        source: "docs/sources.md: estimate, reimbursements from the 25th to the 3rd",
        of: &["invoices"],
        days: month_end(),
    },
    Month {
        name: "quarter-end",
        source: "docs/sources.md W5: three times as many (estimate: on the last three days)",
        of: &["receivables", "drafts"],
        days: quarter_end(),
    },
];

impl Month {
    /// The month of that name.
    pub fn find(name: &str) -> Option<&'static Month> {
        MONTHS.iter().find(|month| month.name == name)
    }

    /// The rate on a date (1 to 31) over the mean of the month.
    pub fn weight(&self, date: usize) -> f64 {
        let sum: u32 = self.days.iter().sum();
        f64::from(self.days[date - 1]) * self.days.len() as f64 / f64::from(sum)
    }
}

/// What strikes on top of the hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A rush that fades.
    Spike {
        /// When it begins.
        at: Duration,
        /// What it adds at first, in multiples of the mean rate of the day.
        times: f64,
        /// After each of these, an e-th is left of it.
        decay: Duration,
    },
    /// So many at an even rate.
    Batch {
        /// When it begins.
        at: Duration,
        /// How many.
        txs: u64,
        /// How long it takes.
        within: Duration,
    },
}

/// A named event, and whom it strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occasion {
    /// The name that a scenario uses.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The workload that it strikes; all of them where there is none.
    pub of: Option<&'static str>,
    /// What happens.
    pub events: &'static [Event],
}

const fn clock(hour: u64) -> Duration {
    Duration::from_secs(hour * 3_600)
}

/// Every occasion that there is.
pub static OCCASIONS: &[Occasion] = &[
    Occasion {
        name: "singles-day",
        source: "docs/sources.md: 11.11 from midnight, 1 + 6 exp(-t / 120 s) + 3 exp(-t / 3600 s)",
        of: None,
        events: &[
            Event::Spike {
                at: clock(0),
                times: 6.0,
                decay: Duration::from_secs(120),
            },
            Event::Spike {
                at: clock(0),
                times: 3.0,
                decay: clock(1),
            },
        ],
    },
    Occasion {
        name: "new-year",
        source: "docs/sources.md: NetsUnion at New Year's Eve 2019, 44k/s against 17.8k/s (the decay is an estimate)",
        of: None,
        events: &[Event::Spike {
            at: clock(0),
            times: 2.2,
            decay: Duration::from_secs(600),
        }],
    },
    Occasion {
        name: "court-filing",
        source: "docs/sources.md: 200 to 5,000 filings at 09:00 and 14:00 (2,000 within 10 s: estimate)",
        of: Some("evidence"),
        events: &[
            Event::Batch {
                at: clock(9),
                txs: 2_000,
                within: Duration::from_secs(10),
            },
            Event::Batch {
                at: clock(14),
                txs: 2_000,
                within: Duration::from_secs(10),
            },
        ],
    },
    Occasion {
        name: "nightly-ingest",
        source: "docs/sources.md: 10k to 1 M records from 01 to 05 h (200,000: estimate)",
        of: Some("credit"),
        events: &[Event::Batch {
            at: clock(1),
            txs: 200_000,
            within: clock(4),
        }],
    },
];

impl Occasion {
    /// The occasion of that name.
    pub fn find(name: &str) -> Option<&'static Occasion> {
        OCCASIONS.iter().find(|occasion| occasion.name == name)
    }
}

/// An event, and which part of the day's load it strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strike {
    /// What happens.
    pub event: Event,
    /// The part; all of them in proportion where there is none.
    pub part: Option<usize>,
}

/// One workload's share of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Its mean rate over a mean day.
    pub mean: MilliTps,
    /// How it spreads.
    pub pattern: Pattern,
    /// What the date makes of it: 1 is an ordinary day.
    pub date: f64,
}

/// A day of the city.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// What is submitted.
    pub parts: Vec<Part>,
    /// The weekday, 0 is Monday; a day that stands for all of them where there is none.
    pub weekday: Option<usize>,
    /// What strikes.
    pub strikes: Vec<Strike>,
    /// So many seconds pass in one; 1 is true time.
    pub compress: u32,
}

/// A part of a day that is played in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// How long it is played.
    pub span: Duration,
    /// How long it takes in truth.
    pub stands_for: Duration,
    /// The rate at its start.
    pub from: MilliTps,
    /// The rate at its end.
    pub to: MilliTps,
    /// The rate of each part in its middle.
    pub parts: Vec<MilliTps>,
}

impl Day {
    /// What is played, from midnight to midnight.
    pub fn legs(&self) -> Vec<Leg> {
        let cuts: Vec<u64> = self.cuts().into_iter().collect();
        let pairs = cuts.windows(2).map(|pair| (pair[0], pair[1]));
        pairs.map(|(from, to)| self.leg(from, to)).collect()
    }

    /// The instants at which the rate bends or leaps.
    fn cuts(&self) -> BTreeSet<u64> {
        let mut cuts: BTreeSet<u64> = (0..=HOURS as u64).map(|hour| hour * HOUR_NS).collect();
        for strike in &self.strikes {
            match strike.event {
                Event::Spike { at, decay, .. } => {
                    let steps = 0..=DECAYS * STEPS_PER_DECAY;
                    let step = nanos(decay) / STEPS_PER_DECAY;
                    cuts.extend(steps.map(|count| nanos(at) + count * step));
                    cuts.insert(nanos(at) + nanos(BRIEF));
                }
                Event::Batch { at, within, .. } => {
                    cuts.extend([nanos(at), nanos(at) + nanos(within)]);
                }
            }
        }
        // Midnight ends the day, whatever goes on.
        cuts.into_iter().filter(|&cut| cut <= DAY_NS).collect()
    }

    fn leg(&self, from: u64, to: u64) -> Leg {
        let hour = (from / HOUR_NS) as usize;
        let total = |at: u64| rate(self.rates(hour, (from, to), at).into_iter().sum());
        let middle = self.rates(hour, (from, to), from + (to - from) / 2);
        let compress = if self.is_brief(from, to) {
            1
        } else {
            u64::from(self.compress)
        };
        Leg {
            span: Duration::from_nanos(((to - from) / compress).max(1)),
            stands_for: Duration::from_nanos(to - from),
            from: total(from),
            to: total(to),
            parts: middle.into_iter().map(rate).collect(),
        }
    }

    /// Whether a leg lies in something that is never compressed.
    fn is_brief(&self, from: u64, to: u64) -> bool {
        self.strikes.iter().any(|strike| {
            let (at, span) = match strike.event {
                Event::Spike { at, decay, .. } => (at, nanos(BRIEF).min(nanos(decay) * DECAYS)),
                Event::Batch { at, within, .. } if within <= BRIEF => (at, nanos(within)),
                Event::Batch { .. } => return false,
            };
            nanos(at) <= from && to <= nanos(at) + span
        })
    }

    /// The rate of each part at an instant of a leg, in thousandths.
    fn rates(&self, hour: usize, (from, to): (u64, u64), at: u64) -> Vec<f64> {
        let mean = |part: &Part| part.mean.0 as f64 * part.date;
        let base = |part: &Part| mean(part) * part.pattern.weight(self.weekday, hour);
        let mut rates: Vec<f64> = self.parts.iter().map(base).collect();
        let whole: f64 = self.parts.iter().map(mean).sum();
        for strike in &self.strikes {
            match strike.event {
                Event::Spike {
                    at: began,
                    times,
                    decay,
                } => {
                    let end = nanos(began) + nanos(decay) * DECAYS;
                    if nanos(began) > from || to > end {
                        continue;
                    }
                    let age = (at - nanos(began)) as f64 / nanos(decay) as f64;
                    let factor = times * libm::exp(-age);
                    for (place, part) in self.parts.iter().enumerate() {
                        if strike.part.is_none_or(|of| of == place) {
                            rates[place] += mean(part) * factor;
                        }
                    }
                }
                Event::Batch {
                    at: began,
                    txs,
                    within,
                } => {
                    if nanos(began) > from || to > nanos(began) + nanos(within) {
                        continue;
                    }
                    let added = txs as f64 * 1e12 / nanos(within) as f64;
                    for (place, part) in self.parts.iter().enumerate() {
                        rates[place] += match strike.part {
                            Some(of) if of == place => added,
                            Some(_) => 0.0,
                            None if whole > 0.0 => added * mean(part) / whole,
                            None => 0.0,
                        };
                    }
                }
            }
        }
        rates
    }
}

fn rate(thousandths: f64) -> MilliTps {
    MilliTps(libm::round(thousandths.max(0.0)) as u64)
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
