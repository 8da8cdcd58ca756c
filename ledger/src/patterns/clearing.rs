//! Clearing positions: what each account has received less what it has paid.
//!
//! Large debts are far above what a city's accounts hold. A clearing house nets them at the end of the
//! day, so a payment moves positions and not balances, and all positions of a kind come to what it
//! keeps for others: nothing, or a pot that the kind accounts for. Knows no kind.

use super::desk::Desk;
use crate::account::AccountId;
use crate::receipt::Reason;
use crate::record::{Table, Touches};
use std::marker::PhantomData;

/// A kind of record of which the payments are cleared.
pub trait Clearing: 'static {
    /// The number of the table of positions.
    const POSITIONS: u8;
    /// Its name.
    const POSITIONS_NAME: &'static str;
}

/// Positions by account, in cents.
pub struct Positions<C>(PhantomData<C>);

impl<C: Clearing> Table for Positions<C> {
    const ID: u8 = C::POSITIONS;
    const NAME: &'static str = C::POSITIONS_NAME;
    type Key = AccountId;
    type Value = i64;
}

/// What [`pay`] touches.
pub fn touch_pay<C: Clearing>(from: AccountId, to: AccountId, touches: &mut Touches) {
    touches.write::<Positions<C>>(&from);
    touches.write::<Positions<C>>(&to);
}

/// One account pays another.
///
/// # Errors
/// As [`book`].
pub fn pay<C: Clearing, R>(
    desk: &mut Desk<'_, '_, R>,
    from: AccountId,
    to: AccountId,
    amount: u64,
) -> Result<(), Reason> {
    let amount = i64::try_from(amount).map_err(|_| Reason::Malformed)?;
    book::<C, R>(desk, from, -amount)?;
    book::<C, R>(desk, to, amount)
}

/// Moves one position; the kind keeps the other side.
///
/// # Errors
/// `Malformed` beyond what a position can hold.
pub fn book<C: Clearing, R>(
    desk: &mut Desk<'_, '_, R>,
    account: AccountId,
    by: i64,
) -> Result<(), Reason> {
    let position = desk.access.load::<Positions<C>>(&account).unwrap_or(0);
    // Only sums beyond i64 can overflow; refuse, never wrap.
    let moved = position.checked_add(by).ok_or(Reason::Malformed)?;
    desk.access.put::<Positions<C>>(account, moved);
    Ok(())
}
