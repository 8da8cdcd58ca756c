//! What a workload is: a source of transactions that carries its own law.
//!
//! A workload never learns what became of its transactions (open loop). It may remember what it has
//! asked for, in bounded memory, so that later transactions can follow up on earlier ones; whether
//! the parent made it into the ledger in time is then the ledger's answer. This file knows no
//! particular workload.

use core::fmt;
use core::time::Duration;

use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::arrivals::MilliTps;
use crate::people::{People, PopulationFault};

/// Transactions in a million that attack, by default.
pub const ATTACK_PPM: u32 = 5_000;
/// Transactions in a million that are honest mistakes, by default.
pub const MISTAKE_PPM: u32 = 21_000;

/// What its author means by a transaction. The ledger never learns it; whoever measures can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Intent {
    /// It should be applied, unless what it follows is not there yet.
    #[default]
    Honest,
    /// Somebody erred: it must be refused.
    Mistake,
    /// Somebody cheats: it must be refused, unless it overtakes what it attacks.
    Attack,
    /// Somebody cheats where no order helps, with what nobody ever granted him: applied, it is a
    /// violation.
    Intrusion,
}

impl Intent {
    /// Whether somebody cheats.
    pub fn is_attack(self) -> bool {
        matches!(self, Self::Attack | Self::Intrusion)
    }
}

/// A transaction before it has a nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who asks.
    pub sender: AccountId,
    /// Bytes of opaque document text.
    pub filler: u16,
    /// What is asked.
    pub body: Body,
    /// What is meant.
    pub intent: Intent,
    /// A nonce that the sender has used, to use it again; nothing for the next one.
    pub again: Option<u64>,
}

impl Draft {
    /// The same with another intent; an intrusion stays one among attacks.
    pub(crate) fn meant(self, intent: Intent) -> Self {
        match (self.intent, intent) {
            (Intent::Intrusion, Intent::Attack) => self,
            _ => Self { intent, ..self },
        }
    }

    /// The same, meant as a mistake if it is one; an attack stays an attack.
    pub(crate) fn erring(self, wrong: bool) -> Self {
        if wrong && self.intent == Intent::Honest {
            self.meant(Intent::Mistake)
        } else {
            self
        }
    }

    /// The same with a nonce that the sender has used: an attack.
    pub(crate) fn again(self, nonce: u64) -> Self {
        Self {
            intent: Intent::Attack,
            again: Some(nonce),
            ..self
        }
    }

    /// A transaction of `wire` bytes with its envelope, as far as the body leaves room for a filler.
    pub(crate) fn sized(sender: AccountId, body: Body, wire: usize) -> Self {
        let fixed = ENVELOPE_BYTES as usize + body.encoded_bytes();
        Self::filled(sender, wire.saturating_sub(fixed) as u16, body)
    }

    /// An honest transaction, the sender's next.
    pub(crate) fn filled(sender: AccountId, filler: u16, body: Body) -> Self {
        Self {
            sender,
            filler,
            body,
            intent: Intent::Honest,
            again: None,
        }
    }
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which law, in a few words.
    pub law: &'static str,
    /// Where and how it is broken.
    pub detail: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.detail)
    }
}

impl std::error::Error for Breach {}

/// What people submit, and what must stay true of the ledger.
pub trait Workload: Send {
    /// The name that a scenario uses.
    fn name(&self) -> &'static str;

    /// Prepares the first state: accounts, roles, quotas, a stock of records to follow up on.
    fn genesis(&self, genesis: &mut Genesis);

    /// What is submitted at the intended time `now`, which never decreases from call to call.
    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft;

    /// As [`Workload::next`], from the part of that name: what a row of a trace asks for. `None` if
    /// there is no such part.
    fn next_of(&mut self, part: &str, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        (part == self.name()).then(|| self.next(now, rng))
    }

    /// Leaves a step out of its mix from now on, because it comes at a rate of its own, by
    /// [`Workload::next_step`]. Whether it has one of that name that can: see [`crate::steps`].
    fn leave_out(&mut self, _step: &str) -> bool {
        false
    }

    /// As [`Workload::next`], a transaction of that step, if it has one that can stand apart. Where
    /// its parent is missing, another step's.
    fn next_step(&mut self, _step: &str, _now: Duration, _rng: &mut dyn Rng) -> Option<Draft> {
        None
    }

    /// When something is due next by the clock, on top of what people do and whatever the load is;
    /// `None` where nothing ever is. It rises with each [`Workload::due`].
    fn due_at(&self) -> Option<Duration> {
        None
    }

    /// What is due then. It is no matter of chance, so that people do the same with it and without.
    fn due(&mut self) -> Option<Draft> {
        None
    }

    /// Hears the nonce of what was drawn last, submitted at `now`: whoever submits something again must
    /// know it.
    fn numbered(&mut self, _now: Duration, _nonce: u64) {}

    /// Checks the law against a state by a full scan of the workload's own records; returns the
    /// number of comparisons made.
    ///
    /// # Errors
    /// The first [`Breach`] found.
    fn check(&self, state: &State) -> Result<u64, Breach>;
}

/// What a workload is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkloadSetup {
    /// The accounts that everybody shares.
    pub people: People,
    /// How long after its parent a follow-up is intended. It must exceed the finality latency for
    /// the parent to be there in time; a follow-up that comes too early is refused as a dependency.
    pub lag: Duration,
    /// Records of each kind that exist at genesis, so that follow-ups have parents during the first
    /// `lag`.
    pub stock: u32,
    /// Transactions in a million that attack (spend twice, read without consent) and must be
    /// refused.
    pub attack_ppm: u32,
    /// Transactions in a million that are honest mistakes and must be refused.
    pub mistake_ppm: u32,
}

impl WorkloadSetup {
    /// The defaults for a city of `citizens`: a lag of 2 s (estimate; the true lags are days, which
    /// no run of minutes could show), a stock for 40,000 TPS, attacks of 0.5 % and refusals of 2.6
    /// % in all (docs/sources.md W1: the steady state of Italy's exchange system).
    ///
    /// # Errors
    /// [`PopulationFault`] when the population is out of range.
    pub fn of_city(citizens: u64) -> Result<Self, PopulationFault> {
        let people = People::new(citizens)?;
        Ok(Self {
            people,
            lag: Duration::from_secs(2),
            stock: 32_768,
            attack_ppm: ATTACK_PPM,
            mistake_ppm: MISTAKE_PPM,
        })
    }
}

/// One line of the table of workloads.
#[derive(Clone, Copy, Debug)]
pub struct WorkloadEntry {
    /// The name that a scenario uses.
    pub name: &'static str,
    /// Where its shape comes from.
    pub source: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Builds it.
    pub build: fn(&WorkloadSetup) -> Box<dyn Workload>,
    /// What [`Workload::due`] adds to any load.
    pub by_clock: MilliTps,
}
