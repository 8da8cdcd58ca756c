//! The law of works, checked by a full scan of their tables.
//!
//! - The shares of a work come to the whole, each owner once.
//! - Royalties are conserved: what its licenses cost is what a work has collected; owners were paid no
//!   more; all positions and all that is still to be split come to nothing; and nobody owes more than
//!   its licenses cost.
//! - The earliest registration wins: what was taken down copies an earlier work, and was licensed no
//!   more.

use std::collections::BTreeMap;

use groma_ledger::copyright::{Licenses, RoyaltyPositions, Work, Works};
use groma_ledger::patterns::shares::Shares;
use groma_ledger::{AccountId, State, TxId};

use crate::checks::Checks;
use crate::workload::Breach;

const WHOLE: &str = "the shares of a work come to the whole";
const ROYALTIES: &str = "royalties are with the owners, or still to be split";
const EARLIEST: &str = "only an earlier work takes another down, and ends its licenses";

/// What the licenses of a work have cost, and when the last was given.
#[derive(Clone, Copy, Default)]
struct Licensed {
    fees: u128,
    last_ns: u64,
}

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let mut licensed: BTreeMap<[u8; 32], Licensed> = BTreeMap::new();
    let mut spent: BTreeMap<AccountId, i128> = BTreeMap::new();
    state.for_each::<Licenses>(|_, license| {
        let of = licensed.entry(license.work).or_default();
        of.fees += u128::from(license.fee);
        of.last_ns = of.last_ns.max(license.at_ns);
        *spent.entry(license.licensee).or_default() += i128::from(license.fee);
    });
    let mut kept = 0;
    state.for_each::<Works>(|id, work| {
        let detail = || format!("{}: {work:?}", TxId(id));
        let whole = Shares::new(&work.shares.0).is_ok();
        checks.hold(WHOLE, whole, detail);
        let of = licensed.remove(&id).unwrap_or_default();
        let collected = u128::from(work.collected) == of.fees && work.paid <= work.collected;
        checks.hold(ROYALTIES, collected, detail);
        checks.hold(EARLIEST, is_right(state, &work, of), detail);
        kept += i128::from(work.pot());
    });
    for work in licensed.into_keys() {
        checks.hold(ROYALTIES, false, || {
            format!("a license of {}, which is not there", TxId(work))
        });
    }
    check_positions(state, &spent, kept, &mut checks);
    checks.result()
}

fn is_right(state: &State, work: &Work, licensed: Licensed) -> bool {
    work.taken_down.is_none_or(|taken_down| {
        let earlier = state.get::<Works>(&taken_down.earlier);
        earlier.is_some_and(|earlier| earlier.registered_ns < work.registered_ns)
            && licensed.last_ns <= taken_down.at_ns
    })
}

fn check_positions(
    state: &State,
    spent: &BTreeMap<AccountId, i128>,
    kept: i128,
    checks: &mut Checks,
) {
    let (mut sum, mut positions) = (kept, 0);
    state.for_each::<RoyaltyPositions>(|account, position| {
        let position = i128::from(position);
        let spent = spent.get(&account).copied().unwrap_or(0);
        sum += position;
        positions += 1;
        checks.hold(ROYALTIES, position + spent >= 0, || {
            format!(
                "account {} is at {position} with {spent} of fees",
                account.0
            )
        });
    });
    if positions > 0 || kept > 0 {
        checks.hold(ROYALTIES, sum == 0, || {
            format!("{sum} more than nothing, with {kept} to be split")
        });
    }
}
