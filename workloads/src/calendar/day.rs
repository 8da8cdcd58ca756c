//! A day as it is played: hours, and events on top of them, cut into legs.
//!
//! A rate is the product of all that the catalogue's model names: the mean, the weekday, the hour, the
//! date, and what a rush makes of it. So a rush at midnight multiplies what there is at midnight, and
//! offices that are dark stay dark.

use core::time::Duration;
use std::collections::BTreeSet;

use super::{DAY_NS, Event, HOUR_NS, HOURS, Pattern, nanos};
use crate::arrivals::MilliTps;

/// An event, and which parts of the day's load it strikes.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike {
    /// What happens.
    pub event: Event,
    /// The parts, in proportion; all of them where none is named.
    pub parts: Vec<usize>,
}

impl Strike {
    fn hits(&self, place: usize) -> bool {
        self.parts.is_empty() || self.parts.contains(&place)
    }

    /// Whether it goes on all the time from one instant to another.
    fn covers(&self, (from, to): (u64, u64)) -> bool {
        let (begin, end) = self.event.span();
        begin <= from && to <= end
    }
}

/// The share of a day of one workload, or of one step that stands apart from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Its mean rate over a mean day.
    pub mean: MilliTps,
    /// How it spreads.
    pub pattern: Pattern,
    /// What the date makes of it: 1 is an ordinary day.
    pub date: f64,
}

impl Part {
    /// Its mean rate over this day, in thousandths.
    fn of_day(&self, weekday: Option<usize>) -> f64 {
        self.mean.0 as f64 * self.date * self.pattern.day(weekday)
    }
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
        cuts.extend(self.strikes.iter().flat_map(|strike| strike.event.cuts()));
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
        let brief = |strike: &Strike| strike.event.span().0 <= from && to <= strike.event.brief();
        self.strikes.iter().any(brief)
    }

    /// The rate of each part at an instant of a leg, in thousandths.
    fn rates(&self, hour: usize, leg: (u64, u64), at: u64) -> Vec<f64> {
        let base = |(place, part): (usize, &Part)| {
            let hourly = part.of_day(self.weekday) * part.pattern.weight(None, hour);
            hourly * self.rest(place) * self.rush(place, leg, at)
        };
        let mut rates: Vec<f64> = self.parts.iter().enumerate().map(base).collect();
        for strike in self.strikes.iter().filter(|strike| strike.covers(leg)) {
            self.add(strike, &mut rates);
        }
        rates
    }

    /// What bulks leave of a part for the rest of the day.
    fn rest(&self, place: usize) -> f64 {
        let strikes = self.strikes.iter().filter(|strike| strike.hits(place));
        let taken: f64 = strikes
            .map(|strike| match strike.event {
                Event::Bulk { share, .. } => share,
                Event::Spike { .. } | Event::Batch { .. } => 0.0,
            })
            .sum();
        (1.0 - taken).max(0.0)
    }

    /// What rushes multiply a part by.
    fn rush(&self, place: usize, leg: (u64, u64), at: u64) -> f64 {
        let strikes = self.strikes.iter();
        let there = strikes.filter(|strike| strike.hits(place) && strike.covers(leg));
        let added = there.map(|strike| match strike.event {
            Event::Spike {
                at: began,
                rise,
                times,
                decay,
            } => times * Event::height(at - nanos(began), rise, decay),
            Event::Bulk { .. } | Event::Batch { .. } => 0.0,
        });
        1.0 + added.sum::<f64>()
    }

    /// Adds what comes in bulks and batches.
    fn add(&self, strike: &Strike, rates: &mut [f64]) {
        let struck = || {
            let parts = self.parts.iter().enumerate();
            parts.filter(|(place, _)| strike.hits(*place))
        };
        match strike.event {
            Event::Spike { .. } => {}
            Event::Bulk { share, within, .. } => {
                let longer = DAY_NS as f64 / nanos(within) as f64;
                for (place, part) in struck() {
                    rates[place] += part.of_day(self.weekday) * share * longer;
                }
            }
            Event::Batch { txs, within, .. } => {
                let added = txs as f64 * 1e12 / nanos(within) as f64;
                let mean = |part: &Part| part.mean.0 as f64 * part.date;
                let whole: f64 = struck().map(|(_, part)| mean(part)).sum();
                let many = struck().count().max(1) as f64;
                for (place, part) in struck() {
                    rates[place] += match whole > 0.0 {
                        true => added * mean(part) / whole,
                        false => added / many,
                    };
                }
            }
        }
    }
}

fn rate(thousandths: f64) -> MilliTps {
    MilliTps(libm::round(thousandths.max(0.0)) as u64)
}
