//! A government's data directory (docs/sources.md W3): 69 agencies publish descriptions of what they
//! have, request from each other, agree, deliver, acknowledge and rate; everybody audits.
//!
//! The mix is the catalogue's, but that an approval is two transactions, of the owner and of the
//! supervisor. Descriptions are large, and two fifths of all are reads of a range. Entries and requests
//! are remembered in bounded lists and followed up once the lag has passed; a stock exists at genesis,
//! and should a list run dry all the same, something is requested instead.
//!
//! Attackers agree in another's place, deliver what not both agreed to, what is another's, or twice,
//! acknowledge what was not sent, and rate what they never had. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::directory::{DirectoryTx, EntryId, RANGE_LIMIT, RequestId};
use groma_ledger::roles::Seats;
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::counters::Counters;
use crate::cycle::{Cycle, any_of, digest};
use crate::parents::Parents;
use crate::people::{People, TERMINALS, seats};
use crate::population::{Weighted, below};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In parts of 112 (W3, of 100 with 13 for approvals and denials): publish, update, request, approve (12
/// requests, twice each), deny, deliver, acknowledge, rate, audit.
const MIX: Weighted<9> = Weighted::new([3, 2, 15, 24, 1, 12, 11, 4, 40]);
/// Departments and districts (docs/sources.md W3: Beijing's directory chain).
const AGENCIES: u32 = 53 + 16;
/// Accounts of each (estimate): they fill the first departments of the city.
const CLERKS: u32 = SUPERVISOR * TERMINALS / AGENCIES;
/// The department that supervises.
const SUPERVISOR: u32 = 39;
/// One update in so many takes an entry out of use (estimate).
const DEPRECATE_ONCE_IN: u64 = 10;
/// One delivery in so many is disputed (estimate).
const DISPUTE_ONCE_IN: u64 = 50;
/// Bytes on the wire of a description (W3).
const LEAST_BYTES: usize = 2_000;
const MOST_BYTES: usize = 20_000;
/// Entries or requests remembered per list.
const REMEMBERED: usize = 1 << 15;

/// A request as those know it who have to do with it.
#[derive(Clone, Copy, Debug)]
struct Asked {
    request: RequestId,
    entry: EntryId,
    /// Whether it is the supervisor who has agreed, or is to agree first.
    supervisor_first: bool,
    /// Stands for the digest of what is sent.
    digest: [u8; 32],
}

/// The workload "directory".
#[derive(Debug)]
pub struct Directory {
    agencies: Seats,
    people: People,
    stock: u32,
    entry_numbers: u64,
    /// By requester: without gaps, so that a range has something in it.
    request_numbers: Counters,
    entries: Parents<EntryId>,
    open: Parents<Asked>,
    /// One has agreed.
    half: Parents<Asked>,
    approved: Parents<Asked>,
    delivered: Parents<Asked>,
    acked: Parents<Asked>,
}

impl Directory {
    /// The directory of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let list = || Parents::new(setup.lag, REMEMBERED);
        let mut directory = Self {
            agencies: agencies(setup.people),
            people: setup.people,
            stock: setup.stock,
            entry_numbers: u64::from(setup.stock),
            request_numbers: Counters::default(),
            entries: Parents::new(setup.lag, REMEMBERED),
            open: list(),
            half: list(),
            approved: list(),
            delivered: list(),
            acked: list(),
        };
        for (asked, shelf) in stock::requests(setup.people, setup.stock) {
            directory.request_numbers.take(asked.request.requester.0);
            directory.entries.stock(asked.entry);
            let list = match shelf {
                stock::Shelf::Open => &mut directory.open,
                stock::Shelf::Half => &mut directory.half,
                stock::Shelf::Approved => &mut directory.approved,
                stock::Shelf::Delivered => &mut directory.delivered,
                stock::Shelf::Acked => &mut directory.acked,
            };
            list.stock(asked);
        }
        directory
    }

    fn publish(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let owner = below(rng, u64::from(AGENCIES)) as u16;
        self.entry_numbers += 1;
        let entry = EntryId {
            owner,
            number: self.entry_numbers,
        };
        self.entries.push(now, entry);
        let digest = digest(rng);
        let tx = DirectoryTx::Publish { entry, digest };
        described(self.clerk(owner, rng), tx, rng)
    }

    fn update(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let entry = self.entries.take(now, rng)?;
        let clerk = self.clerk(entry.owner, rng);
        if below(rng, DEPRECATE_ONCE_IN) == 0 {
            return Some(draft(clerk, DirectoryTx::Deprecate { entry }));
        }
        self.entries.push(now, entry);
        let digest = digest(rng);
        Some(described(clerk, DirectoryTx::Update { entry, digest }, rng))
    }

    fn request(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let entry = *self.entries.look(now, rng)?;
        let requester = self.clerk_but(entry.owner, rng);
        let number = self.request_numbers.take(requester.0);
        let asked = Asked {
            request: RequestId { requester, number },
            entry,
            supervisor_first: below(rng, 2) == 0,
            digest: digest(rng),
        };
        self.open.push(now, asked);
        Some(draft(requester, DirectoryTx::Request { number, entry }))
    }

    /// Half of the approvals are the first, half the second.
    fn approve(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        if below(rng, 2) == 0
            && let Some(asked) = self.half.take(now, rng)
        {
            self.approved.push(now, asked);
            return Some(self.approval(&asked, !asked.supervisor_first, rng));
        }
        let asked = self.open.take(now, rng)?;
        self.half.push(now, asked);
        Some(self.approval(&asked, asked.supervisor_first, rng))
    }

    fn approval(&self, asked: &Asked, by_supervisor: bool, rng: &mut dyn Rng) -> Draft {
        let signer = if by_supervisor {
            self.people.any_clerk(SUPERVISOR, rng)
        } else {
            self.clerk(asked.entry.owner, rng)
        };
        let request = asked.request;
        draft(signer, DirectoryTx::Approve { request })
    }

    fn deny(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let asked = self.open.take(now, rng)?;
        let clerk = self.clerk(asked.entry.owner, rng);
        let request = asked.request;
        Some(draft(clerk, DirectoryTx::Deny { request }))
    }

    fn deliver(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let asked = self.approved.take(now, rng)?;
        self.delivered.push(now, asked);
        Some(delivery(&asked, self.clerk(asked.entry.owner, rng)))
    }

    fn acknowledge(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let asked = self.delivered.take(now, rng)?;
        if below(rng, DISPUTE_ONCE_IN) == 0 {
            let (request, digest) = (asked.request, digest(rng));
            let tx = DirectoryTx::Dispute { request, digest };
            return Some(draft(request.requester, tx));
        }
        self.acked.push(now, asked);
        Some(acknowledgement(&asked, asked.digest))
    }

    fn rate(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let asked = self.acked.take(now, rng)?;
        Some(rating(&asked, 1 + below(rng, 5) as u8))
    }

    /// Some of a requester's requests, one of which was approved.
    fn audit(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let RequestId { requester, number } = self.approved.look(now, rng)?.request;
        let back = below(rng, u64::from(RANGE_LIMIT));
        let tx = DirectoryTx::Audit {
            requester,
            first: number.saturating_sub(back),
            count: RANGE_LIMIT,
        };
        Some(draft(any_of(self.agencies, rng), tx))
    }

    fn clerk(&self, agency: u16, rng: &mut dyn Rng) -> AccountId {
        let seat = u64::from(agency) * u64::from(CLERKS) + below(rng, u64::from(CLERKS));
        AccountId(self.agencies.first.0 + seat)
    }

    /// A clerk of any other agency.
    fn clerk_but(&self, agency: u16, rng: &mut dyn Rng) -> AccountId {
        let others = u64::from(AGENCIES - 1);
        let other = (u64::from(agency) + 1 + below(rng, others)) % u64::from(AGENCIES);
        self.clerk(other as u16, rng)
    }
}

