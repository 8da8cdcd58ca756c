//! Escrow: money that is held until a condition is met or a time has come, and then goes one way.
//!
//! The money lies on an account, the *vault*, for which nobody signs. A [`Pot`] says what part of a
//! vault's balance has one purpose: what came in, what went out, and what is locked. A [`Lock`] binds
//! an amount of a pot to a payee until a time: before it can be released to him, from then on it
//! goes back, to its payer or into the pot. Money moves between balances, so none is made and none is
//! lost. The kind knows who may lock and release, and on which condition; this file knows neither.

use super::desk::{Desk, permit};
use crate::account::AccountId;
use crate::receipt::Reason;
use crate::record::{Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};
use std::hash::Hash as StdHash;
use std::marker::PhantomData;

/// A kind that holds money.
pub trait Escrow: 'static {
    /// The number of the table of pots.
    const POTS: u8;
    /// Its name.
    const POTS_NAME: &'static str;
    /// The number of the table of locks.
    const LOCKS: u8;
    /// Its name.
    const LOCKS_NAME: &'static str;
    /// What names a lock.
    type Id: Copy + Eq + StdHash + BorshSerialize + BorshDeserialize + Send + Sync + 'static;
}

/// The money for one purpose on one vault.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct PotId {
    /// What for, as the kind numbers it.
    pub purpose: u64,
    /// On which account it lies.
    pub vault: AccountId,
}

/// What became of it, in cents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Pot {
    /// All that came in.
    pub paid_in: u64,
    /// All that went out.
    pub paid_out: u64,
    /// What is bound to somebody, of what is there.
    pub locked: u64,
}

impl Pot {
    /// What lies on the vault.
    pub fn balance(&self) -> u64 {
        self.paid_in - self.paid_out
    }

    /// What is there and bound to nobody.
    pub fn free(&self) -> u64 {
        self.balance() - self.locked
    }
}

/// Pots by purpose and vault.
pub struct Pots<E>(PhantomData<E>);

impl<E: Escrow> Table for Pots<E> {
    const ID: u8 = E::POTS;
    const NAME: &'static str = E::POTS_NAME;
    type Key = PotId;
    type Value = Pot;
}

/// Which way locked money went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Stage {
    /// None yet.
    Locked,
    /// To the payee.
    Released,
    /// Back.
    Refunded,
}

/// An amount bound to somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Lock {
    /// Of which pot.
    pub pot: PotId,
    /// In cents.
    pub amount: u64,
    /// Whom it may be released to.
    pub payee: AccountId,
    /// To whom it goes back; into the pot if to nobody.
    pub payer: Option<AccountId>,
    /// From when it goes back, by the block's timestamp in nanoseconds.
    pub until_ns: u64,
    /// Which way it went.
    pub stage: Stage,
    /// Whom it was paid to, once it was.
    pub paid_to: Option<AccountId>,
}

/// Locks by what names them.
pub struct Locks<E>(PhantomData<E>);

impl<E: Escrow> Table for Locks<E> {
    const ID: u8 = E::LOCKS;
    const NAME: &'static str = E::LOCKS_NAME;
    type Key = E::Id;
    type Value = Lock;
}

/// A vault pays and is paid through its pots alone: neither who pays in nor who may be paid can be one,
/// or money would count that did not move.
///
/// # Errors
/// `NotPermitted`.
pub fn outside(vaults: Seats, account: AccountId) -> Result<(), Reason> {
    permit(vaults.seat(account).is_none())
}

/// What [`pay_in`] touches.
pub fn touch_pot<E: Escrow>(pot: &PotId, touches: &mut Touches) {
    touches.write::<Pots<E>>(pot);
    touches.account(pot.vault);
}

/// What [`release`] and [`refund`] touch; whoever receives must be in the transaction.
pub fn touch_end<E: Escrow>(id: &E::Id, pot: &PotId, to: AccountId, touches: &mut Touches) {
    touches.write::<Locks<E>>(id);
    touch_pot::<E>(pot, touches);
    touches.account(to);
}

