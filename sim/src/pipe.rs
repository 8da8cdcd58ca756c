//! The pipes between machines: bits from one machine to another come in the
//! order in which they left, whatever jitter was drawn for them, as they do on
//! a TCP connection.

use crate::time::{Span, Time};

/// For every pair of machines, when the last bit so far comes out.
#[derive(Debug)]
pub(crate) struct Pipes {
    machines: usize,
    /// By sender, then by receiver. A row stays empty until its machine sends.
    rows: Vec<Vec<Time>>,
}

impl Pipes {
    /// Pipes that keep the order.
    pub(crate) fn new(machines: usize) -> Self {
        Self {
            machines,
            rows: vec![Vec::new(); machines],
        }
    }

    /// Pipes that need not: nothing on the way can change the order, or
    /// nobody minds.
    pub(crate) const fn loose() -> Self {
        Self {
            machines: 0,
            rows: Vec::new(),
        }
    }

    /// Passes bits that take `transmit` and of which the first would come out
    /// at `first_bit`. Returns when it does, behind all bits before.
    #[inline]
    pub(crate) fn pass(&mut self, from: usize, to: usize, first_bit: Time, transmit: Span) -> Time {
        let Some(row) = self.rows.get_mut(from) else {
            return first_bit;
        };
        if row.is_empty() {
            row.resize(self.machines, Time::ZERO);
        }
        let first_bit = first_bit.max(row[to]);
        row[to] = first_bit + transmit;
        first_bit
    }
}
