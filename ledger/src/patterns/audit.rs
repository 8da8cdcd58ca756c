//! The audit trail: whoever looks at something leaves a row, and is counted.
//!
//! Rows and counts are two books of the same events. A row that was left out, or written twice, shows
//! by comparing them. Knows no kind: what is written in a row is the kind's.

use super::desk::Desk;
use crate::account::AccountId;
use crate::hash::TxId;
use crate::record::{Context, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// A kind whose uses are audited.
pub trait Audited: 'static {
    /// The number of the table of rows.
    const ROWS: u8;
    /// Its name.
    const ROWS_NAME: &'static str;
    /// The number of the table of counts.
    const COUNTS: u8;
    /// Its name.
    const COUNTS_NAME: &'static str;
    /// What was seen, by which right.
    type What: Clone + BorshSerialize + BorshDeserialize + Send + Sync + 'static;
}

/// Who saw what, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Row<W> {
    /// Who.
    pub by: AccountId,
    /// Timestamp of the block.
    pub at_ns: u64,
    /// Height of the block.
    pub height: u64,
    /// What, by which right.
    pub what: W,
}

/// Rows by the transaction that asked.
pub struct Rows<A>(PhantomData<A>);

impl<A: Audited> Table for Rows<A> {
    const ID: u8 = A::ROWS;
    const NAME: &'static str = A::ROWS_NAME;
    type Key = TxId;
    type Value = Row<A::What>;
}

/// How often each account has asked.
pub struct Counts<A>(PhantomData<A>);

impl<A: Audited> Table for Counts<A> {
    const ID: u8 = A::COUNTS;
    const NAME: &'static str = A::COUNTS_NAME;
    type Key = AccountId;
    type Value = u64;
}

/// What [`leave`] touches.
pub fn touch<A: Audited>(context: &Context, touches: &mut Touches) {
    touches.write::<Rows<A>>(&context.id);
    touches.write::<Counts<A>>(&context.sender);
}

/// Leaves the sender's row and counts it.
pub fn leave<A: Audited, R>(desk: &mut Desk<'_, '_, R>, what: A::What) {
    let by = desk.context.sender;
    let row = Row {
        by,
        at_ns: desk.context.timestamp_ns,
        height: desk.context.height,
        what,
    };
    desk.access.put::<Rows<A>>(desk.context.id, row);
    let asked = desk.access.load::<Counts<A>>(&by).unwrap_or(0);
    desk.access.put::<Counts<A>>(by, asked + 1);
}
