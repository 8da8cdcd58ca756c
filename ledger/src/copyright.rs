//! Works and their copyright (docs/sources.md W17): authors register a work by its digest; others license
//! it; shares change hands; the royalties are split; the bureau takes down what copies an earlier work.
//!
//! ```text
//! register -> Registered -- license (fee into the pot) --> Registered
//!                 +-- transfer (a share, or a part of it) --> Registered
//!                 +-- split (the pot to all owners by shares) --> Registered
//!                 +-- takedown (an earlier work is on record) --> TakenDown -- split
//! ```
//!
//! A declaration over [`crate::patterns::shares`] and [`crate::patterns::clearing`]: shares come to the
//! whole, and what licensees pay is in the pot or with the owners. The first registration of a digest
//! stands, and only an earlier registration takes down another.

use crate::access::Access;
use crate::account::AccountId;
use crate::hash::TxId;
use crate::patterns::clearing::{self, Clearing, Positions};
use crate::patterns::desk::{Desk, permit};
use crate::patterns::shares::{OWNERS_LIMIT, Share, Shares};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about works.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum CopyrightTx {
    /// An author registers a work.
    Register {
        /// The digest of the work.
        work: [u8; 32],
        /// What a license costs, in cents; zero is malformed.
        price: u64,
        /// The authors' shares, the sender's among them.
        shares: Box<[Share]>,
    },
    /// Somebody pays for a license.
    License {
        /// Of which.
        work: [u8; 32],
        /// What it costs, in cents.
        price: u64,
    },
    /// An owner gives a share to another, or a part of it.
    Transfer {
        /// Of which.
        work: [u8; 32],
        /// To whom.
        to: AccountId,
        /// In ten-thousandths of the whole.
        points: u16,
    },
    /// An owner splits the royalties among all.
    Split {
        /// Of which.
        work: [u8; 32],
        /// All owners, in order.
        owners: Box<[AccountId]>,
    },
    /// The bureau takes a copy down.
    Takedown {
        /// Which.
        work: [u8; 32],
        /// Of what it is a copy.
        earlier: [u8; 32],
    },
}

/// Why and since when a work is not licensed any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct TakenDown {
    /// Of what it is a copy.
    pub earlier: [u8; 32],
    /// Timestamp of the block.
    pub at_ns: u64,
}

/// What the ledger holds of a work.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Work {
    /// Who owns it.
    pub shares: Shares,
    /// What a license costs, in cents.
    pub price: u64,
    /// Timestamp of the block that registered it.
    pub registered_ns: u64,
    /// What licensees have paid, in cents.
    pub collected: u64,
    /// What owners were paid of it.
    pub paid: u64,
    /// Whether it was taken down.
    pub taken_down: Option<TakenDown>,
}

impl Work {
    /// What is to be split, in cents.
    pub fn pot(&self) -> u64 {
        self.collected.saturating_sub(self.paid)
    }

    fn must_stand(&self) -> Result<(), Reason> {
        match self.taken_down {
            None => Ok(()),
            Some(_) => Err(Reason::WrongState),
        }
    }
}

/// Works by digest.
pub struct Works;

impl Table for Works {
    const ID: u8 = 160;
    const NAME: &'static str = "copyright_works";
    type Key = [u8; 32];
    type Value = Work;
}

/// A license.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct License {
    /// Of which work.
    pub work: [u8; 32],
    /// Whose.
    pub licensee: AccountId,
    /// What it cost, in cents.
    pub fee: u64,
    /// Timestamp of the block.
    pub at_ns: u64,
}

/// Licenses by the transaction that made them.
pub struct Licenses;

impl Table for Licenses {
    const ID: u8 = 161;
    const NAME: &'static str = "copyright_licenses";
    type Key = TxId;
    type Value = License;
}

/// Royalties are cleared.
pub struct Royalties;

impl Clearing for Royalties {
    const POSITIONS: u8 = 162;
    const POSITIONS_NAME: &'static str = "copyright_positions";
}

/// Clearing positions by account: with all pots they come to nothing.
pub type RoyaltyPositions = Positions<Royalties>;

