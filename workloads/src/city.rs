//! The city: a workload, its chance, and everybody's own count of transactions.

use core::time::Duration;

use groma_ledger::Transaction;
use rand::Rng;

use crate::nonces::Nonces;
use crate::workload::{Intent, Workload};

/// Turns a workload into transactions, giving each sender rising nonces.
///
/// Its memory is bounded by the load per second and not by the population or the length of the run.
pub struct City<R> {
    workload: Box<dyn Workload>,
    rng: R,
    nonces: Nonces,
}

impl<R: Rng> City<R> {
    /// A city in which nothing has happened.
    pub fn new(workload: Box<dyn Workload>, rng: R) -> Self {
        Self {
            workload,
            rng,
            nonces: Nonces::default(),
        }
    }

    /// The transaction intended at `now`, which must not decrease from call to call.
    pub fn next(&mut self, now: Duration) -> Transaction {
        self.next_meant(now).0
    }

    /// The transaction intended at `now`, and what its author means by it.
    pub fn next_meant(&mut self, now: Duration) -> (Transaction, Intent) {
        let draft = self.workload.next(now, &mut self.rng);
        let nonce = self.nonces.take(draft.sender.0, now);
        let transaction = Transaction {
            sender: draft.sender,
            nonce,
            filler: draft.filler,
            body: draft.body,
        };
        (transaction, draft.intent)
    }

    /// What people submit.
    pub fn workload(&self) -> &dyn Workload {
        self.workload.as_ref()
    }
}
