//! Donations (docs/sources.md W10): charities open projects, people give, charities allocate what was
//! given, pay it out and show receipts.
//!
//! ```text
//! project:    create -> Open -- donate --> more in its pots
//! allocation: allocate -> Locked -- disburse --> Released -- publish receipt --> shown
//!                              \- reclaim (after its time) --> Refunded, into the pot
//! ```
//!
//! A disaster sends nearly everybody to one project, so a project has a number of pots, its *shards*,
//! each on a vault of its own, and whoever gives chooses one. One shard is the single counter, on which
//! all donations queue; with many, they go in parallel, as long as no [`DonationTx::Query`] reads them
//! all.
//! Money is held by [`crate::patterns::escrow`].

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::desk::{Desk, permit};
use crate::patterns::escrow::{self, Escrow, Lock, Locks, PotId, Pots, Stage};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about donations.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum DonationTx {
    /// A charity opens a project.
    Create {
        /// A number that is not used.
        project: u64,
        /// The vault of its first shard; the others follow it.
        vault: AccountId,
        /// How many, 1 to [`SHARDS_LIMIT`].
        shards: u16,
        /// Digest of what it is for.
        digest: [u8; 32],
    },
    /// Somebody gives.
    Donate {
        /// To which project, and on which of its vaults.
        pot: PotId,
        /// In cents; zero is malformed.
        amount: u64,
    },
    /// The charity sets aside a part of what was given.
    Allocate {
        /// A number that is not used.
        allocation: AllocationId,
        /// Of which vault.
        vault: AccountId,
        /// For whom.
        payee: AccountId,
        /// In cents; zero is malformed.
        amount: u64,
        /// Until when it is set aside, by the block's timestamp in nanoseconds.
        until_ns: u64,
    },
    /// The charity pays out what it set aside.
    Disburse {
        /// Which.
        allocation: AllocationId,
        /// Of which vault.
        vault: AccountId,
        /// To whom.
        payee: AccountId,
    },
    /// The charity takes back into the pot what was not paid out in time.
    Reclaim {
        /// Which.
        allocation: AllocationId,
        /// Of which vault.
        vault: AccountId,
    },
    /// The charity shows what became of the money.
    PublishReceipt {
        /// Which allocation was spent.
        allocation: AllocationId,
        /// Digest of the receipt.
        digest: [u8; 32],
    },
    /// Somebody asks whether shards of a project were given so much.
    Query {
        /// Which project.
        project: u64,
        /// The vault of the first of these shards.
        vault: AccountId,
        /// How many: one, or all of the project's, or any in a row.
        shards: u16,
        /// In cents.
        at_least: u64,
    },
}

/// The most shards of a project (estimate).
pub const SHARDS_LIMIT: u16 = 64;

/// A part of what was given to a project.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct AllocationId {
    /// Of which project.
    pub project: u64,
    /// Which.
    pub number: u64,
}

/// What people give to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Project {
    /// The charity that answers for it, from zero.
    pub charity: u16,
    /// The vault of its first shard.
    pub vault: AccountId,
    /// How many.
    pub shards: u16,
    /// Digest of what it is for.
    pub digest: [u8; 32],
}

impl Project {
    /// The shard, from zero, that lies on this vault.
    pub fn shard(&self, vault: AccountId) -> Option<u64> {
        let shard = vault.0.checked_sub(self.vault.0)?;
        (shard < u64::from(self.shards)).then_some(shard)
    }
}

/// Projects by number.
pub struct Projects;

impl Table for Projects {
    const ID: u8 = 128;
    const NAME: &'static str = "donation_projects";
    type Key = u64;
    type Value = Project;
}

/// Donations as something that holds money: a pot's purpose is its project.
pub struct Donation;

impl Escrow for Donation {
    const POTS: u8 = 129;
    const POTS_NAME: &'static str = "donation_pots";
    const LOCKS: u8 = 130;
    const LOCKS_NAME: &'static str = "donation_allocations";
    type Id = AllocationId;
}

/// Receipts by the allocation that was spent.
pub struct Receipts;

impl Table for Receipts {
    const ID: u8 = 131;
    const NAME: &'static str = "donation_receipts";
    type Key = AllocationId;
    type Value = [u8; 32];
}

