//! Several workloads at once, by share.

use core::fmt;
use core::time::Duration;

use groma_ledger::{Genesis, State};
use rand::Rng;

use crate::population::below;
use crate::workload::{Breach, Draft, Workload};

/// What is wrong with a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixFault {
    /// It has no parts.
    Empty,
    /// A share is negative, not a number, or above a million.
    Share,
    /// All shares together come to nothing.
    Nothing,
}

impl fmt::Display for MixFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a mix needs at least one workload",
            Self::Share => "a share must be a number between 0 and 1,000,000",
            Self::Nothing => "the shares of a mix come to nothing",
        })
    }
}

impl std::error::Error for MixFault {}

/// Workloads drawn at random in proportion to their shares; the law is that of every part.
///
/// The draws are independent, because any fixed pattern would keep step with the round robin of
/// gateways and send all invoices through the same one.
pub struct Mix {
    parts: Vec<Part>,
    total: u64,
}

struct Part {
    /// The sum of the shares up to and with this one, in millionths.
    until: u64,
    workload: Box<dyn Workload>,
}

const MAX_SHARE: f64 = 1e6;

impl Mix {
    /// A mix of workloads with their shares, in any unit (they are divided by their sum).
    ///
    /// # Errors
    /// A [`MixFault`] when the shares make no sense.
    pub fn new(shares: Vec<(f64, Box<dyn Workload>)>) -> Result<Self, MixFault> {
        if shares.is_empty() {
            return Err(MixFault::Empty);
        }
        let mut parts = Vec::with_capacity(shares.len());
        let mut total = 0;
        for (share, workload) in shares {
            if !(0.0..=MAX_SHARE).contains(&share) {
                return Err(MixFault::Share);
            }
            total += libm::round(share * 1e6) as u64;
            parts.push(Part {
                until: total,
                workload,
            });
        }
        if total == 0 {
            return Err(MixFault::Nothing);
        }
        Ok(Self { parts, total })
    }
}

impl Workload for Mix {
    fn name(&self) -> &'static str {
        "mix"
    }

    fn genesis(&self, genesis: &mut Genesis) {
        for part in &self.parts {
            part.workload.genesis(genesis);
        }
    }

    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = below(rng, self.total);
        let part = self.parts.iter_mut().find(|part| drawn < part.until);
        part.expect("the last part ends at the total")
            .workload
            .next(now, rng)
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        self.parts
            .iter()
            .try_fold(0, |made, part| Ok(made + part.workload.check(state)?))
    }
}
