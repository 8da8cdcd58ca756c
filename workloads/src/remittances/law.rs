//! The law of remittances, checked by a full scan of their tables.
//!
//! - What came in is what went out and what lies locked on the vaults.
//! - Funds are released or refunded, never both: released in time, with clearance and the secret, to the
//!   payee; refunded after it, to the payer.
//! - What is locked, and nothing else, waits.
//! - What arrives abroad is what was locked, at the rate of its quote.

use groma_ledger::State;
use groma_ledger::patterns::escrow::{Lock, Stage};
use groma_ledger::remittance::{
    Quotes, Remittance, RemittanceLocks, RemittancePots, Transfer, Transfers, hash_of,
};

use crate::checks::{Checks, check_escrow};
use crate::workload::Breach;

const CONSERVED: &str = "what came in went out or is locked";
const ONE_WAY: &str = "funds are released in time or refunded after it";
const QUOTED: &str = "a remittance arrives at the rate of its quote";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    check_escrow::<Remittance>(state, CONSERVED, &mut checks);
    state.for_each::<RemittancePots>(|id, pot| {
        checks.hold(CONSERVED, pot.free() == 0, || {
            format!("{id:?} holds what is nobody's: {pot:?}")
        });
    });
    state.for_each::<RemittanceLocks>(|id, lock| {
        let transfer = state.get::<Transfers>(&id);
        let sound = lock.payer == Some(id.payer)
            && transfer.is_some_and(|transfer| is_one_way(&lock, &transfer));
        checks.hold(ONE_WAY, sound, || format!("{id:?}: {lock:?}, {transfer:?}"));
    });
    state.for_each::<Transfers>(|id, transfer| {
        let lock = state.get::<RemittanceLocks>(&id);
        checks.hold(ONE_WAY, lock.is_some(), || format!("{id:?} has no lock"));
        let quote = state.get::<Quotes>(&transfer.quote);
        let arrives = quote
            .zip(lock)
            .and_then(|(quote, lock)| quote.arrives(lock.amount));
        checks.hold(QUOTED, arrives == Some(transfer.arrives), || {
            format!("{id:?}: {transfer:?} of {quote:?}")
        });
    });
    checks.result()
}

/// Whether lock and remittance tell the same of what became of it.
fn is_one_way(lock: &Lock, transfer: &Transfer) -> bool {
    match (lock.stage, transfer.ended_ns) {
        (Stage::Locked, None) => transfer.preimage.is_none(),
        (Stage::Released, Some(ended_ns)) => {
            let shown = transfer.preimage.as_ref().map(hash_of) == Some(transfer.hash);
            shown && transfer.cleared == Some(true) && ended_ns < lock.until_ns
        }
        (Stage::Refunded, Some(ended_ns)) => {
            transfer.preimage.is_none() && ended_ns >= lock.until_ns
        }
        _ => false,
    }
}
