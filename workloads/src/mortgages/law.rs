//! The law of mortgages, checked by a full scan of their table.
//!
//! - Rank is the order of time, but for the cessions on record: these, played again, give the ranks.
//! - What is enforced was live, due and first in rank; what was released is never enforced.
//! - When a thing is gone, nothing on it was registered or released later.
//! - Banks lend and firms own; no list is longer than allowed.

use groma_ledger::State;
use groma_ledger::mortgage::{
    CESSIONS_LIMIT, Collateral, Collaterals, Enforced, LIENS_LIMIT, Lien,
};

use crate::checks::Checks;
use crate::people::People;
use crate::workload::Breach;

const RANK: &str = "rank is the order of time, but for cessions";
const ENFORCED: &str = "the first in rank enforces, when due, and never what was released";
const LAST: &str = "nothing happens to a thing that is gone";
const WHO: &str = "banks lend on what firms own, within the limits";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let (banks, firms) = (people.banks(), people.minor_firms());
    state.for_each::<Collaterals>(|id, collateral| {
        let detail = || format!("{id:?}: {collateral:?}");
        let liens = &collateral.liens;
        let lent = liens
            .iter()
            .all(|lien| banks.holder(lien.creditor).is_some());
        let fits =
            (1..=LIENS_LIMIT).contains(&liens.len()) && collateral.cessions.len() <= CESSIONS_LIMIT;
        let owned = firms.holder(id.owner).is_some();
        checks.hold(WHO, lent && owned && fits, detail);
        checks.hold(RANK, is_ranked(&collateral), detail);
        if let Some(enforced) = collateral.enforced {
            checks.hold(ENFORCED, is_first(&collateral, enforced), detail);
            let before = |lien: &_| is_before(lien, enforced.at_ns);
            checks.hold(LAST, liens.iter().all(before), detail);
        }
    });
    checks.result()
}

fn is_before(lien: &Lien, at_ns: u64) -> bool {
    lien.since_ns <= at_ns && lien.released_ns.is_none_or(|released| released <= at_ns)
}

fn is_ranked(collateral: &Collateral) -> bool {
    let liens = &collateral.liens;
    let mut ranks: Vec<u8> = (0..liens.len() as u8).collect();
    for cession in &collateral.cessions {
        let (from, to) = (usize::from(cession.from), usize::from(cession.to));
        if from.max(to) >= ranks.len() || ranks[from] >= ranks[to] {
            return false;
        }
        ranks.swap(from, to);
    }
    liens.is_sorted_by_key(|lien| lien.since_ns) && liens.iter().map(|lien| lien.rank).eq(ranks)
}

fn is_first(collateral: &Collateral, enforced: Enforced) -> bool {
    let liens = &collateral.liens;
    liens.get(usize::from(enforced.lien)).is_some_and(|own| {
        let mut before = liens.iter().filter(|lien| lien.rank < own.rank);
        own.is_live() && own.due_ns <= enforced.at_ns && before.all(|lien| !lien.is_live())
    })
}
