//! Draws of time spans from the usual distributions.
//!
//! Every draw takes one 64-bit value and inverts the distribution function
//! with `libm`, whose results are the same on every machine, and rounds to
//! nanoseconds at once: no float leaves this file or `law.rs`.

use crate::time::Span;
use rand::Rng;

/// The 90th percentile of the standard normal distribution.
const Z90: f64 = 1.281_551_565_544_600_4;

/// A span between `low` and `high`, all equally likely.
pub fn uniform<R: Rng + ?Sized>(rng: &mut R, low: Span, high: Span) -> Span {
    round(uniform_quantile(unit(rng.next_u64()), low, high))
}

/// An exponential span of this mean: the gap between events of a Poisson
/// process.
pub fn exponential<R: Rng + ?Sized>(rng: &mut R, mean: Span) -> Span {
    round(exponential_quantile(unit(rng.next_u64()), mean))
}

/// A normal span, cut at zero.
pub fn normal<R: Rng + ?Sized>(rng: &mut R, mean: Span, deviation: Span) -> Span {
    round(normal_quantile(unit(rng.next_u64()), mean, deviation))
}

/// A log-normal span of this median and 90th percentile.
pub fn log_normal<R: Rng + ?Sized>(rng: &mut R, p50: Span, p90: Span) -> Span {
    round(log_normal_quantile(unit(rng.next_u64()), p50, p90))
}

/// A Pareto span: at least `minimum`, with P(X > x) = (minimum / x)^shape,
/// where the shape is `shape_milli` / 1,000. The mean is
/// minimum * shape / (shape - 1) and exists only for shapes above 1.
pub fn pareto<R: Rng + ?Sized>(rng: &mut R, minimum: Span, shape_milli: u32) -> Span {
    round(pareto_quantile(unit(rng.next_u64()), minimum, shape_milli))
}

/// Maps 64 random bits to a probability, strictly between 0 and 1.
pub(crate) fn unit(bits: u64) -> f64 {
    // 52 bits and a half are as many as a float holds without rounding to 1.
    const SCALE: f64 = 1.0 / (1_u64 << 52) as f64;
    ((bits >> 12) as f64 + 0.5) * SCALE
}

/// Rounds to the nearest nanosecond; below zero is zero, above the range its
/// end.
pub(crate) fn round(nanos: f64) -> Span {
    Span::nanos((nanos + 0.5) as u64)
}

fn float(span: Span) -> f64 {
    span.as_nanos() as f64
}

pub(crate) fn uniform_quantile(p: f64, low: Span, high: Span) -> f64 {
    float(low) + p * (float(high) - float(low))
}

pub(crate) fn exponential_quantile(p: f64, mean: Span) -> f64 {
    -float(mean) * libm::log1p(-p)
}

pub(crate) fn normal_quantile(p: f64, mean: Span, deviation: Span) -> f64 {
    float(mean) + float(deviation) * standard_normal_quantile(p)
}

pub(crate) fn log_normal_quantile(p: f64, p50: Span, p90: Span) -> f64 {
    if p50.is_zero() {
        return 0.0;
    }
    let sigma = libm::log(float(p90) / float(p50)) / Z90;
    float(p50) * libm::exp(sigma * standard_normal_quantile(p))
}

pub(crate) fn pareto_quantile(p: f64, minimum: Span, shape_milli: u32) -> f64 {
    let shape = f64::from(shape_milli) / 1_000.0;
    float(minimum) * libm::exp(-libm::log1p(-p) / shape)
}

/// The standard normal quantile: the rational estimate 26.2.23 of Abramowitz
/// and Stegun (error below 4.5e-4), made exact by three of Halley's steps on
/// the complementary error function.
fn standard_normal_quantile(p: f64) -> f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, PI};
    let tail = p.min(1.0 - p);
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = above / below - t;
    for _ in 0..3 {
        let error = 0.5 * libm::erfc(-z * FRAC_1_SQRT_2) - tail;
        let step = error * libm::sqrt(2.0 * PI) * libm::exp(0.5 * z * z);
        z -= step / (1.0 + 0.5 * z * step);
    }
    if p < 0.5 { z } else { -z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_inverts_the_distribution() {
        let known = [
            (0.5, 0.0),
            (0.9, Z90),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813_5),
            (1e-12, -7.034_483_825_301_132),
        ];
        for (p, z) in known {
            let found = standard_normal_quantile(p);
            assert!((found - z).abs() < 1e-9, "{p}: {found} is not {z}");
        }
    }

    #[test]
    fn probabilities_stay_inside_the_open_interval() {
        assert!(unit(0) > 0.0);
        assert!(unit(u64::MAX) < 1.0);
        assert!((unit(1 << 63) - 0.5).abs() < 1e-15);
    }

    #[test]
    fn rounding_never_leaves_the_range() {
        assert_eq!(round(-3.0), Span::ZERO);
        assert_eq!(round(2.5), Span::nanos(3));
        assert_eq!(round(f64::INFINITY), Span::MAX);
        assert_eq!(round(f64::NAN), Span::ZERO);
    }
}
