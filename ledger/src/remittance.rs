//! Cross-border payment (docs/sources.md W12) as an escrow on one ledger: a bank quotes, the payer locks
//! money under a hash and a time, compliance clears it, and the payee takes it with the preimage, or
//! the payer takes it back when the time has come.
//!
//! ```text
//! quote -> lock -> Locked -- clear (passed) -- release (preimage, in time) --> Released
//!                        \-- clear (failed), or nobody came -- refund (after its time) --> Refunded
//! ```
//!
//! The ledger abroad would hold a second lock under the same hash; here both legs are one. Time is the
//! block's timestamp, so that all replicas agree which side of it a release is on. Money is held by
//! [`crate::patterns::escrow`], which lets it go one way only.

use crate::access::Access;
use crate::account::AccountId;
use crate::hash;
use crate::patterns::desk::{Desk, permit};
use crate::patterns::escrow::{self, Escrow, Lock, Locks, PotId, Pots, Stage};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about remittances.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum RemittanceTx {
    /// A bank offers a rate.
    Quote {
        /// The bank's own, and a number that it has not used.
        quote: QuoteId,
        /// What arrives of a million; zero is malformed.
        rate_ppm: u32,
        /// Until when, by the block's timestamp in nanoseconds.
        until_ns: u64,
    },
    /// The payer locks money at a quote.
    Lock(Box<Order>),
    /// The compliance office says whether it may be paid out.
    Clear {
        /// Which.
        transfer: TransferId,
        /// Whether it may.
        passed: bool,
    },
    /// The payee takes it.
    Release {
        /// Which.
        transfer: TransferId,
        /// On which vault it lies.
        vault: AccountId,
        /// Of the hash under which it was locked.
        preimage: [u8; 32],
    },
    /// The payer takes it back.
    Refund {
        /// The payer's number.
        number: u64,
        /// On which vault it lies.
        vault: AccountId,
    },
}

/// What a payer locks.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// A number that the payer has not used.
    pub number: u64,
    /// At which quote.
    pub quote: QuoteId,
    /// On which vault.
    pub vault: AccountId,
    /// For whom.
    pub payee: AccountId,
    /// In cents; zero is malformed.
    pub amount: u64,
    /// Of the preimage that the payee knows.
    pub hash: [u8; 32],
    /// From when it goes back, by the block's timestamp in nanoseconds.
    pub until_ns: u64,
}

/// A quote of a bank.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct QuoteId {
    /// Which bank, from zero.
    pub bank: u16,
    /// The bank's number.
    pub number: u64,
}

/// A remittance of a payer.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct TransferId {
    /// Whose.
    pub payer: AccountId,
    /// The payer's number.
    pub number: u64,
}

/// A rate that a bank offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Quote {
    /// What arrives of a million.
    pub rate_ppm: u32,
    /// Until when.
    pub until_ns: u64,
}

impl Quote {
    /// What arrives of an amount, rounded down; nothing if it is too large to be counted.
    pub fn arrives(&self, amount: u64) -> Option<u64> {
        let arrives = u128::from(amount) * u128::from(self.rate_ppm) / 1_000_000;
        u64::try_from(arrives).ok()
    }
}

/// Quotes by bank and number.
pub struct Quotes;

impl Table for Quotes {
    const ID: u8 = 144;
    const NAME: &'static str = "remittance_quotes";
    type Key = QuoteId;
    type Value = Quote;
}

/// Remittances as something that holds money. All pots are for one purpose.
pub struct Remittance;

impl Escrow for Remittance {
    const POTS: u8 = 145;
    const POTS_NAME: &'static str = "remittance_pots";
    const LOCKS: u8 = 146;
    const LOCKS_NAME: &'static str = "remittance_locks";
    type Id = TransferId;
}

/// What is known of a remittance besides its lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// At which quote.
    pub quote: QuoteId,
    /// Under which hash.
    pub hash: [u8; 32],
    /// What the payee has abroad once it is released, at the rate of the quote.
    pub arrives: u64,
    /// Whether compliance has passed it; nothing before it has spoken.
    pub cleared: Option<bool>,
    /// What the payee has shown.
    pub preimage: Option<[u8; 32]>,
    /// Timestamp of the block that released or refunded it.
    pub ended_ns: Option<u64>,
}

/// Remittances by payer and number.
pub struct Transfers;

impl Table for Transfers {
    const ID: u8 = 147;
    const NAME: &'static str = "remittances";
    type Key = TransferId;
    type Value = Transfer;
}

/// Who is who in the world of remittances. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Who quotes.
    pub banks: Seats,
    /// Who clears: one institution.
    pub compliance: Seats,
    /// Where the money lies: accounts for which nobody signs.
    pub vaults: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 148;
    const NAME: &'static str = "remittance_registry";
    type Key = ();
    type Value = Registry;
}

/// The pot of a vault.
pub fn pot(vault: AccountId) -> PotId {
    PotId { purpose: 0, vault }
}

/// The hash under which a payee's secret locks money.
pub fn hash_of(preimage: &[u8; 32]) -> [u8; 32] {
    hash::Hash::of(&[preimage]).0
}

