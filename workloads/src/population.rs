//! Who it falls on: skewed draws over large sets of entities.
//!
//! A [`Sampler`] draws a *rank* (0 is the most popular) and a [`Scatter`] turns ranks into
//! identities by a bijection, so that popular entities are not neighbours. Neither holds memory
//! that grows with the set: a billion citizens cost nothing until one of them acts. This file knows
//! nothing of accounts or records.

use core::fmt;

use rand::Rng;

/// The largest set to draw from.
pub const MAX_ENTITIES: u64 = 1 << 40;

/// How unevenly a set is drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Skew {
    /// Every entity alike.
    Uniform,
    /// The probability of rank k (from 1) is proportional to k^-theta.
    Zipf {
        /// The exponent, above 0 and at most 10.
        theta: f64,
    },
    /// A part of the set receives a share of the draws, evenly; the rest of the set receives the
    /// rest, evenly.
    HotSet {
        /// The part of the set that is hot, above 0 and below 1 (at least one entity).
        fraction: f64,
        /// The share of the draws that it receives, between 0 and 1.
        share: f64,
    },
}

/// What is wrong with a [`Skew`] or a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkewFault {
    /// The set is empty or larger than [`MAX_ENTITIES`].
    Entities,
    /// The Zipf exponent is not above 0 and at most 10.
    Theta,
    /// The hot part or its share is out of range.
    HotSet,
}

impl fmt::Display for SkewFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entities => "a set must hold between 1 and 2^40 entities",
            Self::Theta => "a Zipf exponent must be above 0 and at most 10",
            Self::HotSet => {
                "a hot set needs a fraction between 0 and 1 and a share between 0 and 1"
            }
        })
    }
}

impl std::error::Error for SkewFault {}

/// Draws ranks from `0..entities` under a skew.
#[derive(Clone, Debug)]
pub struct Sampler {
    entities: u64,
    law: SamplerLaw,
}

#[derive(Clone, Debug)]
enum SamplerLaw {
    Uniform,
    Zipf(Zipf),
    HotSet { hot: u64, share: Chance },
}

impl Sampler {
    /// Prepares to draw from a set of `entities`.
    ///
    /// # Errors
    /// A [`SkewFault`] when a parameter is out of range.
    pub fn new(entities: u64, skew: Skew) -> Result<Self, SkewFault> {
        if entities == 0 || entities > MAX_ENTITIES {
            return Err(SkewFault::Entities);
        }
        let law = match skew {
            Skew::Uniform => SamplerLaw::Uniform,
            Skew::Zipf { theta } if theta > 0.0 && theta <= 10.0 => {
                SamplerLaw::Zipf(Zipf::new(entities, theta))
            }
            Skew::Zipf { .. } => return Err(SkewFault::Theta),
            Skew::HotSet { fraction, share } => {
                let valid = fraction > 0.0 && fraction < 1.0 && (0.0..=1.0).contains(&share);
                if !valid {
                    return Err(SkewFault::HotSet);
                }
                let hot = (libm::round(fraction * entities as f64) as u64).clamp(1, entities);
                SamplerLaw::HotSet {
                    hot,
                    share: Chance::new(share),
                }
            }
        };
        Ok(Self { entities, law })
    }

    /// The size of the set.
    pub fn entities(&self) -> u64 {
        self.entities
    }

    /// Draws a rank: 0 is the most popular entity.
    pub fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> u64 {
        match &self.law {
            SamplerLaw::Uniform => below(rng, self.entities),
            SamplerLaw::Zipf(zipf) => zipf.draw(rng) - 1,
            SamplerLaw::HotSet { hot, share } => {
                if *hot == self.entities || share.draw(rng) {
                    below(rng, *hot)
                } else {
                    hot + below(rng, self.entities - hot)
                }
            }
        }
    }
}

