//! Timeouts that grow while nothing works, up to a bound.

use std::time::Duration;

/// How long to wait after so many failures in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// The first timeout.
    pub(crate) first: Duration,
    /// Factor per failure, per thousand: 1500 is half as long again.
    pub(crate) permille: u64,
    /// The longest.
    pub(crate) max: Duration,
}

impl Backoff {
    /// The timeout after `failures` in a row.
    pub(crate) fn after(&self, failures: u32) -> Duration {
        let max = self.max.max(self.first).as_nanos();
        let mut span = self.first.as_nanos();
        for _ in 0..failures {
            if span >= max || self.permille <= 1000 {
                break;
            }
            span = span * u128::from(self.permille) / 1000;
        }
        Duration::from_nanos(u64::try_from(span.min(max)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_back_off_to_their_bound() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            permille: 2000,
            max: Duration::from_secs(5),
        };
        let seconds = |failures| backoff.after(failures).as_secs();
        assert_eq!([0, 1, 2, 3, 4000].map(seconds), [1, 2, 4, 5, 5]);
    }
}
