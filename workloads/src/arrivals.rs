//! When people submit: the intended times of an open-loop load.
//!
//! A load is a list of stretches. Most are phases: a rate, constant or a linear ramp, and a law by which
//! arrivals fall under it; others are curves of many phases, or times that are given. Times follow the *cumulative* count: with `L(t)` the integral of the
//! rate since the run began, the k-th arrival (from zero) is due at the moment when `L` reaches k,
//! so that no load is lost to rounding and a fraction left over by one phase is carried into the
//! next. Under the Poisson law the gaps in `L` are unit exponentials instead of ones, which is the
//! time-change construction of an inhomogeneous Poisson process (Cinlar 1975, "Introduction to
//! Stochastic Processes", chapter 4).
//!
//! All arithmetic that decides a time is in integers. This file knows nothing of what is submitted,
//! nor of replies: the times never depend on either.

use core::fmt;
use core::time::Duration;

use rand::Rng;

use crate::stretch::{Piece, PieceLoad, Stretch, pieces};

/// Units of cumulative load per arrival: halves of (one thousandth of a TPS) x (one nanosecond).
const UNITS_PER_ARRIVAL: u128 = 2_000_000_000_000;

/// The highest rate of a phase: one billion transactions per second.
pub const MAX_RATE: MilliTps = MilliTps(1_000_000_000_000);
/// The longest phase.
pub const MAX_SPAN: Duration = Duration::from_secs(366 * 86_400);
/// The largest number of phases in one load, those of curves included.
pub const MAX_PHASES: usize = 100_000;
/// The largest burst.
pub const MAX_BURST: u32 = 10_000_000;

/// A rate in thousandths of a transaction per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MilliTps(pub u64);

impl MilliTps {
    /// No load at all.
    pub const ZERO: Self = Self(0);

    /// Rounds `tps` to the nearest thousandth.
    ///
    /// # Errors
    /// [`LoadFault::Rate`] when `tps` is negative, not finite, or above [`MAX_RATE`].
    pub fn from_tps(tps: f64) -> Result<Self, LoadFault> {
        // Written so that NaN fails it too.
        let in_range = tps >= 0.0 && tps <= MAX_RATE.0 as f64 / 1_000.0;
        if !in_range {
            return Err(LoadFault::Rate);
        }
        Ok(Self(libm::round(tps * 1_000.0) as u64))
    }

    /// Transactions per second.
    pub fn as_tps(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

/// How arrivals fall under the rate of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Evenly spaced in cumulative load.
    Even,
    /// An (inhomogeneous) Poisson process.
    Poisson,
    /// Evenly spaced, and on top of that `size` arrivals at one instant at the start of the phase
    /// and after each `every`. With a rate of zero there are only the bursts.
    Burst {
        /// Arrivals per burst.
        size: u32,
        /// Time from one burst to the next.
        every: Duration,
    },
}

/// One stretch of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// How long it lasts.
    pub span: Duration,
    /// How arrivals fall.
    pub law: Law,
    /// The rate at its start.
    pub from: MilliTps,
    /// The rate at its end; in between it changes linearly.
    pub to: MilliTps,
    /// Whether its arrivals count in the summary figures.
    pub measured: bool,
}

impl Phase {
    /// A measured phase of constant rate.
    pub fn constant(span: Duration, rate: MilliTps, law: Law) -> Self {
        Self {
            span,
            law,
            from: rate,
            to: rate,
            measured: true,
        }
    }

    /// Whether there is any load in it, if it makes sense.
    pub(crate) fn check(&self) -> Result<bool, LoadFault> {
        if self.span.is_zero() || self.span > MAX_SPAN {
            return Err(LoadFault::Span);
        }
        if self.from > MAX_RATE || self.to > MAX_RATE {
            return Err(LoadFault::Rate);
        }
        if let Law::Burst { size, every } = self.law {
            if size == 0 || size > MAX_BURST || every.is_zero() {
                return Err(LoadFault::Burst);
            }
            return Ok(true);
        }
        Ok(self.units() > 0)
    }

    fn span_ns(&self) -> u64 {
        // `Arrivals::new` refused anything above MAX_SPAN.
        self.span.as_nanos() as u64
    }

    /// The load of the entire phase, in units. Exact: the mean rate is half a sum, and units are
    /// halves.
    fn units(&self) -> u128 {
        (u128::from(self.from.0) + u128::from(self.to.0)) * u128::from(self.span_ns())
    }

    /// The load from the start of the phase up to `t` ns, in units, rounded down.
    fn units_until(&self, t: u64) -> u128 {
        let span = u128::from(self.span_ns());
        let t = u128::from(t);
        let (low, rise) = (self.from.0.min(self.to.0), self.from.0.abs_diff(self.to.0));
        // 2 * low * t is the part under the lower rate. A rising ramp adds rise * t^2 / span. A
        // falling one adds 2 * rise * t - rise * t^2 / span, whose second part is rounded up so
        // that the entire sum is rounded down.
        let base = 2 * u128::from(low) * t;
        let scaled = u128::from(rise) * t;
        let (whole, rest) = (scaled / span, scaled % span);
        if self.to >= self.from {
            base + whole * t + rest * t / span
        } else {
            base + 2 * scaled - whole * t - (rest * t).div_ceil(span)
        }
    }