/// The sender pays into a pot.
///
/// # Errors
/// As [`crate::Access::transfer`].
pub fn pay_in<E: Escrow, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PotId,
    amount: u64,
) -> Result<(), Reason> {
    desk.access
        .transfer(desk.context.sender, id.vault, amount)?;
    let mut pot = desk.access.load::<Pots<E>>(&id).unwrap_or_default();
    // A vault's balance is bounded, but what flows through it over time is not.
    pot.paid_in = pot.paid_in.checked_add(amount).ok_or(Reason::Malformed)?;
    desk.access.put::<Pots<E>>(id, pot);
    Ok(())
}

/// Binds an amount of a pot.
///
/// # Errors
/// `Malformed` for nothing, or an end that has passed; `AlreadyExists`; `InsufficientFunds` beyond
/// what the pot holds free.
pub fn lock<E: Escrow, R>(
    desk: &mut Desk<'_, '_, R>,
    id: E::Id,
    terms: Lock,
) -> Result<(), Reason> {
    if terms.amount == 0 || terms.until_ns <= desk.context.timestamp_ns {
        return Err(Reason::Malformed);
    }
    let mut pot = desk.access.load::<Pots<E>>(&terms.pot).unwrap_or_default();
    if terms.amount > pot.free() {
        return Err(Reason::InsufficientFunds);
    }
    pot.locked += terms.amount;
    desk.access.put::<Pots<E>>(terms.pot, pot);
    let lock = Lock {
        stage: Stage::Locked,
        paid_to: None,
        ..terms
    };
    desk.create::<Locks<E>>(id, lock)
}

/// A lock that goes neither way yet, as the sender knows it.
///
/// # Errors
/// `Dependency` if there is no such lock, `AlreadySpent` if it went one way, `FalseClaim` if it is of
/// another pot.
pub fn locked<E: Escrow, R>(
    desk: &mut Desk<'_, '_, R>,
    id: &E::Id,
    pot: PotId,
) -> Result<Lock, Reason> {
    let lock = desk.entry::<Locks<E>>(id)?;
    if lock.stage != Stage::Locked {
        return Err(Reason::AlreadySpent);
    }
    if lock.pot != pot {
        return Err(Reason::FalseClaim);
    }
    Ok(lock)
}

/// Pays a lock to its payee, whom the sender names; the kind has checked the condition.
///
/// # Errors
/// As [`locked`]; `FalseClaim` for another payee, `WrongState` once its time has come.
pub fn release<E: Escrow, R>(
    desk: &mut Desk<'_, '_, R>,
    id: E::Id,
    pot: PotId,
    payee: AccountId,
) -> Result<(), Reason> {
    let lock = locked::<E, R>(desk, &id, pot)?;
    if lock.payee != payee {
        return Err(Reason::FalseClaim);
    }
    if lock.until_ns <= desk.context.timestamp_ns {
        return Err(Reason::WrongState);
    }
    end::<E, R>(desk, id, lock, Stage::Released, Some(payee))
}

/// Gives a lock back whose time has come; `to` is its payer as the sender names him, or nobody.
///
/// # Errors
/// As [`locked`]; `FalseClaim` for another payer, `TooEarly`.
pub fn refund<E: Escrow, R>(
    desk: &mut Desk<'_, '_, R>,
    id: E::Id,
    pot: PotId,
    to: Option<AccountId>,
) -> Result<(), Reason> {
    let lock = locked::<E, R>(desk, &id, pot)?;
    if lock.payer != to {
        return Err(Reason::FalseClaim);
    }
    if desk.context.timestamp_ns < lock.until_ns {
        return Err(Reason::TooEarly);
    }
    end::<E, R>(desk, id, lock, Stage::Refunded, to)
}

/// Unbinds a lock, and pays it out if to anybody.
fn end<E: Escrow, R>(
    desk: &mut Desk<'_, '_, R>,
    id: E::Id,
    lock: Lock,
    stage: Stage,
    to: Option<AccountId>,
) -> Result<(), Reason> {
    let mut pot = desk.entry::<Pots<E>>(&lock.pot)?;
    pot.locked -= lock.amount;
    if let Some(to) = to {
        desk.access.transfer(lock.pot.vault, to, lock.amount)?;
        pot.paid_out += lock.amount;
    }
    desk.access.put::<Pots<E>>(lock.pot, pot);
    let ended = Lock {
        stage,
        paid_to: to,
        ..lock
    };
    desk.access.put::<Locks<E>>(id, ended);
    Ok(())
}