/// A probability, as a threshold for 64 random bits: one comparison per draw and no float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// `probability` is held to between 0 and 1.
    pub fn new(probability: f64) -> Self {
        // The cast saturates, so that 1.0 misses only one draw in 2^64.
        Self(libm::round(probability.clamp(0.0, 1.0) * 18_446_744_073_709_551_616.0) as u64)
    }

    /// Whether it happens this time. A chance of zero never does.
    pub fn draw<R: Rng + ?Sized>(self, rng: &mut R) -> bool {
        rng.next_u64() < self.0
    }
}

/// A uniform number below `limit` by multiplication (Lemire 2019, "Fast random integer generation
/// in an interval", without the rejection step: the bias is below `limit` / 2^64, and a draw always
/// costs one number).
pub fn below<R: Rng + ?Sized>(rng: &mut R, limit: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(limit)) >> 64) as u64
}

/// Draws one of `N` kinds in proportion to whole-number weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighted<const N: usize> {
    /// The sum of the weights up to and with each kind.
    until: [u32; N],
}

impl<const N: usize> Weighted<N> {
    /// Kinds with these weights, of which at least one must be above zero.
    pub const fn new(weights: [u32; N]) -> Self {
        let mut until = weights;
        let mut kind = 1;
        while kind < N {
            until[kind] += until[kind - 1];
            kind += 1;
        }
        assert!(until[N - 1] > 0, "some kind can be drawn");
        Self { until }
    }

    /// The share of a kind.
    pub const fn share(&self, kind: usize) -> f64 {
        self.weight(kind) as f64 / self.until[N - 1] as f64
    }

    /// The same without a kind; another one must be left.
    pub const fn without(&self, kind: usize) -> Self {
        let mut weights = [0; N];
        let mut other = 0;
        while other < N {
            if other != kind {
                weights[other] = self.weight(other);
            }
            other += 1;
        }
        Self::new(weights)
    }

    const fn weight(&self, kind: usize) -> u32 {
        match kind {
            0 => self.until[0],
            _ => self.until[kind] - self.until[kind - 1],
        }
    }

    /// The position of the kind drawn.
    pub fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> usize {
        let drawn = below(rng, u64::from(self.until[N - 1]));
        self.until
            .iter()
            .take_while(|until| u64::from(**until) <= drawn)
            .count()
    }
}

/// A log-uniform amount of about `least` to `least` x 2^`doublings`: every doubling is as likely as
/// any other, as with prices and invoices.
pub fn log_uniform<R: Rng + ?Sized>(rng: &mut R, least: u64, doublings: u32) -> u64 {
    let bits = rng.next_u64();
    let scale = least << (bits % u64::from(doublings));
    scale + (((bits >> 32) * scale) >> 32)
}

/// A log-normal amount: `median` times e to the power of `sigma` times a standard normal draw. The
/// normal is the sum of twelve uniforms less six (Irwin and Hall), which ends at six deviations.
pub fn log_normal<R: Rng + ?Sized>(rng: &mut R, median: f64, sigma: f64) -> u64 {
    let mut sum = 0_u64;
    for _ in 0..6 {
        let bits = rng.next_u64();
        sum += (bits & 0xffff_ffff) + (bits >> 32);
    }
    let normal = sum as f64 / 4_294_967_296.0 - 6.0;
    libm::round(median * libm::exp(sigma * normal)) as u64
}

/// So many parts of an amount, none of them empty, all ways of dividing alike (Dirichlet with ones); the
/// amount must be at least as large as their number.
pub fn divide<R: Rng + ?Sized>(rng: &mut R, amount: u64, parts: u64) -> Vec<u64> {
    // One goes to each, the rest is cut anywhere.
    let rest = amount - parts;
    let mut cuts: Vec<u64> = (1..parts).map(|_| below(rng, rest + 1)).collect();
    cuts.push(rest);
    cuts.sort_unstable();
    let mut from = 0;
    cuts.iter()
        .map(|&cut| 1 + cut - std::mem::replace(&mut from, cut))
        .collect()
}

