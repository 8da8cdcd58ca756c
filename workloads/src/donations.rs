//! Donations (docs/sources.md W10): after a disaster nearly everybody gives to one project; the charity
//! allocates, pays out and publishes receipts.
//!
//! 99 % of the donations go to one project, the hot one. It has one shard ("donations"), on whose balance they all
//! queue, or several ("donations-sharded"), of which each donor's account number chooses one. What was
//! given is allocated in sums of twenty donations. Follow-ups are remembered in bounded lists; a stock
//! exists at genesis, endowed by the charities' own accounts; should a list run dry all the same,
//! somebody donates instead.
//!
//! Attackers allocate another's money or more than there is, pay out twice or to somebody else, take
//! back too early, and publish receipts of what was not paid. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::donation::{AllocationId, DonationTx};
use groma_ledger::patterns::escrow::PotId;
use groma_ledger::{AccountId, Body, Genesis, Hash, State};
use rand::Rng;

use crate::cycle::{Cycle, any_of};
use crate::parents::Parents;
use crate::people::{People, TERMINALS};
use crate::population::{Chance, Weighted, below};
use crate::workload::{Breach, Draft, Intent, WorkloadSetup};

/// In thousandths (estimate): create, donate, allocate, disburse, reclaim, publish a receipt, query.
const MIX: Weighted<7> = Weighted::new([1, 880, 40, 36, 2, 36, 5]);
/// The share of the donations that goes to the one project (W10).
const HOT_SHARE: f64 = 0.99;
/// A donation is CNY 1 to 50 (W10), each alike, in cents.
const YUAN: u64 = 100;
const MOST_YUAN: u64 = 50;
/// So many donations are allocated at once: a little less than the mix makes for each allocation.
const GATHERED: u32 = 20;
/// An allocation is paid out within 30 days (estimate), but for those that are taken back.
const PAYOUT_NS: u64 = 30 * 86_400 * 1_000_000_000;
/// Charities (estimate): departments of the city, each for every sixth project.
pub(crate) const CHARITY: u32 = 30;
pub(crate) const CHARITIES: u32 = 6;
/// Departments whose accounts are vaults: nobody signs for them.
pub(crate) const VAULT: u32 = 37;
pub(crate) const VAULTS: u32 = 2;
/// Projects and allocations remembered per list.
const REMEMBERED: usize = 1 << 15;
const SPENT: usize = 1 << 12;

/// What keeps the two workloads apart when both are in a mix: the hot project, from which the others
/// count on, and a department of vaults.
#[derive(Clone, Copy, Debug)]
struct World {
    shards: u16,
    hot: u64,
    department: u32,
}

impl World {
    const fn of(shards: u16) -> Self {
        if shards == 1 {
            Self {
                shards,
                hot: 0,
                department: VAULT,
            }
        } else {
            Self {
                shards,
                hot: 1 << 32,
                department: VAULT + 1,
            }
        }
    }

    /// The hot project has the first vaults to itself, the others share the rest.
    fn vault(self, people: People, project: u64) -> AccountId {
        let shards = u64::from(self.shards);
        let block = match project - self.hot {
            0 => 0,
            place => 1 + (place - 1) % (u64::from(TERMINALS) / shards - 1),
        };
        AccountId(people.department(self.department, 0).0 + block * shards)
    }
}

/// The shard to which somebody gives.
fn shard_of(donor: AccountId, shards: u16) -> u64 {
    donor.0 % u64::from(shards)
}

/// The charity that answers for a project.
fn charity_of(project: u64) -> u32 {
    (project % u64::from(CHARITIES)) as u32
}

/// A project and the vault of its first shard.
#[derive(Clone, Copy, Debug)]
struct Open {
    project: u64,
    vault: AccountId,
}

/// An allocation.
#[derive(Clone, Copy, Debug)]
struct Part {
    id: AllocationId,
    vault: AccountId,
    payee: AccountId,
}

/// Money of the hot project that is bound to nobody.
#[derive(Clone, Copy, Debug)]
struct Chest {
    vault: AccountId,
    amount: u64,
}

/// The workloads "donations" and "donations-sharded": with that many shards a project.
#[derive(Debug)]
pub struct Donations<const SHARDS: u16> {
    people: People,
    stock: u32,
    lag: Duration,
    hot: Chance,
    projects: u64,
    numbers: u64,
    /// By shard of the hot project: how many donations were gathered, and how much they come to.
    gathered: Vec<(u32, u64)>,
    opened: Parents<Open>,
    chests: Parents<Chest>,
    payable: Parents<Part>,
    /// Their time comes before anybody pays them out.
    late: Parents<Part>,
    paid: Parents<Part>,
    /// As they were before they were paid out or taken back.
    spent: Parents<Part>,
}

