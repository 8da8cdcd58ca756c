//! Opaque transactions of one size, as published measurements of consensus use them.
//!
//! The ledger orders them, counts them and changes nothing but the sender's nonce. Law: money is
//! neither made nor lost.

use core::time::Duration;

use groma_ledger::payment::Payment;
use groma_ledger::{Body, Genesis, State};
use rand::Rng;

use crate::people::{OPENING_BALANCE, People};
use crate::population::below;
use crate::workload::{Breach, Draft, Workload, WorkloadSetup};

/// Bytes on the wire: the usual size in the measurements of DAG-based and chained protocols.
const WIRE_BYTES: usize = 512;

/// The workload "blobs".
#[derive(Debug)]
pub struct Blobs {
    people: People,
}

impl Blobs {
    /// Blobs of the citizens of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        Self {
            people: setup.people,
        }
    }
}

impl Workload for Blobs {
    fn name(&self) -> &'static str {
        "blobs"
    }

    fn genesis(&self, genesis: &mut Genesis) {
        genesis.accounts = self.people.accounts();
        genesis.balance = OPENING_BALANCE;
    }

    fn next(&mut self, _now: Duration, rng: &mut dyn Rng) -> Draft {
        let sender = self.people.citizen(below(rng, self.people.citizens()));
        // The smallest body that there is; all the rest is filler.
        let body = Body::Payment(Payment::Balance { of: sender });
        Draft::sized(sender, body, WIRE_BYTES)
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        let (expected, found) = (u128::from(self.people.money()), state.audit().total_balance);
        if expected == found {
            return Ok(1);
        }
        let detail =
            format!("all balances together are {found} cents, and were {expected} at genesis");
        Err(Breach {
            law: "the sum of all balances is constant",
            detail,
        })
    }
}
