//! The city: a workload, its chance, and everybody's own count of transactions.

use core::time::Duration;

use core::convert::Infallible;
use groma_ledger::Transaction;
use rand::{Rng, TryRng};

use crate::nonces::Nonces;
use crate::workload::{Draft, Intent, Workload};

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
        self.numbered(draft, now)
    }

    /// A transaction that somebody asked for: of that part of a mix, if one is named, and by the
    /// choices that a key makes, if there is one. Equal keys choose alike, so that they fall on the
    /// same people.
    pub fn next_of(&mut self, now: Duration, part: Option<usize>, key: Option<u64>) -> Transaction {
        let mut keyed;
        let rng: &mut dyn Rng = match key {
            None => &mut self.rng,
            Some(key) => {
                keyed = Keyed(key);
                &mut keyed
            }
        };
        let draft = match part {
            None => self.workload.next(now, rng),
            Some(part) => self.workload.next_of(part, now, rng),
        };
        self.numbered(draft, now).0
    }

    fn numbered(&mut self, draft: Draft, now: Duration) -> (Transaction, Intent) {
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

/// The choices that a key makes: splitmix64 (Steele, Lea and Flood 2014) from the key.
struct Keyed(u64);

impl TryRng for Keyed {
    type Error = Infallible;

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
