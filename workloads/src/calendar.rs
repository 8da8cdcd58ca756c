//! Time: how a city's load changes over the hours of a day, the days of a week and of a month, and
//! what strikes on top of it.
//!
//! A [`Day`] is played as a list of [`Leg`]es, each with a rate that is constant or a ramp. It
//! may be *compressed*: an hour is over in a minute, while every rate stays what it is. What takes
//! seconds in truth (the first ten minutes of a rush, a batch of filings) is never compressed, because a
//! queue cares how long a burst lasts: that leg is played in its own time. Each leg says
//! how much true time it stands for, so that means over a day stay means over a day.
//!
//! The tables are here, a day is played in `calendar/day.rs`. Neither knows anything of accounts,
//! records or scenarios.

mod day;

use core::time::Duration;

pub use self::day::{Day, Leg, Part, Strike};

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
        over_mean(&self.hours, hour) * self.day(weekday)
    }

    /// What a day has over a mean day.
    pub fn day(&self, weekday: Option<usize>) -> f64 {
        weekday.map_or(1.0, |day| over_mean(&self.week, day))
    }
}

fn over_mean(weights: &[u32], place: usize) -> f64 {
    let sum: u32 = weights.iter().sum();
    f64::from(weights[place]) * weights.len() as f64 / f64::from(sum.max(1))
}

/// How a load spreads over the days of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// The name that a scenario uses.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The workloads, or steps of workloads, that it strikes.
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
        of: &["invoices.submit_reimburse", "invoices.approve_reimburse"],
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
    /// A rush that rises and fades. It multiplies whatever rate the hour has.
    Spike {
        /// When it begins.
        at: Duration,
        /// How long it rises, evenly; zero: it is there at once.
        rise: Duration,
        /// What it adds at its height, in multiples of the rate of that hour.
        times: f64,
        /// After each of these, an e-th is left of it.
        decay: Duration,
    },
    /// A share of the day's own, at an even rate, which the rest of the day then lacks.
    Bulk {
        /// When it begins.
        at: Duration,
        /// Of all that the day has.
        share: f64,
        /// How long it takes.
        within: Duration,
    },
    /// So many at an even rate, on top of all else.
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
    /// The workload, or the step of a workload, that it strikes; all of them where there is none.
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
        source: "docs/sources.md: NetsUnion's 11.11 of 2018, 6.8 times the mean of the day (by retail hours), and of 2019, at 00:03:44; fades in 120 s and an hour (estimate)",
        of: None,
        events: &[
            Event::Spike {
                at: clock(0),
                rise: Duration::from_secs(224),
                times: 18.6,
                decay: Duration::from_secs(120),
            },
            Event::Spike {
                at: clock(0),
                rise: Duration::from_secs(224),
                times: 9.3,
                decay: clock(1),
            },
        ],
    },
    Occasion {
        name: "new-year",
        source: "docs/sources.md: NetsUnion at New Year's Eve 2019, 44k/s against 17.8k/s (by retail hours; the decay is an estimate)",
        of: None,
        events: &[Event::Spike {
            at: clock(0),
            rise: Duration::ZERO,
            times: 8.7,
            decay: Duration::from_secs(600),
        }],
    },
    Occasion {
        name: "court-filing",
        source: "docs/sources.md: 200 to 5,000 filings at 09:00 and 14:00 (a twentieth of the day's within 10 s each: estimate)",
        of: Some("evidence.submit_to_court"),
        events: &[
            Event::Bulk {
                at: clock(9),
                share: 0.05,
                within: Duration::from_secs(10),
            },
            Event::Bulk {
                at: clock(14),
                share: 0.05,
                within: Duration::from_secs(10),
            },
        ],
    },
    Occasion {
        name: "nightly-ingest",
        source: "docs/sources.md: 10k to 1 M records from 01 to 05 h (all of the day's: estimate)",
        of: Some("credit.submit_record"),
        events: &[Event::Bulk {
            at: clock(1),
            share: 1.0,
            within: clock(4),
        }],
    },
];

impl Event {
    /// When it begins and ends, in nanoseconds since midnight.
    fn span(&self) -> (u64, u64) {
        let (at, span) = match *self {
            Self::Spike {
                at, rise, decay, ..
            } => (at, nanos(rise) + DECAYS * nanos(decay)),
            Self::Bulk { at, within, .. } | Self::Batch { at, within, .. } => (at, nanos(within)),
        };
        (nanos(at), nanos(at).saturating_add(span))
    }

    /// Until when it is played in its own time: the first ten minutes of a rush, and what is over
    /// sooner than that.
    fn brief(&self) -> u64 {
        let (at, end) = self.span();
        let brief = at + nanos(BRIEF);
        match self {
            Self::Spike { .. } => end.min(brief),
            Self::Bulk { .. } | Self::Batch { .. } if end <= brief => end,
            Self::Bulk { .. } | Self::Batch { .. } => at,
        }
    }

    /// The instants at which it bends the rate.
    fn cuts(&self) -> Vec<u64> {
        let (at, end) = self.span();
        let mut cuts = vec![at, end];
        if let Self::Spike { rise, decay, .. } = *self {
            let step = nanos(decay) / STEPS_PER_DECAY;
            let steps = 0..DECAYS * STEPS_PER_DECAY;
            cuts.extend(steps.map(|count| at + nanos(rise) + count * step));
            cuts.push(self.brief());
        }
        cuts
    }

    /// How much of a rush is there at an instant of a time that it covers, of 1 at its height.
    fn height(at: u64, rise: Duration, decay: Duration) -> f64 {
        if at < nanos(rise) {
            return at as f64 / nanos(rise) as f64;
        }
        libm::exp(-((at - nanos(rise)) as f64) / nanos(decay) as f64)
    }
}

impl Occasion {
    /// The occasion of that name.
    pub fn find(name: &str) -> Option<&'static Occasion> {
        OCCASIONS.iter().find(|occasion| occasion.name == name)
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