/// Zipf draws by rejection inversion: W. Hörmann and G. Derflinger, "Rejection-inversion to
/// generate variates from monotone discrete distributions", ACM TOMACS 6(3), 1996. Constant memory,
/// fewer than 1.2 tries per draw.
#[derive(Clone, Debug)]
struct Zipf {
    theta: f64,
    entities: f64,
    /// The integral at the upper end, `H(n + 1/2)`.
    top: f64,
    /// Its span down to the lower end, `H(3/2) - 1`, so that rank 1 has exactly its own
    /// probability.
    span: f64,
    /// Ranks whose variate fell at most this far below them are accepted without computing `H`.
    sure: f64,
}

impl Zipf {
    fn new(entities: u64, theta: f64) -> Self {
        let mut zipf = Self {
            theta,
            entities: entities as f64,
            top: 0.0,
            span: 0.0,
            sure: 0.0,
        };
        zipf.top = zipf.integral(zipf.entities + 0.5);
        zipf.span = zipf.top - (zipf.integral(1.5) - 1.0);
        zipf.sure = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.weight(2.0));
        zipf
    }

    /// `x^-theta`.
    fn weight(&self, x: f64) -> f64 {
        libm::exp(-self.theta * libm::log(x))
    }

    /// The integral of the weight from 1: `(x^(1-theta) - 1) / (1 - theta)`, smooth through theta =
    /// 1.
    fn integral(&self, x: f64) -> f64 {
        let log_x = libm::log(x);
        expm1_over_x((1.0 - self.theta) * log_x) * log_x
    }

    fn inverse(&self, area: f64) -> f64 {
        // Rounding can push the product just below -1, where the logarithm has no value.
        let scaled = (area * (1.0 - self.theta)).max(-1.0);
        libm::exp(log1p_over_x(scaled) * area)
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> u64 {
        loop {
            let uniform = ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
            let area = self.top - uniform * self.span;
            let x = self.inverse(area);
            let rank = libm::floor(x + 0.5).clamp(1.0, self.entities);
            if rank - x <= self.sure || area >= self.integral(rank + 0.5) - self.weight(rank) {
                return rank as u64;
            }
        }
    }
}

fn expm1_over_x(x: f64) -> f64 {
    if x.abs() > 1e-8 {
        libm::expm1(x) / x
    } else {
        1.0 + x / 2.0
    }
}

fn log1p_over_x(x: f64) -> f64 {
    if x.abs() > 1e-8 {
        libm::log1p(x) / x
    } else {
        1.0 - x / 2.0
    }
}

/// A fixed bijection of `0..entities`, from ranks to identities.
///
/// The next power of two is permuted by odd multiplications and shifts, each of which is invertible
/// modulo a power of two; results outside the set are permuted again (cycle walking: Black and
/// Rogaway, CT-RSA 2002), fewer than twice on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scatter {
    entities: u64,
    mask: u64,
    shift: u32,
    salt: u64,
}

impl Scatter {
    /// The bijection of `0..entities` that `salt` names.
    ///
    /// # Errors
    /// [`SkewFault::Entities`] when the set is empty or above [`MAX_ENTITIES`].
    pub fn new(entities: u64, salt: u64) -> Result<Self, SkewFault> {
        if entities == 0 || entities > MAX_ENTITIES {
            return Err(SkewFault::Entities);
        }
        let bits = 64 - (entities - 1).leading_zeros();
        Ok(Self {
            entities,
            mask: (1 << bits) - 1,
            shift: bits.div_ceil(2).max(1),
            salt,
        })
    }

    /// The identity of a rank, which must be in the set.
    pub fn identity(&self, rank: u64) -> u64 {
        debug_assert!(rank < self.entities, "a rank lies in the set");
        let mut value = rank;
        loop {
            value = self.permute(value);
            if value < self.entities {
                return value;
            }
        }
    }

    fn permute(&self, value: u64) -> u64 {
        let mut x = value.wrapping_add(self.salt) & self.mask;
        for odd in [
            0x9e37_79b9_7f4a_7c15_u64,
            0xbf58_476d_1ce4_e5b9,
            0x94d0_49bb_1331_11eb,
        ] {
            x = x.wrapping_mul(odd) & self.mask;
            x ^= x >> self.shift;
        }
        x
    }
}
