//! How a law is checked: every comparison is counted, and the first that fails is kept.

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
