//! A tally: what each sender has done, counted beside its own account.
//!
//! A counter that everybody shares would make every transaction wait for the one before, and so
//! change what a benchmark measures. A sender's account is written by each of its transactions anyway,
//! so that a count beside it makes nobody wait who did not wait already. The law of a kind holds the
//! sum of all tallies against its tables. Knows no kind: what is counted is the kind's.

use crate::access::Access;
use crate::account::AccountId;
use crate::record::{Context, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// A kind that keeps tallies.
pub trait Tallied: 'static {
    /// The number of the table of tallies.
    const TALLIES: u8;
    /// Its name.
    const TALLIES_NAME: &'static str;
    /// What is counted; nothing yet is its default.
    type Tally: Clone + Default + BorshSerialize + BorshDeserialize + Send + Sync + 'static;
}

/// Tallies by sender, and by the book that the kind keeps them in.
pub struct Tallies<K>(PhantomData<K>);

impl<K: Tallied> Table for Tallies<K> {
    const ID: u8 = K::TALLIES;
    const NAME: &'static str = K::TALLIES_NAME;
    type Key = (AccountId, u8);
    type Value = K::Tally;
}

/// Declares what [`count`] touches.
pub fn touch<K: Tallied>(book: u8, context: &Context, touches: &mut Touches) {
    touches.write::<Tallies<K>>(&(context.sender, book));
}

/// Changes the sender's tally.
pub fn count<K: Tallied>(
    book: u8,
    context: &Context,
    access: &mut Access<'_>,
    change: impl FnOnce(&mut K::Tally),
) {
    let key = (context.sender, book);
    let mut tally = access.load::<Tallies<K>>(&key).unwrap_or_default();
    change(&mut tally);
    access.put::<Tallies<K>>(key, tally);
}
