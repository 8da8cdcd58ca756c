//! The law of donations, checked by a full scan of their tables.
//!
//! - What came in is what went out and what lies on the vaults.
//! - Every pot is a shard of an open project, on a vault.
//! - A receipt is of what was paid out.

use groma_ledger::State;
use groma_ledger::donation::{Allocations, Donation, DonationPots, Projects, Receipts};
use groma_ledger::patterns::escrow::Stage;

use super::stock;
use crate::checks::{Checks, check_escrow};
use crate::people::People;
use crate::workload::Breach;

const CONSERVED: &str = "what came in went out or is there";
const SHARD: &str = "a pot is a shard of its project";
const RECEIPT: &str = "a receipt is of what was paid out";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let vaults = stock::registry(people).vaults;
    check_escrow::<Donation>(state, CONSERVED, &mut checks);
    state.for_each::<DonationPots>(|id, pot| {
        let project = state.get::<Projects>(&id.purpose);
        let sound = project.is_some_and(|project| project.shard(id.vault).is_some())
            && vaults.seat(id.vault).is_some();
        checks.hold(SHARD, sound, || format!("{id:?}: {pot:?}"));
    });
    state.for_each::<Receipts>(|id, _| {
        let allocation = state.get::<Allocations>(&id);
        let paid = allocation.is_some_and(|lock| lock.stage == Stage::Released);
        checks.hold(RECEIPT, paid, || format!("{id:?}: {allocation:?}"));
    });
    checks.result()
}
