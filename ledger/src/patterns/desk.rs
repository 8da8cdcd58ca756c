//! The registry entry, and the desk at which every rule works.
//!
//! An entry is written once under its number and then found by later steps; a step whose entry is not
//! there follows something that is not (yet) in the ledger. Knows no kind of record.

use crate::access::Access;
use crate::account::AccountId;
use crate::receipt::Reason;
use crate::record::{Context, Table};
use crate::roles::Seats;

/// One transaction at work: who is who, who asks in which block, and what is in the state.
pub struct Desk<'d, 'a, R> {
    /// Who is who in the world of this kind.
    pub registry: R,
    /// Who asks, and when.
    pub context: &'d Context,
    /// What is in the state.
    pub access: &'d mut Access<'a>,
}

impl<'d, 'a, R: Default> Desk<'d, 'a, R> {
    /// A desk with the roles of a registry. Without a registry nobody has any role.
    pub fn open<T: Table<Key = (), Value = R>>(
        context: &'d Context,
        access: &'d mut Access<'a>,
    ) -> Self {
        Desk {
            registry: access.load::<T>(&()).unwrap_or_default(),
            context,
            access,
        }
    }
}

impl<R> Desk<'_, '_, R> {
    /// Writes an entry that must be new.
    ///
    /// # Errors
    /// `AlreadyExists`.
    pub fn create<T: Table>(&mut self, key: T::Key, value: T::Value) -> Result<(), Reason> {
        if self.access.get::<T>(&key).is_some() {
            return Err(Reason::AlreadyExists);
        }
        self.access.put::<T>(key, value);
        Ok(())
    }

    /// An entry that an earlier transaction must have written.
    ///
    /// # Errors
    /// `Dependency`.
    pub fn entry<T: Table>(&mut self, key: &T::Key) -> Result<T::Value, Reason> {
        self.access.load::<T>(key).ok_or(Reason::Dependency)
    }

    /// The sender must be this account.
    ///
    /// # Errors
    /// `NotPermitted`.
    pub fn only(&self, account: AccountId) -> Result<(), Reason> {
        permit(self.context.sender == account)
    }

    /// The institution among these for which the sender must speak.
    ///
    /// # Errors
    /// `NotPermitted`.
    pub fn only_one_of(&self, seats: Seats) -> Result<u32, Reason> {
        seats
            .holder(self.context.sender)
            .ok_or(Reason::NotPermitted)
    }
}

/// The institution among these for which a named account speaks.
///
/// # Errors
/// `UnknownRecord`.
pub fn known(seats: Seats, account: AccountId) -> Result<u32, Reason> {
    seats.holder(account).ok_or(Reason::UnknownRecord)
}

/// `NotPermitted` unless it is.
///
/// # Errors
/// `NotPermitted`.
pub fn permit(allowed: bool) -> Result<(), Reason> {
    if allowed {
        Ok(())
    } else {
        Err(Reason::NotPermitted)
    }
}
