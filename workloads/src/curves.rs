//! Published rate curves, as data: how many transactions came in each second.
//!
//! Each names where it comes from; what was not published says "estimate" or "from memory". A curve
//! becomes a stretch of a load by [`Curve::stretch`], at its own scale or at another. Its arrivals are
//! exact over the whole: no second's fraction is lost.

use core::time::Duration;

use crate::arrivals::{Law, LoadFault, MilliTps, Phase};
use crate::stretch::Stretch;

/// How the rate goes from one point to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// It stays until the next.
    Steps,
    /// It changes linearly.
    Lines,
}

/// A published curve.
#[derive(Clone, Copy, Debug)]
pub struct Curve {
    /// The name that a scenario uses.
    pub name: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// How the rate goes between points.
    pub between: Between,
    /// From which second, which transactions per second; the first second is 0.
    pub points: &'static [(u32, u32)],
    /// How many seconds it lasts; after the last point the rate stays.
    pub seconds: u32,
}

/// Every curve that there is.
pub const CURVES: &[Curve] = &[
    Curve {
        name: "dota",
        source: "Diablo (diablobench dapp-howto): 3 clients of 4,432 and then 4,438 TPS",
        between: Between::Steps,
        points: &[(0, 13_296), (50, 13_314)],
        seconds: 120,
    },
    Curve {
        name: "fifa",
        source: "Diablo, from memory: 1,416 to 5,305 TPS, 3,483 on average, 176 s; its shape is an \
                 estimate",
        between: Between::Lines,
        points: &[(0, 1_416), (88, 5_305), (176, 1_906)],
        seconds: 176,
    },
    Curve {
        name: "gafam",
        source: "Diablo, from memory: opens at 19,800 TPS, 168 on average, 180 s; after the first \
                 second an estimate",
        between: Between::Steps,
        points: &[(0, 19_800), (1, 58)],
        seconds: 180,
    },
    Curve {
        name: "nasdaq-open",
        source: "trades of ten stocks from 09:30:00 on 2021-01-11 (NatoliChris/diablo-benchmark \
                 results_second.json): 30 s, then the mean of the half hour",
        between: Between::Steps,
        points: &NASDAQ_OPEN,
        seconds: 180,
    },
    Curve {
        name: "tenx-ico",
        source: "Diablo v1 (NatoliChris/diablo-benchmark tenx-workload.yaml): TenX, 2017-06-24",
        between: Between::Lines,
        points: &[
            (0, 500),
            (58, 500),
            (60, 2_500),
            (240, 2_500),
            (360, 3_000),
            (365, 3_500),
            (480, 3_500),
            (485, 1_000),
            (500, 500),
        ],
        seconds: 620,
    },
    Curve {
        name: "twitter",
        source: "Diablo v1 (NatoliChris/diablo-benchmark DBW-TWITTER): \"Castle in the Sky\", \
                 2013-08-03, 143,199 in one second",
        between: Between::Steps,
        points: &[(0, 5_700), (50, 143_199), (51, 5_700)],
        seconds: 90,
    },
    Curve {
        name: "uber",
        source: "Diablo, from memory: 810 to 900 TPS, 120 s; its shape is an estimate",
        between: Between::Lines,
        points: &[(0, 810), (120, 900)],
        seconds: 120,
    },
    Curve {
        name: "youtube",
        source: "Diablo, from memory: 38,761 TPS; how long is an estimate",
        between: Between::Steps,
        points: &[(0, 38_761)],
        seconds: 120,
    },
];

/// Trades in the first half minute, and what is left of a mean of 74 over 1,800 s.
const NASDAQ_OPEN: [(u32, u32); 31] = [
    (0, 34_762),
    (1, 2_957),
    (2, 8_508),
    (3, 178),
    (4, 179),
    (5, 201),
    (6, 143),
    (7, 96),
    (8, 79),
    (9, 81),
    (10, 125),
    (11, 83),
    (12, 121),
    (13, 61),
    (14, 92),
    (15, 101),
    (16, 114),
    (17, 92),
    (18, 91),
    (19, 110),
    (20, 114),
    (21, 98),
    (22, 140),
    (23, 146),
    (24, 159),
    (25, 179),
    (26, 99),
    (27, 47),
    (28, 82),
    (29, 79),
    (30, 47),
];

/// The curve of that name.
pub fn find(name: &str) -> Option<&'static Curve> {
    CURVES.iter().find(|curve| curve.name == name)
}

impl Curve {
    /// Its parts: from which second to which, and the rates at both ends.
    fn parts(&self) -> impl Iterator<Item = (u32, u32, u32, u32)> + '_ {
        let end = (self.seconds, self.points.last().map_or(0, |point| point.1));
        let next = self.points.iter().skip(1).copied().chain([end]);
        let parts = self.points.iter().zip(next);
        parts
            .filter(|(point, next)| point.0 < next.0)
            .map(|(&(from, rate), (to, next))| match self.between {
                Between::Steps => (from, to, rate, rate),
                Between::Lines => (from, to, rate, next),
            })
    }

    /// The mean rate within a second, counted from 0; zero when the curve is over.
    pub fn rate_in(&self, second: u32) -> MilliTps {
        let part = self.parts().find(|part| (part.0..part.1).contains(&second));
        let Some((from, to, low, high)) = part else {
            return MilliTps::ZERO;
        };
        // In the middle of the second, in thousandths, rounded down.
        let (into, span) = (i64::from(2 * (second - from) + 1), 2 * i64::from(to - from));
        let rise = (i64::from(high) - i64::from(low)) * 1_000;
        MilliTps((i64::from(low) * 1_000 + (rise * into).div_euclid(span)) as u64)
    }

    /// How many transactions it has, rounded up.
    pub fn total(&self) -> u64 {
        let halves = |(from, to, low, high): (u32, u32, u32, u32)| {
            u64::from(to - from) * (u64::from(low) + u64::from(high))
        };
        self.parts().map(halves).sum::<u64>().div_ceil(2)
    }

    /// The mean rate over its time, rounded down.
    pub fn mean(&self) -> MilliTps {
        MilliTps(self.total() * 1_000 / u64::from(self.seconds))
    }

    /// The highest rate.
    pub fn peak(&self) -> MilliTps {
        let rates = self.points.iter().map(|point| u64::from(point.1) * 1_000);
        MilliTps(rates.max().unwrap_or(0))
    }

    /// The curve as a stretch of a load, its rates times `scale`.
    ///
    /// # Errors
    /// [`LoadFault::Rate`] when a scaled rate is out of range.
    pub fn stretch(&self, scale: f64, law: Law, measured: bool) -> Result<Stretch, LoadFault> {
        let scaled = |rate: u32| MilliTps::from_tps(f64::from(rate) * scale);
        let phase = |(from, to, low, high)| {
            Ok(Phase {
                span: Duration::from_secs(u64::from(to - from)),
                law,
                from: scaled(low)?,
                to: scaled(high)?,
                measured,
            })
        };
        self.parts()
            .map(phase)
            .collect::<Result<_, _>>()
            .map(Stretch::Curve)
    }
}
