//! How a law is checked: every comparison is counted, and the first that fails is kept.

use std::collections::BTreeMap;

use groma_ledger::patterns::audit::{Audited, Counts, Rows};
use groma_ledger::patterns::escrow::{Escrow, Locks, Pot, PotId, Pots, Stage};
use groma_ledger::{AccountId, State, Table};

use crate::people::OPENING_BALANCE;
use crate::workload::Breach;

/// The most bytes of a breach's detail: a record may hold thousands of numbers.
const DETAIL_LIMIT: usize = 400;

/// Comparisons made so far.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    made: u64,
    breach: Option<Breach>,
}

impl Checks {
    /// Makes one comparison; `detail` says where it failed.
    pub(crate) fn hold(&mut self, law: &'static str, holds: bool, detail: impl FnOnce() -> String) {
        self.made += 1;
        if !holds && self.breach.is_none() {
            self.breach = Some(Breach {
                law,
                detail: capped(detail()),
            });
        }
    }

    /// Every clearing position is what is owed, and all of them come to nothing.
    pub(crate) fn positions<T: Table<Key = AccountId, Value = i64>>(
        &mut self,
        law: &'static str,
        state: &State,
        owed: &BTreeMap<AccountId, i128>,
    ) {
        let (mut sum, mut positions) = (0, 0);
        state.for_each::<T>(|account, position| {
            let expected = owed.get(&account).copied();
            let found = i128::from(position);
            sum += found;
            positions += 1;
            self.hold(law, expected == Some(found), || {
                format!("account {} is at {found} and not {expected:?}", account.0)
            });
        });
        if !owed.is_empty() || positions > 0 {
            self.hold(law, sum == 0 && positions == owed.len(), || {
                let expected = owed.len();
                format!(
                    "{positions} positions come to {sum}; {expected} accounts were paid or paid"
                )
            });
        }
    }

    /// How many comparisons were made, or the first that failed.
    pub(crate) fn result(self) -> Result<u64, Breach> {
        match self.breach {
            None => Ok(self.made),
            Some(breach) => Err(breach),
        }
    }
}

/// Every look at something has its row: each account has as many as it is counted for.
pub(crate) fn check_audit<A: Audited>(state: &State, law: &'static str, checks: &mut Checks) {
    let mut rows: BTreeMap<AccountId, u64> = BTreeMap::new();
    state.for_each::<Rows<A>>(|_, row| *rows.entry(row.by).or_default() += 1);
    state.for_each::<Counts<A>>(|account, count| {
        let found = rows.remove(&account).unwrap_or(0);
        checks.hold(law, found == count, || {
            format!(
                "account {} looked {count} times and left {found} rows",
                account.0
            )
        });
    });
    if let Some((account, found)) = rows.first_key_value() {
        checks.hold(law, false, || {
            format!(
                "account {} is counted for none of its {found} rows",
                account.0
            )
        });
    }
}

/// A detail of bearable length, which says where it was cut.
fn capped(mut detail: String) -> String {
    if detail.len() > DETAIL_LIMIT {
        let whole = detail.len();
        let mut ends = (0..=DETAIL_LIMIT).rev();
        let end = ends.find(|&end| detail.is_char_boundary(end));
        detail.truncate(end.unwrap_or(0));
        detail.push_str(&format!(" ... ({whole} bytes in all)"));
    }
    detail
}

const PAID: &str = "what is released is with its payee, and what goes back with its payer";

/// What goes through an escrow: what came in is what went out and what lies on the vaults, a pot
/// says of its locks what they say, and each lock was paid to whom it says.
pub(crate) fn check_escrow<E: Escrow>(state: &State, law: &'static str, checks: &mut Checks) {
    // What was bound, and what went out, by pot.
    let mut bound: BTreeMap<PotId, (u128, u128)> = BTreeMap::new();
    state.for_each::<Locks<E>>(|_, lock| {
        let (locked, paid_out) = bound.entry(lock.pot).or_default();
        let amount = u128::from(lock.amount);
        match (lock.stage, lock.payer) {
            (Stage::Locked, _) => *locked += amount,
            (Stage::Released, _) | (Stage::Refunded, Some(_)) => *paid_out += amount,
            (Stage::Refunded, None) => {}
        }
    });
    let mut vaults: BTreeMap<AccountId, u128> = BTreeMap::new();
    state.for_each::<Pots<E>>(|id, pot| {
        let Pot {
            paid_in,
            paid_out,
            locked,
        } = pot;
        let expected = bound.remove(&id).unwrap_or_default();
        let sound = expected == (locked.into(), paid_out.into())
            && u128::from(paid_in) >= u128::from(paid_out) + u128::from(locked);
        checks.hold(law, sound, || format!("{id:?}: {pot:?}"));
        let left = u128::from(paid_in.saturating_sub(paid_out));
        *vaults.entry(id.vault).or_default() += left;
    });
    if let Some((id, _)) = bound.first_key_value() {
        checks.hold(law, false, || format!("{id:?} is no pot"));
    }
    for (vault, held) in vaults {
        let balance = state.account(vault).map(|account| account.balance.into());
        let expected = u128::from(OPENING_BALANCE) + held;
        checks.hold(law, balance == Some(expected), || {
            format!("vault {} holds {balance:?} and not {expected}", vault.0)
        });
    }
    state.for_each::<Locks<E>>(|_, lock| {
        let due = match lock.stage {
            Stage::Locked => None,
            Stage::Released => Some(lock.payee),
            Stage::Refunded => lock.payer,
        };
        checks.hold(PAID, lock.paid_to == due, || format!("{lock:?}"));
    });
}

#[cfg(test)]
mod tests {
    use super::{Checks, DETAIL_LIMIT};

    #[test]
    fn a_detail_of_thousands_of_numbers_is_cut() {
        let mut checks = Checks::default();
        checks.hold("a law", false, || format!("{:?}", Vec::from_iter(0..9_999)));
        let breach = checks.result().expect_err("a law does not hold");
        assert!(breach.detail.starts_with("[0, 1, 2,"));
        assert!(breach.detail.ends_with(" ... (58884 bytes in all)"));
        assert!(breach.detail.len() < DETAIL_LIMIT + 40);

        let mut checks = Checks::default();
        checks.hold("a law", false, || "\u{e9}".repeat(DETAIL_LIMIT));
        let breach = checks.result().expect_err("a law does not hold");
        assert!(breach.detail.ends_with(" ... (800 bytes in all)"));
    }
}
