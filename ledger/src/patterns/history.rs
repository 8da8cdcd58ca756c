//! The complete history: every step of a thing leaves an event, counted and chained.
//!
//! A thing keeps how many events it has and the head of their chain; an event keeps its place. So
//! whoever replays the events in order finds out if one is missing, was added or was moved, and whether
//! they lead to what the thing is. Knows no kind: what happened is the kind's.

use super::desk::Desk;
use crate::account::AccountId;
use crate::hash::{Hash, TxId};
use crate::receipt::Reason;
use crate::record::{Context, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// What a thing keeps of its history.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct History {
    /// How many events it has.
    pub events: u32,
    /// The head of their chain.
    pub head: [u8; 32],
}

impl History {
    /// The history with one more event, of that transaction.
    ///
    /// # Errors
    /// `QuotaExceeded` after 2^32 - 1 events.
    pub fn with(self, id: TxId) -> Result<History, Reason> {
        Ok(History {
            events: self.events.checked_add(1).ok_or(Reason::QuotaExceeded)?,
            head: Hash::of(&[&self.head, &id.0]).0,
        })
    }
}

/// A table of things with a history.
pub trait Chronicled: Table {
    /// The number of the table of events.
    const EVENTS: u8;
    /// Its name.
    const EVENTS_NAME: &'static str;
    /// What can happen to a thing.
    type What: Clone + BorshSerialize + BorshDeserialize + Send + Sync + 'static;
    /// Where a thing keeps its history.
    fn history(thing: &mut Self::Value) -> &mut History;
}

/// One step of a thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Event<W> {
    /// Its place in the history, from zero.
    pub place: u32,
    /// Who did it.
    pub by: AccountId,
    /// Timestamp of the block.
    pub at_ns: u64,
    /// What.
    pub what: W,
}

/// Events by thing and transaction.
pub struct Events<T>(PhantomData<T>);

impl<T: Chronicled> Table for Events<T> {
    const ID: u8 = T::EVENTS;
    const NAME: &'static str = T::EVENTS_NAME;
    type Key = (T::Key, TxId);
    type Value = Event<T::What>;
}

/// What [`record`] touches.
pub fn touch<T: Chronicled>(context: &Context, key: &T::Key, touches: &mut Touches) {
    touches.write::<T>(key);
    touches.write::<Events<T>>(&(key.clone(), context.id));
}

/// Writes a thing as it is now, with the event that made it so.
///
/// # Errors
/// As [`History::with`].
pub fn record<T: Chronicled, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
    mut thing: T::Value,
    what: T::What,
) -> Result<(), Reason> {
    let id = desk.context.id;
    let history = T::history(&mut thing);
    let event = Event {
        place: history.events,
        by: desk.context.sender,
        at_ns: desk.context.timestamp_ns,
        what,
    };
    *history = history.with(id)?;
    desk.access.put::<Events<T>>((key.clone(), id), event);
    desk.access.put::<T>(key, thing);
    Ok(())
}

/// Writes a new thing, with its first event.
///
/// # Errors
/// `AlreadyExists`.
pub fn begin<T: Chronicled, R>(
    desk: &mut Desk<'_, '_, R>,
    key: T::Key,
    thing: T::Value,
    what: T::What,
) -> Result<(), Reason> {
    if desk.access.get::<T>(&key).is_some() {
        return Err(Reason::AlreadyExists);
    }
    record::<T, R>(desk, key, thing, what)
}