impl<const SHARDS: u16> Donations<SHARDS> {
    /// The donations of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let mut donations = Self {
            people: setup.people,
            stock: setup.stock,
            lag: setup.lag,
            hot: Chance::new(HOT_SHARE),
            projects: Self::HOT + 1,
            numbers: u64::from(setup.stock),
            gathered: vec![(0, 0); SHARDS.into()],
            opened: Parents::new(setup.lag, REMEMBERED),
            chests: Parents::new(setup.lag, REMEMBERED),
            payable: Parents::new(setup.lag, REMEMBERED),
            late: Parents::new(setup.lag, REMEMBERED),
            paid: Parents::new(setup.lag, REMEMBERED),
            spent: Parents::new(setup.lag, SPENT),
        };
        for (part, shelf) in stock::parts(setup.people, Self::WORLD, setup.stock) {
            match shelf {
                stock::Shelf::Free => donations.chests.stock(Chest {
                    vault: part.vault,
                    amount: stock::AMOUNT,
                }),
                stock::Shelf::Payable => donations.payable.stock(part),
                stock::Shelf::Late => donations.late.stock(part),
                stock::Shelf::Paid => donations.paid.stock(part),
            }
        }
        donations
    }

    const WORLD: World = World::of(SHARDS);
    const HOT: u64 = Self::WORLD.hot;

    fn vault(&self, project: u64) -> AccountId {
        Self::WORLD.vault(self.people, project)
    }

    fn create(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let project = self.projects;
        self.projects += 1;
        let vault = self.vault(project);
        self.opened.push(now, Open { project, vault });
        self.opening(project, vault, rng)
    }

    fn donate(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let donor = self.people.any_citizen(rng);
        let amount = YUAN * (1 + below(rng, MOST_YUAN));
        let shard = shard_of(donor, SHARDS);
        let opened = if self.hot.draw(rng) {
            None
        } else {
            self.opened.look(now, rng).copied()
        };
        let Open { project, vault } = opened.unwrap_or(Open {
            project: Self::HOT,
            vault: self.vault(Self::HOT),
        });
        let vault = AccountId(vault.0 + shard);
        if project == Self::HOT {
            let (count, sum) = &mut self.gathered[shard as usize];
            *count += 1;
            *sum += amount;
            if *count == GATHERED {
                let amount = std::mem::take(sum);
                *count = 0;
                self.chests.push(now, Chest { vault, amount });
            }
        }
        donation(donor, project, vault, amount)
    }

    fn allocate(&mut self, now: Duration, late: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let Chest { vault, amount } = self.chests.take(now, rng)?;
        self.numbers += 1;
        let part = Part {
            id: AllocationId {
                project: Self::HOT,
                number: self.numbers,
            },
            vault,
            payee: self.people.any_citizen(rng),
        };
        let until_ns = if late {
            // Taken back after two lags: its time, one lag from now, has come by then.
            self.late.push(now.saturating_add(self.lag), part);
            now.saturating_add(self.lag).as_nanos() as u64
        } else {
            self.payable.push(now, part);
            now.as_nanos() as u64 + PAYOUT_NS
        };
        Some(allocation(self.clerk(vault, rng), part, amount, until_ns))
    }

    fn disburse(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let part = self.payable.take(now, rng)?;
        self.paid.push(now, part);
        self.spent.push(now, part);
        Some(disbursement(self.clerk(part.vault, rng), part))
    }

    /// Takes one back, or else sets one aside that will be.
    fn reclaim(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let Some(part) = self.late.take(now, rng) else {
            return self.allocate(now, true, rng);
        };
        self.spent.push(now, part);
        Some(reclamation(self.clerk(part.vault, rng), part))
    }

    fn publish(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let part = self.paid.take(now, rng)?;
        Some(self.receipt(part, rng))
    }

    /// A donor asks after the shard to which he gives: to read all would make them one again.
    fn query(&self, at_least: u64, rng: &mut dyn Rng) -> Draft {
        let donor = self.people.any_citizen(rng);
        let tx = DonationTx::Query {
            project: Self::HOT,
            vault: AccountId(self.vault(Self::HOT).0 + shard_of(donor, SHARDS)),
            shards: 1,
            at_least,
        };
        draft(donor, tx)
    }

    fn opening(&self, project: u64, vault: AccountId, rng: &mut dyn Rng) -> Draft {
        let tx = DonationTx::Create {
            project,
            vault,
            shards: SHARDS,
            digest: digest(project),
        };
        draft(self.official(project, rng), tx)
    }

    fn receipt(&self, part: Part, rng: &mut dyn Rng) -> Draft {
        let tx = DonationTx::PublishReceipt {
            allocation: part.id,
            digest: digest(rng.next_u64()),
        };
        draft(self.clerk(part.vault, rng), tx)
    }

    /// Whoever of the hot project's charity looks after a vault: each shard has clerks of its own, because
    /// a clerk's own transactions queue as well.
    fn clerk(&self, vault: AccountId, rng: &mut dyn Rng) -> AccountId {
        let shards = u64::from(SHARDS);
        let shard = vault.0 - self.vault(Self::HOT).0;
        let seat = shard + shards * below(rng, u64::from(TERMINALS) / shards);
        let charity = CHARITY + charity_of(Self::HOT);
        self.people.department(charity, seat as u32)
    }

    /// Somebody of the charity that answers for a project.
    fn official(&self, project: u64, rng: &mut dyn Rng) -> AccountId {
        let charity = CHARITY + charity_of(project);
        any_of(self.people.departments(charity, 1), rng)
    }
}

