//! How many transactions are in flight, averaged over the measured time: the
//! integral of a count over time, which knows neither rates nor latencies, so
//! that Little's law can be checked against it.

use groma_sim::Time;

use crate::recorder::Measured;

/// A count and its integral over the measured time so far.
#[derive(Clone, Debug)]
pub struct Occupancy {
    measured: Measured,
    count: u64,
    since: Time,
    /// Transactions times nanoseconds.
    area: u128,
}

impl Occupancy {
    /// Nothing in flight at time zero.
    #[must_use]
    pub fn new(measured: Measured) -> Self {
        Self {
            measured,
            count: 0,
            since: Time::ZERO,
            area: 0,
        }
    }

    /// One more is in flight.
    pub fn enters(&mut self, at: Time) {
        self.advance(at);
        self.count += 1;
    }

    /// One fewer is.
    pub fn leaves(&mut self, at: Time) {
        self.advance(at);
        self.count = self.count.saturating_sub(1);
    }

    fn advance(&mut self, at: Time) {
        if at > self.since {
            let measured = self.measured.within(self.since, at).as_nanos();
            self.area += u128::from(self.count) * u128::from(measured);
            self.since = at;
        }
    }

    /// The mean over the measured time; `None` where none was measured.
    #[must_use]
    pub fn mean(mut self) -> Option<f64> {
        let (_, end) = self.measured.middle_and_end()?;
        self.advance(end);
        let total = self.measured.total().as_nanos();
        (total > 0).then(|| self.area as f64 / total as f64)
    }
}
