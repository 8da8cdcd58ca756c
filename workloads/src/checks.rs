//! How a law is checked: every comparison is counted, and the first that fails is kept.

use std::collections::BTreeMap;

use groma_ledger::{AccountId, State, Table};

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
