//! TCP's congestion window, for what is larger than the first of them.
//!
//! A connection that was quiet sends its initial window, and after every round
//! trip twice as much (slow start), so that a large message on a long link takes
//! several round trips however wide the link is. What was learnt is kept while
//! the connection is in use and halves for every retransmission timeout that it
//! lies idle. No loss is modelled, so the window only grows, up to its limit.
//!
//! Messages within the initial window pass by: systems that send bulk data give
//! it a connection of its own.

use crate::time::{Span, Time};

/// What limits a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSpec {
    /// Bytes that may leave before the first acknowledgement.
    pub initial: u64,
    /// The largest window.
    pub most: u64,
    /// The retransmission timeout beyond a round trip.
    pub patience: Span,
}

/// One connection's bulk data.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    /// When the burst began, with which window, and what it has sent.
    start: Time,
    window: u64,
    sent: u64,
    /// When all of it is acknowledged.
    end: Time,
}

/// The windows of all pairs of machines.
#[derive(Debug)]
pub(crate) struct Windows {
    spec: Option<WindowSpec>,
    machines: usize,
    /// By sender, then by receiver. A row stays empty until its machine sends
    /// bulk data.
    rows: Vec<Vec<Stream>>,
}

impl Windows {
    pub(crate) fn new(spec: Option<WindowSpec>, machines: usize) -> Self {
        let rows = spec.map_or(Vec::new(), |_| vec![Vec::new(); machines]);
        Self {
            spec,
            machines,
            rows,
        }
    }

    /// How long the last byte of a message that leaves at `now` waits for
    /// acknowledgements; `None` when no window concerns it.
    #[inline]
    pub(crate) fn wait(
        &mut self,
        (from, to): (usize, usize),
        now: Time,
        bytes: u64,
        round_trip: Span,
    ) -> Option<Span> {
        let spec = self.spec.filter(|spec| bytes > spec.initial)?;
        let row = &mut self.rows[from];
        if row.is_empty() {
            row.resize(self.machines, Stream::default());
        }
        Some(row[to].send(&spec, now, bytes, round_trip))
    }
}

impl Stream {
    fn send(&mut self, spec: &WindowSpec, now: Time, bytes: u64, round_trip: Span) -> Span {
        if now >= self.end {
            // Every acknowledged byte widened the window by one.
            let grown = self.window.saturating_add(self.sent).min(spec.most);
            let timeout = (round_trip + spec.patience).as_nanos().max(1);
            let idle = (now.as_nanos() - self.end.as_nanos()) / timeout;
            let kept = grown >> idle.min(63);
            *self = Self {
                start: now,
                window: kept.max(spec.initial),
                sent: 0,
                end: now,
            };
        }
        self.sent = self.sent.saturating_add(bytes);
        let rounds = rounds(self.window, spec.most, self.sent);
        let leaves = self.start + Span::from_nanos(round_trip.as_nanos().saturating_mul(rounds));
        let leaves = leaves.max(now);
        self.end = leaves + round_trip;
        Span::from_nanos(leaves.as_nanos() - now.as_nanos())
    }
}

/// Round trips after which so many bytes may have left, of a window that
/// doubles with each up to `most`.
fn rounds(window: u64, most: u64, bytes: u64) -> u64 {
    let (mut window, mut rounds, mut left) = (window.max(1), 0, bytes);
    while left > window && window < most {
        left -= window;
        window = window.saturating_mul(2).min(most);
        rounds += 1;
    }
    rounds + left.saturating_sub(1) / window
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: WindowSpec = WindowSpec {
        initial: 10,
        most: 80,
        patience: Span::millis(200),
    };
    const TRIP: Span = Span::millis(100);

    fn wait(stream: &mut Stream, at_ms: u64, bytes: u64) -> u64 {
        let now = Time::ZERO + Span::millis(at_ms);
        stream.send(&SPEC, now, bytes, TRIP).as_nanos() / 1_000_000
    }

    #[test]
    fn a_window_doubles_up_to_its_limit() {
        let after: Vec<u64> = [10, 11, 30, 31, 70, 71, 150, 151, 230, 231]
            .iter()
            .map(|&bytes| rounds(10, 80, bytes))
            .collect();
        assert_eq!(after, [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]);
    }

    #[test]
    fn a_quiet_connection_starts_slowly_and_a_used_one_does_not() {
        let mut stream = Stream::default();
        assert_eq!(wait(&mut stream, 0, 70), 200);
        // All is acknowledged at 300 ms; the window has grown to 80.
        assert_eq!(wait(&mut stream, 310, 70), 0);
        // One timeout of 300 ms after that: half is left.
        assert_eq!(wait(&mut stream, 800, 70), 100);
        assert_eq!(wait(&mut stream, 60_000, 70), 200);
    }

    #[test]
    fn what_is_under_way_takes_up_the_window() {
        let mut stream = Stream::default();
        assert_eq!(wait(&mut stream, 0, 20), 100);
        assert_eq!(wait(&mut stream, 10, 20), 190);
        // In use without a pause, it is wide enough by then.
        assert_eq!(wait(&mut stream, 290, 20), 0);
    }

    #[test]
    fn small_messages_and_networks_without_windows_wait_for_nothing() {
        let at = Time::ZERO;
        let mut none = Windows::new(None, 2);
        assert_eq!(none.wait((0, 1), at, 1 << 20, TRIP), None);
        let mut some = Windows::new(Some(SPEC), 2);
        assert_eq!(some.wait((0, 1), at, 10, TRIP), None);
        assert_eq!(some.wait((0, 1), at, 11, TRIP), Some(TRIP));
    }
}