/// Stands for the digest of a document.
fn digest(seed: u64) -> [u8; 32] {
    Hash::of(&[b"receipt", &seed.to_le_bytes()]).0
}

fn donation(donor: AccountId, project: u64, vault: AccountId, amount: u64) -> Draft {
    let purpose = project;
    let pot = PotId { purpose, vault };
    draft(donor, DonationTx::Donate { pot, amount })
}

fn allocation(sender: AccountId, part: Part, amount: u64, until_ns: u64) -> Draft {
    let tx = DonationTx::Allocate {
        allocation: part.id,
        vault: part.vault,
        payee: part.payee,
        amount,
        until_ns,
    };
    draft(sender, tx)
}

fn disbursement(sender: AccountId, part: Part) -> Draft {
    let tx = DonationTx::Disburse {
        allocation: part.id,
        vault: part.vault,
        payee: part.payee,
    };
    draft(sender, tx)
}

fn reclamation(sender: AccountId, part: Part) -> Draft {
    let Part { id, vault, .. } = part;
    let allocation = id;
    draft(sender, DonationTx::Reclaim { allocation, vault })
}

/// Fills a transaction up to its size (estimates: a donation is a payment).
fn draft(sender: AccountId, tx: DonationTx) -> Draft {
    let wire = match &tx {
        DonationTx::Donate { .. } => 280,
        DonationTx::Query { .. } => 220,
        _ => 360,
    };
    Draft::sized(sender, Body::Donation(tx), wire)
}

impl<const SHARDS: u16> Cycle for Donations<SHARDS> {
    const NAME: &'static str = if SHARDS == 1 {
        "donations"
    } else {
        "donations-sharded"
    };

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, Self::WORLD, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => Some(self.create(now, rng)),
            1 => None,
            2 => self.allocate(now, false, rng),
            3 => self.disburse(now, rng),
            4 => self.reclaim(now, rng),
            5 => self.publish(now, rng),
            _ => Some(self.query(0, rng)),
        };
        drawn.unwrap_or_else(|| self.donate(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let kind = below(rng, 6);
        let target = if kind == 3 {
            &self.spent
        } else {
            &self.payable
        };
        let part = *target.look(now, rng)?;
        let clerk = self.clerk(part.vault, rng);
        let attack = match kind {
            // Another charity's.
            0 => disbursement(self.official(Self::HOT + 1, rng), part).meant(Intent::Intrusion),
            1 => {
                // More than all the money that there is.
                self.numbers += 1;
                let mut more = part;
                more.id.number = self.numbers;
                let until_ns = now.as_nanos() as u64 + PAYOUT_NS;
                allocation(clerk, more, u64::MAX, until_ns).meant(Intent::Intrusion)
            }
            2 => {
                let payee = self.people.tax(0);
                disbursement(clerk, Part { payee, ..part })
            }
            3 => disbursement(clerk, part),
            4 => reclamation(clerk, part),
            _ => self.receipt(part, rng),
        };
        Some(attack)
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let donor = self.people.any_citizen(rng);
        let vault = self.vault(Self::HOT);
        match below(rng, 5) {
            0 => Some(donation(donor, Self::HOT, vault, 0)),
            1 => Some(donation(donor, u64::MAX, vault, YUAN)),
            // A vault of other projects.
            2 => {
                let other = self.vault(Self::HOT + 1);
                Some(donation(donor, Self::HOT, other, YUAN))
            }
            3 => Some(self.query(u64::MAX, rng)),
            _ => {
                let Open { project, vault } = *self.opened.look(now, rng)?;
                Some(self.opening(project, vault, rng))
            }
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
