//! Chattel mortgages (docs/sources.md W7): creditors register what secures them; whoever deals with the
//! owner searches; a creditor amends, cedes its rank, releases, or enforces.
//!
//! ```text
//! register -> Live -- amend (never to more), cede (swap ranks with the next) --> Live
//!              +-- release --> Released
//!              +-- enforce (due, and first in rank) --> the collateral is gone, with all liens on it
//! ```
//!
//! Rules: rank is the order of time, and changes by cession alone; a cession swaps a lien and the next
//! that is live, so that nobody else is worse off; only the first enforces, once, and never what was
//! released. All liens on one thing are one record, because their order is. [`MortgageTx::Search`] is
//! an ordered read.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::desk::{Desk, known};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about chattel mortgages.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum MortgageTx {
    /// A creditor registers a lien, behind all that are there.
    Register {
        /// On what.
        asset: AssetId,
        /// How much it secures, in cents; zero is malformed.
        amount: u64,
        /// From when it may be enforced, by the block's timestamp in nanoseconds.
        due_ns: u64,
    },
    /// Somebody asks whether a lien is a creditor's.
    Search {
        /// On what.
        asset: AssetId,
        /// Which, in the order of registration from 0.
        lien: u8,
        /// Whose it is said to be.
        creditor: AccountId,
    },
    /// A creditor secures less than before, or until another day.
    Amend {
        /// On what.
        asset: AssetId,
        /// Which.
        lien: u8,
        /// In cents: at most what it secured.
        amount: u64,
        /// The new day.
        due_ns: u64,
    },
    /// A creditor swaps ranks with the next behind it.
    Cede {
        /// On what.
        asset: AssetId,
        /// The creditor's lien.
        lien: u8,
        /// The lien that is to come before it.
        to: u8,
    },
    /// A creditor gives the collateral free.
    Release {
        /// On what.
        asset: AssetId,
        /// Which.
        lien: u8,
    },
    /// A creditor takes the collateral.
    Enforce {
        /// On what.
        asset: AssetId,
        /// Which.
        lien: u8,
    },
}

/// The most liens on one thing, released ones included (estimate).
pub const LIENS_LIMIT: usize = 8;
/// The most cessions of rank on one thing (estimate).
pub const CESSIONS_LIMIT: usize = 8;

/// Something movable that can be mortgaged.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct AssetId {
    /// Who owns it.
    pub owner: AccountId,
    /// Which of the owner's.
    pub number: u64,
}

/// One lien.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Lien {
    /// Whom it secures.
    pub creditor: AccountId,
    /// How much, in cents.
    pub amount: u64,
    /// Timestamp of the block that registered it.
    pub since_ns: u64,
    /// From when it may be enforced.
    pub due_ns: u64,
    /// Its rank among all on the same thing, from 0.
    pub rank: u8,
    /// When it was released.
    pub released_ns: Option<u64>,
}

impl Lien {
    /// Whether it was not released.
    pub fn is_live(&self) -> bool {
        self.released_ns.is_none()
    }
}

/// One cession of rank.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Cession {
    /// Who went back.
    pub from: u8,
    /// Who went forward.
    pub to: u8,
}

/// How a collateral ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Enforced {
    /// By which lien.
    pub lien: u8,
    /// Timestamp of the block.
    pub at_ns: u64,
}

/// What the ledger holds of a mortgaged thing.
#[derive(Clone, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Collateral {
    /// In the order of registration.
    pub liens: Vec<Lien>,
    /// In the order of time.
    pub cessions: Vec<Cession>,
    /// Whether it is gone.
    pub enforced: Option<Enforced>,
}

/// Collateral by number.
pub struct Collaterals;

impl Table for Collaterals {
    const ID: u8 = 104;
    const NAME: &'static str = "mortgage_collaterals";
    type Key = AssetId;
    type Value = Collateral;
}

/// Who is who in the world of mortgages. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Who lends.
    pub creditors: Seats,
    /// Whose things secure it.
    pub owners: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 105;
    const NAME: &'static str = "mortgage_registry";
    type Key = ();
    type Value = Registry;
}

impl MortgageTx {
    fn asset(&self) -> AssetId {
        match *self {
            MortgageTx::Register { asset, .. }
            | MortgageTx::Search { asset, .. }
            | MortgageTx::Amend { asset, .. }
            | MortgageTx::Cede { asset, .. }
            | MortgageTx::Release { asset, .. }
            | MortgageTx::Enforce { asset, .. } => asset,
        }
    }
}

