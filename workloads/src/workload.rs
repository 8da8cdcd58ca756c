//! What a workload is: a source of transactions that carries its own law.
//!
//! A workload never learns what became of its transactions (open loop). It may remember what it has
//! asked for, in bounded memory, so that later transactions can follow up on earlier ones; whether
//! the parent made it into the ledger in time is then the ledger's answer. This file knows no
//! particular workload but the table of them.

use core::fmt;
use core::time::Duration;

use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::addresses::Addresses;
use crate::blobs::Blobs;
use crate::components::Components;
use crate::credit::Credit;
use crate::cycle::Living;
use crate::donations::Donations;
use crate::evidence::Evidence;
use crate::identity::Identity;
use crate::invoices::Invoices;
use crate::medical::Medical;
use crate::payments::Payments;
use crate::people::{People, PopulationFault};
use crate::receivables::Receivables;
use crate::remittances::Remittances;
use crate::traceability::Traceability;

/// What its author means by a transaction. The ledger never learns it; a test can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Intent {
    /// It should be applied, unless what it follows is not there yet.
    #[default]
    Honest,
    /// Somebody erred: it must be refused.
    Mistake,
    /// Somebody cheats: it must be refused, always.
    Attack,
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
}

impl Draft {
    /// The same with another intent.
    pub(crate) fn meant(self, intent: Intent) -> Self {
        Self { intent, ..self }
    }

    /// A transaction of `wire` bytes with its envelope, as far as the body leaves room for a filler.
    pub(crate) fn sized(sender: AccountId, body: Body, wire: usize) -> Self {
        let fixed = ENVELOPE_BYTES as usize + body.encoded_bytes();
        Self {
            sender,
            filler: wire.saturating_sub(fixed) as u16,
            body,
            intent: Intent::Honest,
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
            attack_ppm: 5_000,
            mistake_ppm: 21_000,
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
}

/// Every workload that there is.
pub const WORKLOADS: &[WorkloadEntry] = &[
    WorkloadEntry {
        name: "addresses",
        source: "docs/sources.md W13",
        summary: "who sits where: 85 % queries, hot buildings, limits, joint changes; 240-420 B",
        build: |setup| Living::boxed(setup, Addresses::new(setup)),
    },
    WorkloadEntry {
        name: "blobs",
        source: "the load of published measurements of consensus",
        summary: "opaque transactions of 512 B each that change no balance",
        build: |setup| Box::new(Blobs::new(setup)),
    },
    WorkloadEntry {
        name: "components",
        source: "docs/sources.md W19",
        summary: "roads, pipes and buildings with their histories; readings in bulk; 280 B each",
        build: |setup| Living::boxed(setup, Components::new(setup)),
    },
    WorkloadEntry {
        name: "credit",
        source: "docs/sources.md W2",
        summary: "credit records: 50 departments report, 30 banks query by consent; 240-600 B",
        build: |setup| Box::new(Credit::new(setup)),
    },
    WorkloadEntry {
        name: "donations",
        source: "docs/sources.md W10",
        summary: "donations to one project, on one counter; allocated, paid out, shown; 220-360 B",
        build: |setup| Living::boxed(setup, Donations::<1>::new(setup)),
    },
    WorkloadEntry {
        name: "donations-sharded",
        source: "docs/sources.md W10",
        summary: "the same on 16 counters a project, of which each donor uses one; 220-360 B",
        build: |setup| Living::boxed(setup, Donations::<16>::new(setup)),
    },
    WorkloadEntry {
        name: "evidence",
        source: "docs/sources.md W4",
        summary: "judicial evidence: digests in batches, notaries, 21 courts, 22 chains; 262-582 B",
        build: |setup| Living::boxed(setup, Evidence::new(setup)),
    },
    WorkloadEntry {
        name: "identity",
        source: "docs/sources.md W18",
        summary: "identities: keys rotated and revoked, attributes shown field by field; 320 B each",
        build: |setup| Living::boxed(setup, Identity::new(setup)),
    },
    WorkloadEntry {
        name: "invoices",
        source: "docs/sources.md W1",
        summary: "e-invoices from quota to reimbursement; one issuer has 10 %; 220-1,440 B",
        build: |setup| Box::new(Invoices::new(setup)),
    },
    WorkloadEntry {
        name: "medical",
        source: "docs/sources.md W11",
        summary: "medical records in envelopes: consent, referral, emergency, deletion; 260-4,600 B",
        build: |setup| Living::boxed(setup, Medical::new(setup)),
    },
    WorkloadEntry {
        name: "payments",
        source: "docs/sources.md W14",
        summary: "retail transfers to shops and people, and refunds; 280 B each",
        build: |setup| Box::new(Payments::new(setup)),
    },
    WorkloadEntry {
        name: "receivables",
        source: "docs/sources.md W5",
        summary: "what core firms owe: passed down five tiers, split, discounted, settled; 650 B",
        build: |setup| Living::boxed(setup, Receivables::new(setup)),
    },
    WorkloadEntry {
        name: "remittances",
        source: "docs/sources.md W12",
        summary: "cross-border payments locked by hash and time, released or refunded; 280-420 B",
        build: |setup| Living::boxed(setup, Remittances::new(setup)),
    },
    WorkloadEntry {
        name: "traceability",
        source: "docs/sources.md W8",
        summary: "goods from maker to buyer in cases and on pallets; hot articles; 350 B each",
        build: |setup| Living::boxed(setup, Traceability::new(setup)),
    },
];

/// The entry of that name.
pub fn find(name: &str) -> Option<&'static WorkloadEntry> {
    WORKLOADS.iter().find(|entry| entry.name == name)
}