impl Rule for RemittanceTx {
    fn kind(&self) -> &'static str {
        match self {
            RemittanceTx::Quote { .. } => "remittance.quote",
            RemittanceTx::Lock(_) => "remittance.lock",
            RemittanceTx::Clear { .. } => "remittance.clear",
            RemittanceTx::Release { .. } => "remittance.release",
            RemittanceTx::Refund { .. } => "remittance.refund",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            RemittanceTx::Quote { quote, .. } => touches.write::<Quotes>(quote),
            RemittanceTx::Lock(order) => {
                let id = own(context, order.number);
                touches.read::<Quotes>(&order.quote);
                touches.write::<Transfers>(&id);
                touches.write::<Locks<Remittance>>(&id);
                escrow::touch_pot::<Remittance>(&pot(order.vault), touches);
            }
            RemittanceTx::Clear { transfer, .. } => touches.write::<Transfers>(transfer),
            RemittanceTx::Release {
                transfer, vault, ..
            } => {
                touches.write::<Transfers>(transfer);
                escrow::touch_end::<Remittance>(transfer, &pot(*vault), context.sender, touches);
            }
            RemittanceTx::Refund { number, vault } => {
                let id = own(context, *number);
                touches.write::<Transfers>(&id);
                escrow::touch_end::<Remittance>(&id, &pot(*vault), context.sender, touches);
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            RemittanceTx::Quote {
                quote,
                rate_ppm,
                until_ns,
            } => desk.quote(quote, rate_ppm, until_ns),
            RemittanceTx::Lock(ref order) => desk.lock(order),
            RemittanceTx::Clear { transfer, passed } => desk.clear(transfer, passed),
            RemittanceTx::Release {
                transfer,
                vault,
                preimage,
            } => desk.release(transfer, vault, preimage),
            RemittanceTx::Refund { number, vault } => desk.refund(own(context, number), vault),
        }
    }
}

/// Only the payer can name this remittance.
fn own(context: &Context, number: u64) -> TransferId {
    let payer = context.sender;
    TransferId { payer, number }
}

impl Desk<'_, '_, Registry> {
    fn quote(&mut self, id: QuoteId, rate_ppm: u32, until_ns: u64) -> Result<(), Reason> {
        permit(self.only_one_of(self.registry.banks)? == u32::from(id.bank))?;
        if rate_ppm == 0 || until_ns <= self.context.timestamp_ns {
            return Err(Reason::Malformed);
        }
        self.create::<Quotes>(id, Quote { rate_ppm, until_ns })
    }

    fn lock(&mut self, order: &Order) -> Result<(), Reason> {
        let Order {
            number,
            quote,
            vault,
            payee,
            amount,
            hash,
            until_ns,
        } = *order;
        let payer = self.context.sender;
        let vaults = self.registry.vaults;
        vaults.seat(vault).ok_or(Reason::UnknownRecord)?;
        escrow::outside(vaults, payer)?;
        escrow::outside(vaults, payee)?;
        let rate = self.entry::<Quotes>(&quote)?;
        if rate.until_ns <= self.context.timestamp_ns {
            return Err(Reason::WrongState);
        }
        let id = own(self.context, number);
        let transfer = Transfer {
            quote,
            hash,
            arrives: rate.arrives(amount).ok_or(Reason::Malformed)?,
            cleared: None,
            preimage: None,
            ended_ns: None,
        };
        self.create::<Transfers>(id, transfer)?;
        escrow::pay_in::<Remittance, _>(self, pot(vault), amount)?;
        let terms = Lock {
            pot: pot(vault),
            amount,
            payee,
            payer: Some(payer),
            until_ns,
            stage: Stage::Locked,
            paid_to: None,
        };
        escrow::lock::<Remittance, _>(self, id, terms)
    }

    fn clear(&mut self, id: TransferId, passed: bool) -> Result<(), Reason> {
        self.only_one_of(self.registry.compliance)?;
        let mut transfer = self.entry::<Transfers>(&id)?;
        if transfer.cleared.is_some() {
            return Err(Reason::WrongState);
        }
        transfer.cleared = Some(passed);
        self.access.put::<Transfers>(id, transfer);
        Ok(())
    }

    fn release(
        &mut self,
        id: TransferId,
        vault: AccountId,
        preimage: [u8; 32],
    ) -> Result<(), Reason> {
        let payee = self.context.sender;
        let lock = escrow::locked::<Remittance, _>(self, &id, pot(vault))?;
        self.only(lock.payee)?;
        let mut transfer = self.entry::<Transfers>(&id)?;
        if transfer.cleared != Some(true) {
            return Err(Reason::WrongState);
        }
        if hash_of(&preimage) != transfer.hash {
            return Err(Reason::BadProof);
        }
        transfer.preimage = Some(preimage);
        transfer.ended_ns = Some(self.context.timestamp_ns);
        self.access.put::<Transfers>(id, transfer);
        escrow::release::<Remittance, _>(self, id, pot(vault), payee)
    }

    fn refund(&mut self, id: TransferId, vault: AccountId) -> Result<(), Reason> {
        escrow::refund::<Remittance, _>(self, id, pot(vault), Some(id.payer))?;
        let mut transfer = self.entry::<Transfers>(&id)?;
        transfer.ended_ns = Some(self.context.timestamp_ns);
        self.access.put::<Transfers>(id, transfer);
        Ok(())
    }
}

/// Locks by payer and number, for those who look into the state.
pub type RemittanceLocks = Locks<Remittance>;
/// Pots by vault, for those who look into the state.
pub type RemittancePots = Pots<Remittance>;
