//! How a law is checked: every comparison is counted, and the first that fails is kept.

use std::collections::BTreeMap;

use groma_ledger::patterns::audit::{Audited, Counts, Rows};
use groma_ledger::{AccountId, State};

use crate::workload::Breach;

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
                detail: detail(),
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