/// Who is who in the world of works. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// The copyright bureau: one institution.
    pub bureau: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 163;
    const NAME: &'static str = "copyright_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for CopyrightTx {
    fn kind(&self) -> &'static str {
        match self {
            CopyrightTx::Register { .. } => "copyright.register",
            CopyrightTx::License { .. } => "copyright.license",
            CopyrightTx::Transfer { .. } => "copyright.transfer",
            CopyrightTx::Split { .. } => "copyright.split",
            CopyrightTx::Takedown { .. } => "copyright.takedown",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            CopyrightTx::Register { work, .. } | CopyrightTx::Transfer { work, .. } => {
                touches.write::<Works>(work);
            }
            CopyrightTx::License { work, .. } => {
                touches.write::<Works>(work);
                touches.write::<Licenses>(&context.id);
                touches.write::<RoyaltyPositions>(&context.sender);
            }
            CopyrightTx::Split { work, owners } => {
                touches.write::<Works>(work);
                for owner in owners.iter().take(OWNERS_LIMIT) {
                    touches.write::<RoyaltyPositions>(owner);
                }
            }
            CopyrightTx::Takedown { work, earlier } => {
                touches.write::<Works>(work);
                touches.read::<Works>(earlier);
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            CopyrightTx::Register {
                work,
                price,
                ref shares,
            } => desk.register(work, price, shares),
            CopyrightTx::License { work, price } => desk.license(work, price),
            CopyrightTx::Transfer { work, to, points } => desk.transfer(work, to, points),
            CopyrightTx::Split { work, ref owners } => desk.split(work, owners),
            CopyrightTx::Takedown { work, earlier } => desk.take_down(work, earlier),
        }
    }
}

impl Desk<'_, '_, Registry> {
    fn register(&mut self, id: [u8; 32], price: u64, shares: &[Share]) -> Result<(), Reason> {
        let shares = Shares::new(shares)?;
        if price == 0 || i64::try_from(price).is_err() {
            return Err(Reason::Malformed);
        }
        let sender = self.context.sender;
        permit(shares.owners().any(|owner| owner == sender))?;
        let work = Work {
            shares,
            price,
            registered_ns: self.context.timestamp_ns,
            collected: 0,
            paid: 0,
            taken_down: None,
        };
        self.create::<Works>(id, work)
    }

    fn license(&mut self, id: [u8; 32], price: u64) -> Result<(), Reason> {
        let mut work = self.entry::<Works>(&id)?;
        work.must_stand()?;
        if work.price != price {
            return Err(Reason::FalseClaim);
        }
        let licensee = self.context.sender;
        let fee = i64::try_from(price).map_err(|_| Reason::Malformed)?;
        clearing::book::<Royalties, _>(self, licensee, -fee)?;
        // Only sums beyond u64 can overflow; refuse, never wrap.
        work.collected = work.collected.checked_add(price).ok_or(Reason::Malformed)?;
        self.access.put::<Works>(id, work);
        let license = License {
            work: id,
            licensee,
            fee: price,
            at_ns: self.context.timestamp_ns,
        };
        self.create::<Licenses>(self.context.id, license)
    }

    fn transfer(&mut self, id: [u8; 32], to: AccountId, points: u16) -> Result<(), Reason> {
        let mut work = self.entry::<Works>(&id)?;
        work.must_stand()?;
        work.shares.give(self.context.sender, to, points)?;
        self.access.put::<Works>(id, work);
        Ok(())
    }

    /// Who owns it now is paid, whoever owned it when it was earned.
    fn split(&mut self, id: [u8; 32], owners: &[AccountId]) -> Result<(), Reason> {
        let mut work = self.entry::<Works>(&id)?;
        let sender = self.context.sender;
        permit(work.shares.owners().any(|owner| owner == sender))?;
        if !work.shares.owners().eq(owners.iter().copied()) {
            return Err(Reason::FalseClaim);
        }
        let pot = work.pot();
        if pot == 0 {
            return Err(Reason::WrongState);
        }
        let mut paid = 0;
        for (owner, part) in work.shares.divide(pot) {
            let credit = i64::try_from(part).map_err(|_| Reason::Malformed)?;
            clearing::book::<Royalties, _>(self, owner, credit)?;
            paid += part;
        }
        work.paid += paid;
        self.access.put::<Works>(id, work);
        Ok(())
    }

    fn take_down(&mut self, id: [u8; 32], earlier: [u8; 32]) -> Result<(), Reason> {
        self.only_one_of(self.registry.bureau)?;
        let since_ns = self.entry::<Works>(&earlier)?.registered_ns;
        let mut work = self.entry::<Works>(&id)?;
        work.must_stand()?;
        if since_ns >= work.registered_ns {
            return Err(Reason::FalseClaim);
        }
        let at_ns = self.context.timestamp_ns;
        work.taken_down = Some(TakenDown { earlier, at_ns });
        self.access.put::<Works>(id, work);
        Ok(())
    }
}