impl Rule for MortgageTx {
    fn kind(&self) -> &'static str {
        match self {
            MortgageTx::Register { .. } => "mortgage.register",
            MortgageTx::Search { .. } => "mortgage.search",
            MortgageTx::Amend { .. } => "mortgage.amend",
            MortgageTx::Cede { .. } => "mortgage.cede",
            MortgageTx::Release { .. } => "mortgage.release",
            MortgageTx::Enforce { .. } => "mortgage.enforce",
        }
    }

    fn touches(&self, _: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            MortgageTx::Search { asset, .. } => touches.read::<Collaterals>(asset),
            _ => touches.write::<Collaterals>(&self.asset()),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        let asset = self.asset();
        match *self {
            MortgageTx::Register { amount, due_ns, .. } => desk.register(asset, amount, due_ns),
            MortgageTx::Search { lien, creditor, .. } => desk.search(asset, lien, creditor),
            MortgageTx::Amend {
                lien,
                amount,
                due_ns,
                ..
            } => desk.step(asset, lien, |collateral, _| {
                collateral.amend(lien, amount, due_ns)
            }),
            MortgageTx::Cede { lien, to, .. } => {
                desk.step(asset, lien, |collateral, _| collateral.cede(lien, to))
            }
            MortgageTx::Release { lien, .. } => desk.step(asset, lien, |collateral, now_ns| {
                collateral.liens[usize::from(lien)].released_ns = Some(now_ns);
                Ok(())
            }),
            MortgageTx::Enforce { lien, .. } => desk.step(asset, lien, |collateral, now_ns| {
                collateral.enforce(lien, now_ns)
            }),
        }
    }
}

impl Desk<'_, '_, Registry> {
    fn register(&mut self, asset: AssetId, amount: u64, due_ns: u64) -> Result<(), Reason> {
        self.only_one_of(self.registry.creditors)?;
        known(self.registry.owners, asset.owner)?;
        if amount == 0 {
            return Err(Reason::Malformed);
        }
        let mut collateral = self.access.load::<Collaterals>(&asset).unwrap_or_default();
        collateral.check_there()?;
        let rank = collateral.liens.len();
        if rank >= LIENS_LIMIT {
            return Err(Reason::QuotaExceeded);
        }
        collateral.liens.push(Lien {
            creditor: self.context.sender,
            amount,
            since_ns: self.context.timestamp_ns,
            due_ns,
            rank: rank as u8,
            released_ns: None,
        });
        self.access.put::<Collaterals>(asset, collateral);
        Ok(())
    }

    fn search(&mut self, asset: AssetId, lien: u8, creditor: AccountId) -> Result<(), Reason> {
        let collateral = self.access.get::<Collaterals>(&asset);
        let found = collateral.and_then(|collateral| collateral.liens.get(usize::from(lien)));
        if found.ok_or(Reason::Dependency)?.creditor == creditor {
            Ok(())
        } else {
            Err(Reason::FalseClaim)
        }
    }

    /// The creditor of a live lien does something with it.
    fn step(
        &mut self,
        asset: AssetId,
        lien: u8,
        act: impl FnOnce(&mut Collateral, u64) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        let mut collateral = self.entry::<Collaterals>(&asset)?;
        collateral.check_there()?;
        let own = collateral.liens.get(usize::from(lien));
        let own = own.ok_or(Reason::Dependency)?;
        self.only(own.creditor)?;
        if !own.is_live() {
            return Err(Reason::WrongState);
        }
        act(&mut collateral, self.context.timestamp_ns)?;
        self.access.put::<Collaterals>(asset, collateral);
        Ok(())
    }
}

/// The steps of a live lien, which exists.
impl Collateral {
    /// It must not be gone.
    fn check_there(&self) -> Result<(), Reason> {
        match self.enforced {
            None => Ok(()),
            Some(_) => Err(Reason::AlreadySpent),
        }
    }

    /// Securing more would be at the cost of those behind: that takes a new lien.
    fn amend(&mut self, lien: u8, amount: u64, due_ns: u64) -> Result<(), Reason> {
        let lien = &mut self.liens[usize::from(lien)];
        if amount == 0 {
            return Err(Reason::Malformed);
        }
        if amount > lien.amount {
            return Err(Reason::QuotaExceeded);
        }
        (lien.amount, lien.due_ns) = (amount, due_ns);
        Ok(())
    }

    fn cede(&mut self, lien: u8, to: u8) -> Result<(), Reason> {
        let rank = self.liens[usize::from(lien)].rank;
        let behind = |other: &&Lien| other.is_live() && other.rank > rank;
        let next = self.liens.iter().filter(behind).map(|other| other.rank);
        let next = next.min().ok_or(Reason::WrongState)?;
        let other = self.liens.get_mut(usize::from(to));
        let other = other.filter(|other| other.rank == next);
        let other = other.ok_or(Reason::WrongState)?;
        if self.cessions.len() >= CESSIONS_LIMIT {
            return Err(Reason::QuotaExceeded);
        }
        other.rank = rank;
        self.liens[usize::from(lien)].rank = next;
        self.cessions.push(Cession { from: lien, to });
        Ok(())
    }

    fn enforce(&mut self, lien: u8, now_ns: u64) -> Result<(), Reason> {
        let own = self.liens[usize::from(lien)];
        let before = |other: &Lien| other.is_live() && other.rank < own.rank;
        if self.liens.iter().any(before) {
            return Err(Reason::WrongState);
        }
        if now_ns < own.due_ns {
            return Err(Reason::TooEarly);
        }
        self.enforced = Some(Enforced {
            lien,
            at_ns: now_ns,
        });
        Ok(())
    }
}
