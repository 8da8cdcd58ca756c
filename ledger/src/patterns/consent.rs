//! Consent: the owner of a record allows a number of uses until a time, and may take it back.
//!
//! A kind has a table of consents by a key that names owner and user. It knows who may grant and who
//! may use; this file knows neither, only that no use goes beyond what was granted.

use super::desk::Desk;
use crate::receipt::Reason;
use crate::record::Table;
use borsh::{BorshDeserialize, BorshSerialize};

/// What an owner allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Consent {
    /// How many uses it allows.
    pub uses: u16,
    /// How many were made.
    pub used: u16,
    /// From when.
    pub granted_ns: u64,
    /// Until when.
    pub expires_ns: u64,
    /// When it was revoked.
    pub revoked_ns: Option<u64>,
}

impl Consent {
    /// Whether it allows one more use at that time.
    pub fn is_live(&self, now_ns: u64) -> bool {
        self.used < self.uses && now_ns < self.expires_ns && self.revoked_ns.is_none()
    }
}

/// The terms must make sense at the block's time.
///
/// # Errors
/// `Malformed` for no uses, or an end that has passed.
pub fn check_terms<R>(desk: &Desk<'_, '_, R>, uses: u16, expires_ns: u64) -> Result<(), Reason> {
    if uses == 0 || expires_ns <= desk.context.timestamp_ns {
        return Err(Reason::Malformed);
    }
    Ok(())
}

/// Grants a new consent, of which the terms were checked.
///
/// # Errors
/// `AlreadyExists`.
pub fn grant<T: Table<Value = Consent>, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
    uses: u16,
    expires_ns: u64,
) -> Result<(), Reason> {
    let consent = Consent {
        uses,
        used: 0,
        granted_ns: desk.context.timestamp_ns,
        expires_ns,
        revoked_ns: None,
    };
    desk.create::<T>(key, consent)
}

/// Takes a consent back, live or not.
///
/// # Errors
/// `Dependency` if there is none, `WrongState` if it was taken back before.
pub fn revoke<T: Table<Value = Consent>, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
) -> Result<(), Reason> {
    let mut consent = desk.entry::<T>(&key)?;
    if consent.revoked_ns.is_some() {
        return Err(Reason::WrongState);
    }
    consent.revoked_ns = Some(desk.context.timestamp_ns);
    desk.access.put::<T>(key, consent);
    Ok(())
}

/// There must be a consent that allows one more use now.
///
/// # Errors
/// `NoConsent`.
pub fn check_live<T: Table<Value = Consent>, R>(
    desk: &mut Desk<'_, '_, R>,
    key: &T::Key,
) -> Result<(), Reason> {
    let now_ns = desk.context.timestamp_ns;
    match desk.access.get::<T>(key) {
        Some(consent) if consent.is_live(now_ns) => Ok(()),
        _ => Err(Reason::NoConsent),
    }
}

/// Uses a consent once; the number of the use, from 1.
///
/// # Errors
/// `NoConsent` if there is none that is live.
pub fn take<T: Table<Value = Consent>, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
) -> Result<u16, Reason> {
    let now_ns = desk.context.timestamp_ns;
    let consent = desk.access.load::<T>(&key);
    let live = consent.filter(|consent| consent.is_live(now_ns));
    let mut consent = live.ok_or(Reason::NoConsent)?;
    consent.used += 1;
    desk.access.put::<T>(key, consent);
    Ok(consent.used)
}
