//! Virtual time in integer nanoseconds: [`Time`] is a point since the start
//! of the run, [`Span`] a length. Neither knows a wall clock.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub, SubAssign};
use std::time::Duration;

/// A point in virtual time: nanoseconds since the start of the run.
///
/// The range is 584 years; additions saturate at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of virtual time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// The last instant that can be told; nothing is scheduled beyond it.
    pub const MAX: Time = Time(u64::MAX);

    /// The instant `nanos` nanoseconds after the start of the run.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The instant that lies `since_start` after the start of the run; an
    /// interval beyond the range saturates.
    #[must_use]
    pub fn from_duration(since_start: Duration) -> Self {
        Self(Span::from(since_start).0)
    }

    /// Nanoseconds since the start of the run.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start of the run, for reports.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.since_start().as_secs_f64()
    }

    /// The interval since the start of the run.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The span from `earlier` to this instant, zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The longest span.
    pub const MAX: Span = Span(u64::MAX);

    /// So many nanoseconds.
    #[must_use]
    pub const fn nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// So many nanoseconds; the counterpart of [`Span::as_nanos`].
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// So many microseconds, saturating.
    #[must_use]
    pub const fn micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// So many milliseconds, saturating.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// So many seconds, saturating.
    #[must_use]
    pub const fn secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds in this span.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds in this span, for reports.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        Duration::from(self).as_secs_f64()
    }

    /// Whether this span is empty.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This span less `other`, zero at least.
    #[must_use]
    pub const fn saturating_sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }

    /// This span times `permille` / 1,000, rounded down, saturating.
    #[must_use]
    pub fn scaled_permille(self, permille: u64) -> Span {
        let scaled = u128::from(self.0) * u128::from(permille) / 1_000;
        Span(u64::try_from(scaled).unwrap_or(u64::MAX))
    }
}

impl From<Duration> for Span {
    /// Saturates beyond 584 years.
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Duration::from_nanos(span.0)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    /// Panics in debug builds if the result would lie before the start of the
    /// run, and saturates there otherwise.
    fn sub(self, span: Span) -> Time {
        debug_assert!(self.0 >= span.0, "{self} - {span} is before the start");
        Time(self.0.saturating_sub(span.0))
    }
}

impl Sub for Time {
    type Output = Span;
    /// Panics in debug builds if `earlier` is later, and is zero otherwise.
    fn sub(self, earlier: Time) -> Span {
        debug_assert!(self.0 >= earlier.0, "{earlier} is after {self}");
        self.saturating_since(earlier)
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Span;
    /// Panics in debug builds if `other` is longer, and is zero otherwise.
    fn sub(self, other: Span) -> Span {
        debug_assert!(self.0 >= other.0, "{self} - {other} is negative");
        self.saturating_sub(other)
    }
}

impl SubAssign for Span {
    fn sub_assign(&mut self, other: Span) {
        *self = *self - other;
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, times: u64) -> Span {
        Span(self.0.saturating_mul(times))
    }
}

impl Div<u64> for Span {
    type Output = Span;
    /// Rounds down; panics if `parts` is zero.
    fn div(self, parts: u64) -> Span {
        Span(self.0 / parts)
    }
}

impl Sum for Span {
    fn sum<I: Iterator<Item = Span>>(spans: I) -> Span {
        spans.fold(Span::ZERO, |total, span| total + span)
    }
}

/// Prints nanoseconds in the largest unit that leaves a whole part, exactly,
/// without trailing zeros: `12.345ms`.
fn print(nanos: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (unit, name, digits) = match nanos {
        0 => return f.pad("0s"),
        1..1_000 => (1, "ns", 0),
        1_000..1_000_000 => (1_000, "us", 3),
        1_000_000..1_000_000_000 => (1_000_000, "ms", 6),
        _ => (1_000_000_000, "s", 9),
    };
    let (whole, part) = (nanos / unit, nanos % unit);
    if part == 0 {
        return f.pad(&format!("{whole}{name}"));
    }
    let part = format!("{part:0digits$}");
    f.pad(&format!("{whole}.{}{name}", part.trim_end_matches('0')))
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.0, f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_in_the_largest_fitting_unit() {
        let printed = |nanos| Span::nanos(nanos).to_string();
        assert_eq!(printed(0), "0s");
        assert_eq!(printed(7), "7ns");
        assert_eq!(printed(1_500), "1.5us");
        assert_eq!(printed(12_345_000), "12.345ms");
        assert_eq!(printed(60_000_000_000), "60s");
        assert_eq!(printed(1_000_000_001), "1.000000001s");
        assert_eq!(format!("{:>8}", Time::from_nanos(5)), "     5ns");
    }

    #[test]
    fn adding_saturates_at_the_end_of_time() {
        assert_eq!(Time::MAX + Span::secs(1), Time::MAX);
        assert_eq!(Span::secs(u64::MAX), Span::MAX);
        assert_eq!(Span::MAX.scaled_permille(2_000), Span::MAX);
    }

    #[test]
    fn converts_to_and_from_the_standard_duration() {
        let duration = Duration::new(3, 7);
        assert_eq!(Duration::from(Span::from(duration)), duration);
        assert_eq!(Time::from_duration(duration).since_start(), duration);
        assert_eq!(Span::from(Duration::MAX), Span::MAX);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "is after")]
    fn a_negative_span_is_a_bug() {
        let _ = Time::ZERO - Time::from_nanos(1);
    }
}