    /// Twice the rate at `t`, in thousandths: the slope of [`Self::units_until`].
    fn slope(&self, t: u64) -> u128 {
        let moved = 2 * u128::from(self.from.0.abs_diff(self.to.0)) * u128::from(t)
            / u128::from(self.span_ns());
        if self.to >= self.from {
            2 * u128::from(self.from.0) + moved
        } else {
            2 * u128::from(self.from.0) - moved
        }
    }

    /// The first nanosecond of the phase, not before `from`, by which `units` of load have come.
    /// `units` is at most [`Self::units`].
    fn time_of(&self, units: u128, from: u64) -> u64 {
        if self.from == self.to {
            return units.div_ceil(2 * u128::from(self.from.0)) as u64;
        }
        if self.units_until(from) >= units {
            return from;
        }
        // Newton's method inside a bracket: `low` is too early, `high` is late enough. The load is
        // monotone, so the bracket alone would end in 55 halvings; Newton ends in three or four
        // steps.
        let (mut low, mut high) = (from, self.span_ns());
        let mut at = from;
        let mut have = self.units_until(from);
        for step in 0.. {
            let slope = self.slope(at);
            let guess = if slope == 0 || step >= 12 {
                low + (high - low) / 2
            } else if have < units {
                let ahead = (units - have).div_ceil(slope);
                u128::from(at).saturating_add(ahead).min(u128::from(high)) as u64
            } else {
                at.saturating_sub(((have - units) / slope) as u64)
            };
            // A guess that stays where it is must still shrink the bracket.
            at = guess.clamp(low + 1, high.max(low + 2) - 1).min(high);
            have = self.units_until(at);
            if have >= units {
                high = at;
            } else {
                low = at;
            }
            if high - low <= 1 {
                break;
            }
        }
        high
    }
}

/// What is wrong with a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadFault {
    /// There are no phases, or more than [`MAX_PHASES`].
    Phases,
    /// A span is zero or above [`MAX_SPAN`].
    Span,
    /// A rate is negative, not a number, or above [`MAX_RATE`].
    Rate,
    /// A burst is empty or above [`MAX_BURST`], or recurs after no time.
    Burst,
    /// The times of a replay are out of order, or not within its span.
    Times,
    /// No phase has any load.
    Empty,
    /// All spans together are longer than the clock can hold.
    TooLong,
}

impl fmt::Display for LoadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phases => write!(f, "a load needs between 1 and {MAX_PHASES} phases"),
            Self::Span => f.write_str("a phase must last more than 0 s and at most 366 days"),
            Self::Rate => {
                f.write_str("a rate must be between 0 and 1,000,000,000 transactions per second")
            }
            Self::Burst => write!(
                f,
                "a burst needs between 1 and {MAX_BURST} arrivals and a time between bursts"
            ),
            Self::Times => f.write_str("the times of a replay must be in order and before its end"),
            Self::Empty => f.write_str("the load is empty: every phase has a rate of zero"),
            Self::TooLong => f.write_str("all phases together last longer than 500 years"),
        }
    }
}

impl std::error::Error for LoadFault {}

/// One intended arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The intended time since the run began.
    pub at: Duration,
    /// The index of its phase, or of its stretch where there are others.
    pub phase: usize,
    /// Whether that phase is measured.
    pub measured: bool,
    /// Its place among the times of a replay.
    pub row: Option<usize>,
}

/// The intended arrivals of a load, in order of time.
#[derive(Clone, Debug)]
pub struct Arrivals<R> {
    pieces: Vec<Piece>,
    rng: R,
    index: usize,
    /// When the current piece began, in ns.
    began_ns: u64,
    /// The load still to come, from the start of the current piece to the next arrival; a replay
    /// leaves it alone.
    due: u128,
    /// The last arrival of this piece, in ns since it began: where the search for the next one
    /// starts.
    last_ns: u64,
    /// Bursts of the current piece: when the next is due, and what is left of one that has begun.
    next_burst_ns: u64,
    burst_left: u32,
    /// The next time of the current replay.
    row: usize,
}

