//! From a state and a block to the next state: [`Serial`] defines the answer.
//!
//! For each transaction in order: its signature must be good (else
//! `BadSignature`), its sender must exist (`UnknownRecord`), its nonce must be new
//! (`Duplicate`) and is then used up, and its rule decides the rest.

use crate::access::{Access, Overlay};
use crate::hash::Hash;
use crate::receipt::{Outcome, Reason};
use crate::record::Touches;
use crate::state::{Changes, Reader, State};
use crate::transaction::SignedTransaction;
use std::sync::Arc;

/// A block as the ledger sees it.
#[derive(Clone, Copy, Debug)]
pub struct BlockInput<'a> {
    /// Position in the committed order.
    pub height: u64,
    /// Set by the proposer, nanoseconds.
    pub timestamp_ns: u64,
    /// In order.
    pub transactions: &'a [Arc<SignedTransaction>],
}

/// What a block made of its parent.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The next state.
    pub state: State,
    /// Its root.
    pub root: Hash,
    /// One per transaction, in order.
    pub outcomes: Vec<Outcome>,
    /// Accounts and records written: what storage grows by, and what is priced.
    pub touched: u64,
}

/// A way of executing blocks. All ways give equal executions.
pub trait Executor: Send + Sync {
    /// Applies a block to a state.
    fn execute(&self, parent: &State, block: &BlockInput<'_>) -> Execution;
}

/// One transaction after another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial;

impl Executor for Serial {
    fn execute(&self, parent: &State, block: &BlockInput<'_>) -> Execution {
        let good = verified(parent, block.transactions);
        let mut overlay = Overlay::for_transactions(block.transactions.len());
        let mut touches = Touches::new();
        let reader = parent.read();
        let mut outcomes = Vec::with_capacity(block.transactions.len());
        for (position, signed) in block.transactions.iter().enumerate() {
            let good = good.get(position).copied().unwrap_or(true);
            outcomes.push(apply(
                &reader,
                block,
                signed,
                good,
                &mut overlay,
                &mut touches,
            ));
        }
        drop(reader);
        let mut changes = Changes::default();
        overlay.drain(&mut changes);
        finish(parent, changes, outcomes, false)
    }
}

/// Signature verdicts; empty when signatures are only priced.
pub(crate) fn verified(parent: &State, transactions: &[Arc<SignedTransaction>]) -> Vec<bool> {
    if parent.keyring().is_real() {
        parent.keyring().verify_batch(transactions)
    } else {
        Vec::new()
    }
}

/// Applies one transaction to an overlay.
pub(crate) fn apply(
    parent: &Reader<'_>,
    block: &BlockInput<'_>,
    signed: &SignedTransaction,
    good: bool,
    overlay: &mut Overlay,
    touches: &mut Touches,
) -> Outcome {
    let transaction = &signed.transaction;
    if !good {
        return Outcome::Rejected(Reason::BadSignature);
    }
    if let Err(reason) = overlay.take_nonce(parent, transaction.sender, transaction.nonce) {
        return Outcome::Rejected(reason);
    }
    let context = transaction.context(signed.id, block.height, block.timestamp_ns);
    let rule = transaction.body.rule();
    if cfg!(debug_assertions) {
        declare(signed, block, touches);
    }
    let result = rule.apply(&context, &mut Access::new(parent, overlay, touches));
    overlay.end(result.is_ok());
    match result {
        Ok(()) => Outcome::Applied,
        Err(reason) => Outcome::Rejected(reason),
    }
}

/// Fills `touches` with all that a transaction may touch.
pub(crate) fn declare(signed: &SignedTransaction, block: &BlockInput<'_>, touches: &mut Touches) {
    let transaction = &signed.transaction;
    let context = transaction.context(signed.id, block.height, block.timestamp_ns);
    touches.clear();
    touches.account(transaction.sender);
    transaction.body.rule().touches(&context, touches);
}

/// Commits a block's changes.
pub(crate) fn finish(
    parent: &State,
    changes: Changes,
    outcomes: Vec<Outcome>,
    parallel: bool,
) -> Execution {
    let touched = changes.len();
    let state = parent.commit(changes, parallel);
    Execution {
        root: state.root(),
        state,
        outcomes,
        touched,
    }
}