/// Who is who in the world of donations. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Who opens projects.
    pub charities: Seats,
    /// Where the money lies: accounts for which nobody signs.
    pub vaults: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 132;
    const NAME: &'static str = "donation_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for DonationTx {
    fn kind(&self) -> &'static str {
        match self {
            DonationTx::Create { .. } => "donation.create",
            DonationTx::Donate { .. } => "donation.donate",
            DonationTx::Allocate { .. } => "donation.allocate",
            DonationTx::Disburse { .. } => "donation.disburse",
            DonationTx::Reclaim { .. } => "donation.reclaim",
            DonationTx::PublishReceipt { .. } => "donation.publish_receipt",
            DonationTx::Query { .. } => "donation.query",
        }
    }

    fn touches(&self, _: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match *self {
            DonationTx::Create { project, .. } => touches.write::<Projects>(&project),
            DonationTx::Donate { pot, .. } => {
                touches.read::<Projects>(&pot.purpose);
                escrow::touch_pot::<Donation>(&pot, touches);
            }
            DonationTx::Allocate {
                allocation, vault, ..
            }
            | DonationTx::Reclaim { allocation, vault } => {
                touches.read::<Projects>(&allocation.project);
                touches.write::<Pots<Donation>>(&allocation.pot(vault));
                touches.write::<Locks<Donation>>(&allocation);
            }
            DonationTx::Disburse {
                allocation,
                vault,
                payee,
            } => {
                touches.read::<Projects>(&allocation.project);
                escrow::touch_end::<Donation>(&allocation, &allocation.pot(vault), payee, touches);
            }
            DonationTx::PublishReceipt { allocation, .. } => {
                touches.read::<Projects>(&allocation.project);
                touches.read::<Locks<Donation>>(&allocation);
                touches.write::<Receipts>(&allocation);
            }
            DonationTx::Query {
                project,
                vault,
                shards,
                ..
            } => {
                touches.read::<Projects>(&project);
                for pot in pots(project, vault, shards) {
                    touches.read::<Pots<Donation>>(&pot);
                }
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            DonationTx::Create {
                project,
                vault,
                shards,
                digest,
            } => desk.open_project(project, vault, shards, digest),
            DonationTx::Donate { pot, amount } => {
                escrow::outside(desk.registry.vaults, context.sender)?;
                let project = desk.entry::<Projects>(&pot.purpose)?;
                project.shard(pot.vault).ok_or(Reason::UnknownRecord)?;
                escrow::pay_in::<Donation, _>(&mut desk, pot, amount)
            }
            DonationTx::Allocate {
                allocation,
                vault,
                payee,
                amount,
                until_ns,
            } => {
                desk.only_charity(allocation.project)?;
                escrow::outside(desk.registry.vaults, payee)?;
                let terms = Lock {
                    pot: allocation.pot(vault),
                    amount,
                    payee,
                    payer: None,
                    until_ns,
                    stage: Stage::Locked,
                    paid_to: None,
                };
                escrow::lock::<Donation, _>(&mut desk, allocation, terms)
            }
            DonationTx::Disburse {
                allocation,
                vault,
                payee,
            } => {
                desk.only_charity(allocation.project)?;
                escrow::release::<Donation, _>(&mut desk, allocation, allocation.pot(vault), payee)
            }
            DonationTx::Reclaim { allocation, vault } => {
                desk.only_charity(allocation.project)?;
                escrow::refund::<Donation, _>(&mut desk, allocation, allocation.pot(vault), None)
            }
            DonationTx::PublishReceipt { allocation, digest } => desk.publish(allocation, digest),
            DonationTx::Query {
                project,
                vault,
                shards,
                at_least,
            } => desk.query(project, vault, shards, at_least),
        }
    }
}

impl AllocationId {
    /// Its pot, if it is of that vault.
    fn pot(self, vault: AccountId) -> PotId {
        let purpose = self.project;
        PotId { purpose, vault }
    }
}

/// The pots of shards in a row.
fn pots(project: u64, vault: AccountId, shards: u16) -> impl Iterator<Item = PotId> {
    (0..u64::from(shards.min(SHARDS_LIMIT))).map(move |shard| PotId {
        purpose: project,
        vault: AccountId(vault.0.saturating_add(shard)),
    })
}

impl Desk<'_, '_, Registry> {
    fn open_project(
        &mut self,
        number: u64,
        vault: AccountId,
        shards: u16,
        digest: [u8; 32],
    ) -> Result<(), Reason> {
        let charity = self.only_one_of(self.registry.charities)?;
        if !(1..=SHARDS_LIMIT).contains(&shards) {
            return Err(Reason::Malformed);
        }
        let last = AccountId(vault.0.saturating_add(u64::from(shards) - 1));
        let vaults = self.registry.vaults;
        if vaults.seat(vault).is_none() || vaults.seat(last).is_none() {
            return Err(Reason::UnknownRecord);
        }
        let project = Project {
            charity: u16::try_from(charity).map_err(|_| Reason::NotPermitted)?,
            vault,
            shards,
            digest,
        };
        self.create::<Projects>(number, project)
    }

    fn publish(&mut self, id: AllocationId, digest: [u8; 32]) -> Result<(), Reason> {
        self.only_charity(id.project)?;
        match self.entry::<Locks<Donation>>(&id)?.stage {
            Stage::Released => self.create::<Receipts>(id, digest),
            Stage::Locked | Stage::Refunded => Err(Reason::WrongState),
        }
    }

    fn query(
        &mut self,
        number: u64,
        vault: AccountId,
        shards: u16,
        at_least: u64,
    ) -> Result<(), Reason> {
        let project = self.entry::<Projects>(&number)?;
        let last = AccountId(vault.0.saturating_add(u64::from(shards.max(1)) - 1));
        if shards == 0 || project.shard(vault).is_none() || project.shard(last).is_none() {
            return Err(Reason::UnknownRecord);
        }
        let mut given = 0_u64;
        for pot in pots(number, vault, shards) {
            let pot = self.access.get::<Pots<Donation>>(&pot);
            given = given.saturating_add(pot.map_or(0, |pot| pot.paid_in));
        }
        if given >= at_least {
            Ok(())
        } else {
            Err(Reason::FalseClaim)
        }
    }

    /// The sender must speak for the charity that answers for a project.
    fn only_charity(&mut self, project: u64) -> Result<(), Reason> {
        let charity = self.only_one_of(self.registry.charities)?;
        let project = self.entry::<Projects>(&project)?;
        permit(u32::from(project.charity) == charity)
    }
}

/// Pots by project and vault, for those who look into the state.
pub type DonationPots = Pots<Donation>;
/// Allocations, for those who look into the state.
pub type Allocations = Locks<Donation>;