impl<R: Rng> Arrivals<R> {
    /// Checks the phases, or stretches, and sets out.
    ///
    /// # Errors
    /// The first [`LoadFault`] found.
    pub fn new<S: Into<Stretch>>(stretches: Vec<S>, mut rng: R) -> Result<Self, LoadFault> {
        let pieces = pieces(stretches)?;
        let first = pieces.iter().find_map(|piece| match &piece.load {
            PieceLoad::Rate(phase) => Some(phase.law),
            PieceLoad::Times(_) => None,
        });
        let due = match first {
            Some(Law::Poisson) => unit_exponential(&mut rng),
            Some(Law::Even | Law::Burst { .. }) | None => 0,
        };
        Ok(Self {
            pieces,
            rng,
            index: 0,
            began_ns: 0,
            due,
            last_ns: 0,
            next_burst_ns: 0,
            burst_left: 0,
            row: 0,
        })
    }

    /// The regular arrival of this phase that is due next, in ns since it began.
    fn regular(&self, phase: &Phase) -> Option<u64> {
        (self.due < phase.units()).then(|| phase.time_of(self.due, self.last_ns))
    }

    /// The burst arrival of this phase that is due next, in ns since it began.
    fn burst(&self, phase: &Phase) -> Option<u64> {
        if self.burst_left > 0 {
            return Some(self.last_ns);
        }
        let bursts = matches!(phase.law, Law::Burst { .. });
        (bursts && self.next_burst_ns < phase.span_ns()).then_some(self.next_burst_ns)
    }

    fn take_burst(&mut self, at: u64, law: Law) {
        if self.burst_left > 0 {
            self.burst_left -= 1;
        } else if let Law::Burst { size, every } = law {
            self.burst_left = size - 1;
            self.next_burst_ns =
                at.saturating_add(u64::try_from(every.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    fn take_regular(&mut self, law: Law) {
        self.due += match law {
            Law::Poisson => unit_exponential(&mut self.rng),
            Law::Even | Law::Burst { .. } => UNITS_PER_ARRIVAL,
        };
    }
}

impl<R: Rng> Arrivals<R> {
    /// The next arrival of a phase, regular or of a burst, in ns since it began.
    fn take(&mut self, phase: &Phase) -> Option<u64> {
        let (regular, burst) = (self.regular(phase), self.burst(phase));
        let (at, of_burst) = match (regular, burst) {
            (Some(regular), Some(burst)) if regular < burst => (regular, false),
            (_, Some(burst)) => (burst, true),
            (Some(regular), None) => (regular, false),
            (None, None) => return None,
        };
        if of_burst {
            self.take_burst(at, phase.law);
        } else {
            self.take_regular(phase.law);
        }
        self.last_ns = at;
        Some(at)
    }

    /// Goes on to the next piece.
    fn leave(&mut self, span_ns: u64) {
        self.began_ns += span_ns;
        self.index += 1;
        (self.last_ns, self.next_burst_ns, self.burst_left) = (0, 0, 0);
        self.row = 0;
    }
}

impl<R: Rng> Iterator for Arrivals<R> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        loop {
            let piece = self.pieces.get(self.index)?;
            let stretch = piece.stretch;
            let (at, measured, row) = match &piece.load {
                PieceLoad::Rate(phase) => {
                    let phase = *phase;
                    let Some(at) = self.take(&phase) else {
                        self.due -= phase.units();
                        self.leave(phase.span_ns());
                        continue;
                    };
                    (at, phase.measured, None)
                }
                PieceLoad::Times(replay) => {
                    let Some(&at) = replay.times_ns.get(self.row) else {
                        let span = replay.span.as_nanos() as u64;
                        self.leave(span);
                        continue;
                    };
                    let (measured, row) = (replay.measured, self.row);
                    self.row += 1;
                    (at, measured, Some(row))
                }
            };
            return Some(Arrival {
                at: Duration::from_nanos(self.began_ns + at),
                phase: stretch,
                measured,
                row,
            });
        }
    }
}

/// The number of arrivals: exact when no phase is Poisson, else with the mean of those that are
/// (rounded up).
///
/// # Errors
/// As [`Arrivals::new`].
pub fn expected_count<S: Clone + Into<Stretch>>(stretches: &[S]) -> Result<u128, LoadFault> {
    let (mut units, mut given) = (0, 0);
    for piece in pieces(stretches.to_vec())? {
        match piece.load {
            PieceLoad::Rate(phase) => {
                units += phase.units();
                given += burst_arrivals(&phase);
            }
            PieceLoad::Times(replay) => given += replay.times_ns.len() as u128,
        }
    }
    Ok(units.div_ceil(UNITS_PER_ARRIVAL) + given)
}

fn burst_arrivals(phase: &Phase) -> u128 {
    match phase.law {
        Law::Burst { size, every } => {
            phase.span.as_nanos().div_ceil(every.as_nanos()) * u128::from(size)
        }
        Law::Even | Law::Poisson => 0,
    }
}

/// An exponential draw of mean one arrival, in units.
fn unit_exponential(rng: &mut impl Rng) -> u128 {
    // 53 random bits, shifted by half a step so that the logarithm never sees zero.
    let uniform = ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    libm::round(-libm::log(uniform) * UNITS_PER_ARRIVAL as f64) as u128
}
