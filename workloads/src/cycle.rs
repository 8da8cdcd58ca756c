//! The life cycle of one kind of record, lived by people of whom a few cheat and a few err.
//!
//! A [`Cycle`] knows its steps; [`Living`] decides whose turn it is and makes a workload of it. An
//! attack or a mistake that has nothing to work on yet gives its turn to an honest step, so that the
//! load is never short. Knows no kind.

use core::time::Duration;

use groma_ledger::roles::Seats;
use groma_ledger::{AccountId, Genesis, State};
use rand::Rng;

use crate::population::{Chance, below};
use crate::workload::{Breach, Draft, Intent, Workload, WorkloadSetup};

/// The steps of one kind of record, and its law.
pub(crate) trait Cycle: Send {
    /// The name that a scenario uses.
    const NAME: &'static str;

    /// Prepares the first state: who is who, and a stock to follow up on.
    fn genesis(&self, genesis: &mut Genesis);

    /// See [`Workload::leave_out`].
    fn leave_out(&mut self, _step: &str) -> bool {
        false
    }

    /// See [`Workload::next_step`].
    fn step(&mut self, _step: &str, _now: Duration, _rng: &mut dyn Rng) -> Option<Draft> {
        None
    }

    /// See [`Workload::due_at`].
    fn due_at(&self) -> Option<Duration> {
        None
    }

    /// See [`Workload::due`].
    fn due(&mut self) -> Option<Draft> {
        None
    }

    /// A step of the catalogue's mix. Where its parent is missing, the first step of the cycle.
    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft;

    /// What the ledger must refuse though somebody means it, if there is something to attack.
    fn attack(&mut self, _now: Duration, _rng: &mut dyn Rng) -> Option<Draft> {
        None
    }

    /// What the ledger must refuse because somebody erred, if there is something to err about.
    fn mistake(&mut self, _now: Duration, _rng: &mut dyn Rng) -> Option<Draft> {
        None
    }

    /// See [`Workload::numbered`].
    fn numbered(&mut self, _now: Duration, _nonce: u64) {}

    /// See [`Workload::check`].
    ///
    /// # Errors
    /// The first [`Breach`] found.
    fn check(&self, state: &State) -> Result<u64, Breach>;
}

/// A workload of one kind of record.
#[derive(Debug)]
pub(crate) struct Living<C> {
    cycle: C,
    attack: Chance,
    mistake: Chance,
}

impl<C: Cycle + 'static> Living<C> {
    /// A cycle among people who cheat and err as often as the setup says.
    pub(crate) fn boxed(setup: &WorkloadSetup, cycle: C) -> Box<dyn Workload> {
        Box::new(Self {
            cycle,
            attack: Chance::new(f64::from(setup.attack_ppm) / 1e6),
            mistake: Chance::new(f64::from(setup.mistake_ppm) / 1e6),
        })
    }
}

impl<C: Cycle> Workload for Living<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn genesis(&self, genesis: &mut Genesis) {
        self.cycle.genesis(genesis);
    }

    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        if self.attack.draw(rng)
            && let Some(attack) = self.cycle.attack(now, rng)
        {
            return attack.meant(Intent::Attack);
        }
        if self.mistake.draw(rng)
            && let Some(mistake) = self.cycle.mistake(now, rng)
        {
            return mistake.meant(Intent::Mistake);
        }
        self.cycle.honest(now, rng)
    }

    fn leave_out(&mut self, step: &str) -> bool {
        self.cycle.leave_out(step)
    }

    fn next_step(&mut self, step: &str, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        self.cycle.step(step, now, rng)
    }

    fn due_at(&self) -> Option<Duration> {
        self.cycle.due_at()
    }

    fn due(&mut self) -> Option<Draft> {
        self.cycle.due()
    }

    fn numbered(&mut self, now: Duration, nonce: u64) {
        self.cycle.numbered(now, nonce);
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        self.cycle.check(state)
    }
}

/// Stands for the digest of a document.
pub(crate) fn digest(rng: &mut dyn Rng) -> [u8; 32] {
    let mut digest = [0; 32];
    rng.fill_bytes(&mut digest);
    digest
}

/// Any account of these institutions.
pub(crate) fn any_of(seats: Seats, rng: &mut dyn Rng) -> AccountId {
    let all = u64::from(seats.institutions) * u64::from(seats.each);
    AccountId(seats.first.0 + below(rng, all))
}

/// Any account of these institutions but one. There must be two.
pub(crate) fn another_of(seats: Seats, than: AccountId, rng: &mut dyn Rng) -> AccountId {
    let drawn = any_of(seats, rng);
    if drawn == than {
        next_of(seats, drawn)
    } else {
        drawn
    }
}

/// The account after this one among those of these institutions, the first after the last.
pub(crate) fn next_of(seats: Seats, account: AccountId) -> AccountId {
    let all = u64::from(seats.institutions) * u64::from(seats.each);
    AccountId(seats.first.0 + (account.0 + 1 - seats.first.0) % all)
}
