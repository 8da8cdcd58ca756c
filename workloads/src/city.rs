//! The city: a workload, its chance, and everybody's own count of transactions.

use core::time::Duration;

use groma_ledger::Transaction;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use crate::nonces::Nonces;
use crate::trace::Asked;
use crate::workload::{Draft, Intent, Workload};

/// Turns a workload into transactions, giving each sender rising nonces.
///
/// Its memory is bounded by the load per second and not by the population or the length of the run.
pub struct City<R> {
    workload: Box<dyn Workload>,
    rng: R,
    nonces: Nonces,
    /// When something is due next by the clock.
    due_at: Option<Duration>,
}

impl<R: Rng> City<R> {
    /// A city in which nothing has happened.
    pub fn new(workload: Box<dyn Workload>, rng: R) -> Self {
        Self {
            due_at: workload.due_at(),
            workload,
            rng,
            nonces: Nonces::default(),
        }
    }

    /// What is due next by the clock before `until`, and when. Whoever draws what people do asks for
    /// it first, so that times never decrease.
    pub fn due_before(&mut self, until: Duration) -> Option<(Duration, Transaction)> {
        let at = self.due_at.filter(|at| *at < until)?;
        let draft = self.workload.due()?;
        self.due_at = self.workload.due_at();
        Some((at, self.number(at, draft).0))
    }

    /// The transaction intended at `now`, which must not decrease from call to call.
    pub fn next(&mut self, now: Duration) -> Transaction {
        self.next_meant(now).0
    }

    /// The transaction intended at `now`, and what its author means by it.
    pub fn next_meant(&mut self, now: Duration) -> (Transaction, Intent) {
        let draft = self.workload.next(now, &mut self.rng);
        self.number(now, draft)
    }

    /// The transaction that a row of a trace asks for, intended at `now`. Its `type` chooses the part
    /// of a mix, and `None` says that the mix has no such part. A `key` takes the place of chance: rows
    /// with equal keys draw alike, and so fall on the same people and the same records.
    pub fn next_asked(&mut self, now: Duration, asked: &Asked) -> Option<(Transaction, Intent)> {
        let mut keyed = asked.key.map(Xoshiro256PlusPlus::seed_from_u64);
        let rng: &mut dyn Rng = match &mut keyed {
            Some(keyed) => keyed,
            None => &mut self.rng,
        };
        let draft = match asked.workload {
            Some(part) => self.workload.next_of(part, now, rng)?,
            None => self.workload.next(now, rng),
        };
        Some(self.number(now, draft))
    }

    /// Gives a draft its sender's next nonce, or the one that it asks for.
    fn number(&mut self, now: Duration, draft: Draft) -> (Transaction, Intent) {
        let next = || self.nonces.take(draft.sender.0, now);
        let nonce = draft.again.unwrap_or_else(next);
        self.workload.numbered(now, nonce);
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
