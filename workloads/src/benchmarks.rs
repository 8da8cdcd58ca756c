//! What the standard benchmarks share: clients.
//!
//! A client is a citizen who sends for whomever a benchmark names; none of them cheats or errs.

use groma_ledger::{AccountId, Genesis};
use rand::Rng;

use crate::people::{OPENING_BALANCE, People};
use crate::population::below;
use crate::workload::WorkloadSetup;

/// Those who send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clients {
    people: People,
    count: u64,
}

impl Clients {
    /// All citizens.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        Self::at_most(setup, u64::MAX)
    }

    /// So many citizens, or all if there are fewer.
    pub(crate) fn at_most(setup: &WorkloadSetup, limit: u64) -> Self {
        let people = setup.people;
        let count = people.citizens().min(limit);
        Self { people, count }
    }

    /// Any of them.
    pub(crate) fn draw(&self, rng: &mut dyn Rng) -> AccountId {
        self.people.citizen(below(rng, self.count))
    }

    /// Opens everybody's account.
    pub(crate) fn open(&self, genesis: &mut Genesis) {
        genesis.accounts = self.people.accounts();
        genesis.balance = OPENING_BALANCE;
    }
}
