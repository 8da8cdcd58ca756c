//! The city: a workload, its chance, and everybody's own count of transactions.

use core::time::Duration;

use groma_ledger::Transaction;
use rand::Rng;

use crate::counters::Counters;
use crate::workload::Workload;

/// Turns a workload into transactions, giving each sender its nonces in order from zero.
///
/// Its memory grows with the number of distinct senders, as the state's does, and with nothing else.
pub struct City<R> {
    workload: Box<dyn Workload>,
    rng: R,
    nonces: Counters,
}

impl<R: Rng> City<R> {
    /// A city in which nothing has happened.
    pub fn new(workload: Box<dyn Workload>, rng: R) -> Self {
        Self {
            workload,
            rng,
            nonces: Counters::default(),
        }
    }

    /// The transaction intended at `now`, which must not decrease from call to call.
    pub fn next(&mut self, now: Duration) -> Transaction {
        let draft = self.workload.next(now, &mut self.rng);
        let nonce = self.nonces.take(draft.sender.0);
        Transaction {
            sender: draft.sender,
            nonce,
            filler: draft.filler,
            body: draft.body,
        }
    }

    /// What people submit.
    pub fn workload(&self) -> &dyn Workload {
        self.workload.as_ref()
    }
}