/// The seats of the agencies.
fn agencies(people: People) -> Seats {
    seats(people.department(0, 0), AGENCIES, CLERKS)
}

fn delivery(asked: &Asked, sender: AccountId) -> Draft {
    let (request, digest) = (asked.request, asked.digest);
    draft(sender, DirectoryTx::Deliver { request, digest })
}

fn acknowledgement(asked: &Asked, digest: [u8; 32]) -> Draft {
    let request = asked.request;
    let tx = DirectoryTx::Acknowledge { request, digest };
    draft(request.requester, tx)
}

fn rating(asked: &Asked, stars: u8) -> Draft {
    let request = asked.request;
    draft(request.requester, DirectoryTx::Rate { request, stars })
}

/// A transaction that carries a description.
fn described(sender: AccountId, tx: DirectoryTx, rng: &mut dyn Rng) -> Draft {
    let wire = LEAST_BYTES + below(rng, (MOST_BYTES - LEAST_BYTES + 1) as u64) as usize;
    Draft::sized(sender, Body::Directory(tx), wire)
}

/// Fills a transaction up to its size (W3; a rating and an audit are estimates).
fn draft(sender: AccountId, tx: DirectoryTx) -> Draft {
    let wire = match &tx {
        DirectoryTx::Publish { .. } | DirectoryTx::Update { .. } => LEAST_BYTES,
        DirectoryTx::Request { .. } => 400,
        DirectoryTx::Approve { .. } | DirectoryTx::Deny { .. } | DirectoryTx::Deprecate { .. } => {
            350
        }
        DirectoryTx::Deliver { .. } => 320,
        DirectoryTx::Acknowledge { .. }
        | DirectoryTx::Dispute { .. }
        | DirectoryTx::Rate { .. }
        | DirectoryTx::Audit { .. } => 250,
    };
    Draft::sized(sender, Body::Directory(tx), wire)
}

