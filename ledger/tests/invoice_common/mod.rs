//! A ledger that applies one transaction a block, for tests of the rules of every kind.

#![allow(clippy::unwrap_used, dead_code)]

use groma_ledger::{
    AccountId, BlockInput, Body, Executor, Genesis, Outcome, Parallel, Reason, Serial,
    SignedTransaction, State, Table, Transaction,
};
use std::sync::Arc;

/// A ledger and its clock.
pub struct Desk {
    pub state: State,
    pub now_ns: u64,
    nonce: u64,
}

impl Desk {
    pub fn new(genesis: &Genesis) -> Desk {
        Desk {
            state: State::genesis(genesis),
            now_ns: 1_000,
            nonce: 0,
        }
    }

    /// Applies one transaction, a microsecond after the last.
    pub fn submit(&mut self, sender: u64, body: Body) -> Result<(), Reason> {
        self.now_ns += 1_000;
        self.nonce += 1;
        let transaction = Transaction {
            sender: AccountId(sender),
            nonce: self.nonce,
            filler: 0,
            body,
        };
        match self.block(vec![transaction])[0] {
            Outcome::Applied => Ok(()),
            Outcome::Rejected(reason) => Err(reason),
        }
    }

    /// Applies a block serially and in parallel, which must agree.
    pub fn block(&mut self, transactions: Vec<Transaction>) -> Vec<Outcome> {
        let signed = |transaction| Arc::new(SignedTransaction::new(transaction, None));
        let transactions: Vec<_> = transactions.into_iter().map(signed).collect();
        let block = BlockInput {
            height: 1,
            timestamp_ns: self.now_ns,
            transactions: &transactions,
        };
        let serial = Serial.execute(&self.state, &block);
        let parallel = Parallel.execute(&self.state, &block);
        assert_eq!(serial.root, parallel.root);
        assert_eq!(serial.outcomes, parallel.outcomes);
        self.state = serial.state;
        serial.outcomes
    }

    /// A record that must exist.
    pub fn record<T: Table>(&self, key: &T::Key) -> T::Value {
        self.state.get::<T>(key).unwrap()
    }
}

/// Plays a script: who, what, and the refusal if there is one.
#[track_caller]
pub fn play(desk: &mut Desk, script: Vec<(u64, Body, Option<Reason>)>) {
    for (step, (sender, body, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, body.clone());
        assert_eq!(found, expected, "step {step}: {body:?}");
    }
}

/// Any transaction survives its encoding, of which the length is known beforehand.
pub fn assert_round_trip(sender: u64, body: &Body) {
    let transaction = Transaction {
        sender: AccountId(sender),
        nonce: 0,
        filler: 0,
        body: body.clone(),
    };
    let mut bytes = Vec::new();
    transaction.encode(&mut bytes);
    assert_eq!(bytes.len() - 18, body.encoded_bytes());
    assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
}

/// Seats of institutions.
pub fn seats(first: u64, institutions: u32, each: u32) -> groma_ledger::roles::Seats {
    groma_ledger::roles::Seats {
        first: AccountId(first),
        institutions,
        each,
    }
}

/// Applies bodies by their senders in blocks of 80, serially and in parallel, which must agree;
/// returns what became of each.
pub fn fire(desk: &mut Desk, shots: &[(u64, Body)]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (height, chunk) in shots.chunks(80).enumerate() {
        desk.now_ns += 1_000;
        let numbered = chunk.iter().cloned().zip(height as u64 * 80..);
        let block = numbered.map(|((sender, body), nonce)| Transaction {
            sender: AccountId(sender),
            nonce,
            filler: 0,
            body,
        });
        outcomes.extend(desk.block(block.collect()));
    }
    outcomes
}
