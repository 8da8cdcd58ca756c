//! Latency laws: distributions as plain data, and their compiled form.
//!
//! A law is drawn once per link for the base latency, by its exact quantile
//! function, and once per message for the jitter, by a table of quantiles
//! that needs no floats but in its outermost cells.

use crate::draw;
use crate::time::Span;
use rand::Rng;

/// How long a message is under way, as a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatencyLaw {
    /// Always the same.
    Constant(Span),
    /// All spans between the two equally likely.
    Uniform {
        /// The shortest.
        low: Span,
        /// The longest.
        high: Span,
    },
    /// Normal, cut at zero.
    Normal {
        /// The mean before the cut.
        mean: Span,
        /// The standard deviation before the cut.
        deviation: Span,
    },
    /// Log-normal, told by two percentiles, as measurements are published.
    LogNormal {
        /// The median.
        p50: Span,
        /// The 90th percentile.
        p90: Span,
    },
    /// Pareto, the heavy tail of public peer-to-peer links.
    Pareto {
        /// The shortest span.
        minimum: Span,
        /// The shape times 1,000; the mean exists above 1,000.
        shape_milli: u32,
    },
    /// Exponential.
    Exponential {
        /// The mean.
        mean: Span,
    },
}

impl LatencyLaw {
    /// No latency at all.
    pub const ZERO: LatencyLaw = LatencyLaw::Constant(Span::ZERO);

    /// One draw from this law.
    pub fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> Span {
        self.at(rng.next_u64())
    }

    /// The draw that these 64 random bits stand for.
    #[inline]
    pub(crate) fn at(&self, bits: u64) -> Span {
        self.quantile(draw::unit(bits))
    }

    /// The span that is exceeded with probability 1 - `p`, 0 < p < 1.
    fn quantile(&self, p: f64) -> Span {
        draw::round(match *self {
            LatencyLaw::Constant(span) => return span,
            LatencyLaw::Uniform { low, high } => draw::uniform_quantile(p, low, high),
            LatencyLaw::Normal { mean, deviation } => draw::normal_quantile(p, mean, deviation),
            LatencyLaw::LogNormal { p50, p90 } => draw::log_normal_quantile(p, p50, p90),
            LatencyLaw::Pareto {
                minimum,
                shape_milli,
            } => draw::pareto_quantile(p, minimum, shape_milli),
            LatencyLaw::Exponential { mean } => draw::exponential_quantile(p, mean),
        })
    }
}

/// Cells of a [`Sampler`]'s table; a power of two. 4 KiB stay in a first-level
/// cache.
const CELLS: usize = 512;
/// The lowest and highest cells, in which quantiles curve too much for a
/// straight line: a draw that falls there is computed exactly.
const EXACT_BELOW: usize = 1;
const EXACT_FROM: usize = CELLS - 2;

/// A law made ready to be drawn for every message.
#[derive(Clone, Debug)]
pub(crate) enum Sampler {
    Constant(Span),
    Table {
        law: LatencyLaw,
        bounds: Box<[u64; CELLS + 1]>,
    },
}

impl Sampler {
    pub(crate) fn new(law: LatencyLaw) -> Self {
        if let LatencyLaw::Constant(span) = law {
            return Self::Constant(span);
        }
        let mut bounds = Box::new([0; CELLS + 1]);
        for (cell, bound) in bounds.iter_mut().enumerate() {
            // The outermost bounds are never read: those cells are exact.
            let inner = cell.clamp(EXACT_BELOW, EXACT_FROM);
            *bound = law.quantile(inner as f64 / CELLS as f64).as_nanos();
        }
        Self::Table { law, bounds }
    }

    /// The draw that these 64 random bits stand for: the high bits choose a
    /// cell of equal probability, the low ones a point on the line across it.
    #[inline]
    pub(crate) fn at(&self, bits: u64) -> Span {
        match self {
            Self::Constant(span) => *span,
            Self::Table { law, bounds } => {
                let cell = (bits >> (64 - CELLS.trailing_zeros())) as usize;
                if !(EXACT_BELOW..EXACT_FROM).contains(&cell) {
                    return law.at(bits);
                }
                let (low, high) = (bounds[cell], bounds[cell + 1]);
                let fraction = u128::from(bits << CELLS.trailing_zeros());
                let across = (u128::from(high - low) * fraction) >> 64;
                Span::nanos(low + across as u64)
            }
        }
    }
}