impl Cycle for Directory {
    const NAME: &'static str = "directory";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.update(now, rng),
            2 => self.request(now, rng),
            3 => self.approve(now, rng),
            4 => self.deny(now, rng),
            5 => self.deliver(now, rng),
            6 => self.acknowledge(now, rng),
            7 => self.rate(now, rng),
            _ => self.audit(now, rng),
        };
        drawn.unwrap_or_else(|| self.publish(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 7) {
            0 => {
                let asked = *self.half.look(now, rng)?;
                Some(delivery(&asked, self.clerk(asked.entry.owner, rng)))
            }
            1 => {
                // One agrees for both.
                let asked = *self.half.look(now, rng)?;
                Some(self.approval(&asked, asked.supervisor_first, rng))
            }
            2 => {
                let request = self.half.look(now, rng)?.request;
                Some(draft(request.requester, DirectoryTx::Approve { request }))
            }
            3 => {
                let asked = *self.approved.look(now, rng)?;
                Some(delivery(&asked, self.clerk_but(asked.entry.owner, rng)))
            }
            4 => {
                let asked = *self.delivered.look(now, rng)?;
                Some(delivery(&asked, self.clerk(asked.entry.owner, rng)))
            }
            5 => {
                let asked = *self.delivered.look(now, rng)?;
                Some(acknowledgement(&asked, digest(rng)))
            }
            _ => Some(rating(self.delivered.look(now, rng)?, 1)),
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let entry = *self.entries.look(now, rng)?;
        let owner = self.clerk(entry.owner, rng);
        match below(rng, 4) {
            0 => {
                let digest = digest(rng);
                Some(draft(owner, DirectoryTx::Publish { entry, digest }))
            }
            1 => {
                let (other, digest) = (self.clerk_but(entry.owner, rng), digest(rng));
                Some(draft(other, DirectoryTx::Update { entry, digest }))
            }
            2 => {
                // It has that itself.
                let number = u64::MAX;
                Some(draft(owner, DirectoryTx::Request { number, entry }))
            }
            _ => Some(rating(self.acked.look(now, rng)?, 0)),
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.agencies, self.people.departments(SUPERVISOR, 1), state)
    }
}
