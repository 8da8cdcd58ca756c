//! The custody chain: a thing goes from hand to hand, and every hand-over leaves a link.
//!
//! Handing over takes two: the holder names the next, and the next confirms. What is packed into
//! something larger goes where that goes, and gets one link for the whole way when it is unpacked.
//! Knows no kind of thing.

use super::desk::Desk;
use crate::account::AccountId;
use crate::receipt::Reason;
use crate::record::{Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// In whose hands a thing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Custody {
    /// Who made it.
    pub origin: AccountId,
    /// Who has it.
    pub holder: AccountId,
    /// To whom it was sent and who has not confirmed yet.
    pub to: Option<AccountId>,
    /// How many links its chain has.
    pub hops: u16,
}

impl Custody {
    /// In the hands of its maker.
    pub fn of(origin: AccountId) -> Custody {
        Custody {
            origin,
            holder: origin,
            to: None,
            hops: 0,
        }
    }
}

/// A table of things that go from hand to hand.
pub trait Tracked: Table {
    /// The number of the table of links.
    const LINKS: u8;
    /// Its name.
    const LINKS_NAME: &'static str;
    /// Where a thing keeps its custody.
    fn custody(thing: &mut Self::Value) -> &mut Custody;
    /// Whether it may move by itself: not while it is packed, nor after it was sold.
    ///
    /// # Errors
    /// Why not.
    fn may_move(thing: &Self::Value) -> Result<(), Reason>;
}

/// One hand-over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Link {
    /// Who had it.
    pub from: AccountId,
    /// Who has it.
    pub to: AccountId,
    /// Timestamp of the block.
    pub at_ns: u64,
}

/// Links by thing and place in its chain.
pub struct Links<T>(PhantomData<T>);

impl<T: Tracked> Table for Links<T> {
    const ID: u8 = T::LINKS;
    const NAME: &'static str = T::LINKS_NAME;
    type Key = (T::Key, u16);
    type Value = Link;
}

/// What [`confirm`] touches.
pub fn touch_confirm<T: Tracked>(key: &T::Key, hop: u16, touches: &mut Touches) {
    touches.write::<T>(key);
    touches.write::<Links<T>>(&(key.clone(), hop));
}

/// The sender must have the thing, on no way to anybody.
///
/// # Errors
/// `BrokenCustody` for another's thing, `WrongState` for one on its way, or why it may not move.
pub fn only_holder<T: Tracked, R>(
    desk: &Desk<'_, '_, R>,
    thing: &mut T::Value,
) -> Result<(), Reason> {
    T::may_move(thing)?;
    let custody = T::custody(thing);
    if custody.holder != desk.context.sender {
        return Err(Reason::BrokenCustody);
    }
    if custody.to.is_some() {
        return Err(Reason::WrongState);
    }
    Ok(())
}

/// The holder sends a thing to another.
///
/// # Errors
/// As [`only_holder`]; `Dependency` if there is no such thing, `Malformed` to oneself.
pub fn send<T: Tracked, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
    to: AccountId,
) -> Result<(), Reason> {
    let mut thing = desk.entry::<T>(&key)?;
    only_holder::<T, R>(desk, &mut thing)?;
    if to == desk.context.sender {
        return Err(Reason::Malformed);
    }
    T::custody(&mut thing).to = Some(to);
    desk.access.put::<T>(key, thing);
    Ok(())
}

/// The one to whom it was sent has it now; `hop` is the place of the link, as the receiver knows it
/// from the papers.
///
/// # Errors
/// `Dependency` if there is no such thing, `BrokenCustody` for anybody else, a thing that was not sent
/// or another place.
pub fn confirm<T: Tracked, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
    hop: u16,
) -> Result<(), Reason> {
    let mut thing = desk.entry::<T>(&key)?;
    T::may_move(&thing)?;
    let custody = T::custody(&mut thing);
    if custody.to != Some(desk.context.sender) || custody.hops != hop {
        return Err(Reason::BrokenCustody);
    }
    custody.to = None;
    link::<T, R>(desk, key, thing, hop)
}

/// Adds a link from the holder to the sender, who has it now, and writes the thing.
///
/// # Errors
/// `BrokenCustody` if `hop` is not the next place of the chain.
pub fn link<T: Tracked, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
    mut thing: T::Value,
    hop: u16,
) -> Result<(), Reason> {
    let custody = T::custody(&mut thing);
    if custody.hops != hop {
        return Err(Reason::BrokenCustody);
    }
    let (from, to) = (custody.holder, desk.context.sender);
    custody.holder = to;
    custody.hops = hop.checked_add(1).ok_or(Reason::QuotaExceeded)?;
    let at_ns = desk.context.timestamp_ns;
    let link = Link { from, to, at_ns };
    desk.access.put::<Links<T>>((key.clone(), hop), link);
    desk.access.put::<T>(key, thing);
    Ok(())
}
