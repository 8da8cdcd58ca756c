//! The transferable instrument: a debt, or a share of something, that has one holder, can be passed
//! on, divided, sold to a financier, and is paid once.
//!
//! ```text
//! Proposed -> Held -> Held (passed on) -> Discounted -> Settled
//!                |                                        ^
//!                +-> Divided (its parts are Held) --------+ (each part by itself)
//! ```
//!
//! A part's number says from which piece it comes, so that no register of parts is needed and nobody
//! can take another's number. Payment moves [`super::clearing`] positions. Instruments of which every
//! holder answers for payment are in [`super::endorsement`]. Knows no kind: limits and tables are the
//! kind's.

use super::clearing::{self, Clearing};
use super::desk::Desk;
use crate::account::AccountId;
use crate::receipt::Reason;
use crate::record::{Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// A kind of instrument.
pub trait Instrument: Clearing {
    /// The number of the table of pieces.
    const PIECES: u8;
    /// Its name.
    const PIECES_NAME: &'static str;
    /// The most holders in a row, the first included.
    const TIERS: u8;
    /// How often a piece can be divided again.
    const DEPTH: u32;
}

/// The most parts of one division: their places take three bits.
pub const PARTS_LIMIT: usize = 7;
/// The deepest division that a [`PieceId`] can number.
pub const DEPTH_LIMIT: u32 = 10;

/// A piece: the whole, or a part of a part of it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct PieceId {
    /// Who made the whole, and chose its number.
    pub maker: AccountId,
    /// Which of the maker's.
    pub number: u64,
    /// 1 for the whole; eight times its parent's, and its place from 0, for a part.
    pub branch: u32,
}

impl PieceId {
    /// A whole.
    pub fn whole(maker: AccountId, number: u64) -> PieceId {
        PieceId {
            maker,
            number,
            branch: 1,
        }
    }

    /// A part of this piece, of which the depth must be below [`DEPTH_LIMIT`].
    pub fn part(self, place: u32) -> PieceId {
        PieceId {
            branch: self.branch << 3 | (place & 7),
            ..self
        }
    }

    /// What it is a part of.
    pub fn parent(self) -> Option<PieceId> {
        (self.branch >= 8).then_some(PieceId {
            branch: self.branch >> 3,
            ..self
        })
    }

    /// How often the whole was divided to make it.
    pub fn depth(self) -> u32 {
        self.branch.checked_ilog2().unwrap_or(0) / 3
    }
}

/// How far a piece has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Stage {
    /// The debtor has not accepted it.
    Proposed,
    /// Its holder may pass it on, divide or sell it.
    Held,
    /// Its parts stand for it.
    Divided {
        /// How many.
        parts: u8,
    },
    /// A financier has paid for it and waits for the day.
    Discounted,
    /// The debtor has paid.
    Settled,
    /// It secures what its holder owes, and moves only after a release.
    Pledged {
        /// To whom.
        to: AccountId,
    },
    /// Its holder has asked the debtor to pay.
    Presented,
    /// The debtor does not pay; who signed before the holder answers for it.
    Refused,
    /// Its maker has paid in the debtor's place.
    Redeemed,
}

/// What the ledger holds of a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Piece {
    /// In cents.
    pub amount: u64,
    /// Who pays.
    pub debtor: AccountId,
    /// Who is paid.
    pub holder: AccountId,
    /// The holder's place in the row of holders, from 1.
    pub tier: u8,
    /// From when it is to be paid, by the block's timestamp.
    pub due_ns: u64,
    /// How far it has come.
    pub stage: Stage,
}

impl Piece {
    /// Whoever pays must name the holder.
    pub(super) fn check_holder(&self, named: AccountId) -> Result<(), Reason> {
        if self.holder == named {
            Ok(())
        } else {
            Err(Reason::FalseClaim)
        }
    }

    /// Its day must have come.
    pub(super) fn check_due<R>(&self, desk: &Desk<'_, '_, R>) -> Result<(), Reason> {
        if desk.context.timestamp_ns < self.due_ns {
            Err(Reason::TooEarly)
        } else {
            Ok(())
        }
    }
}

/// Pieces by number.
pub struct Pieces<I>(PhantomData<I>);

impl<I: Instrument> Table for Pieces<I> {
    const ID: u8 = I::PIECES;
    const NAME: &'static str = I::PIECES_NAME;
    type Key = PieceId;
    type Value = Piece;
}

/// What [`divide`] touches.
pub fn touch_divide<I: Instrument>(piece: PieceId, parts: usize, touches: &mut Touches) {
    touches.write::<Pieces<I>>(&piece);
    for place in 0..parts.min(PARTS_LIMIT) as u32 {
        touches.write::<Pieces<I>>(&piece.part(place));
    }
}

/// What [`settle`] touches.
pub fn touch_settle<I: Instrument>(
    piece: PieceId,
    debtor: AccountId,
    holder: AccountId,
    touches: &mut Touches,
) {
    touches.write::<Pieces<I>>(&piece);
    clearing::touch_pay::<I>(debtor, holder, touches);
}

/// The sender makes a whole for a first holder, which the debtor has to accept.
///
/// # Errors
/// `Malformed` for nothing, or a debt to oneself; `AlreadyExists`.
pub fn propose<I: Instrument, R>(
    desk: &mut Desk<'_, '_, R>,
    number: u64,
    holder: AccountId,
    debtor: AccountId,
    amount: u64,
    due_ns: u64,
) -> Result<(), Reason> {
    if amount == 0 || i64::try_from(amount).is_err() || debtor == holder {
        return Err(Reason::Malformed);
    }
    let piece = Piece {
        amount,
        debtor,
        holder,
        tier: 1,
        due_ns,
        stage: Stage::Proposed,
    };
    let id = PieceId::whole(desk.context.sender, number);
    desk.create::<Pieces<I>>(id, piece)
}

/// The debtor accepts.
///
/// # Errors
/// `Dependency`, `NotPermitted`, `WrongState`.
pub fn accept<I: Instrument, R>(desk: &mut Desk<'_, '_, R>, id: PieceId) -> Result<(), Reason> {
    let piece = desk.entry::<Pieces<I>>(&id)?;
    desk.only(piece.debtor)?;
    if piece.stage != Stage::Proposed {
        return Err(Reason::WrongState);
    }
    put::<I, R>(desk, id, piece, Stage::Held);
    Ok(())
}

/// The holder passes it on; the tier of the next holder.
///
/// # Errors
/// As [`held`]; as `hand_on`.
pub fn pass<I: Instrument, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    to: AccountId,
) -> Result<u8, Reason> {
    let piece = held::<I, R>(desk, id)?;
    hand_on::<I, R>(desk, id, piece, to, Stage::Held)
}

/// Gives a piece, of which the holder asks for it, to the next holder; the next holder's tier.
///
/// # Errors
/// `QuotaExceeded` after the last tier, `Malformed` to oneself or the debtor.
pub(super) fn hand_on<I: Instrument, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    mut piece: Piece,
    to: AccountId,
    stage: Stage,
) -> Result<u8, Reason> {
    if to == piece.holder || to == piece.debtor {
        return Err(Reason::Malformed);
    }
    if piece.tier >= I::TIERS {
        return Err(Reason::QuotaExceeded);
    }
    piece.tier += 1;
    piece.holder = to;
    put::<I, R>(desk, id, piece, stage);
    Ok(piece.tier)
}

/// The holder divides it into 2 to [`PARTS_LIMIT`] parts, which it holds.
///
/// # Errors
/// As [`held`]; `Malformed` for too few or many or empty parts, `QuotaExceeded` beyond the depth,
/// `Unbalanced` when they do not come to the whole.
pub fn divide<I: Instrument, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    amounts: &[u64],
) -> Result<(), Reason> {
    let piece = held::<I, R>(desk, id)?;
    if !(2..=PARTS_LIMIT).contains(&amounts.len()) || amounts.contains(&0) {
        return Err(Reason::Malformed);
    }
    if id.depth() >= I::DEPTH.min(DEPTH_LIMIT - 1) {
        return Err(Reason::QuotaExceeded);
    }
    let sum = amounts
        .iter()
        .try_fold(0_u64, |sum, amount| sum.checked_add(*amount));
    if sum != Some(piece.amount) {
        return Err(Reason::Unbalanced);
    }
    for (place, &amount) in (0..).zip(amounts) {
        desk.create::<Pieces<I>>(id.part(place), Piece { amount, ..piece })?;
    }
    let parts = amounts.len() as u8;
    put::<I, R>(desk, id, piece, Stage::Divided { parts });
    Ok(())
}

/// The holder sells it to a financier, who holds it until the day.
///
/// # Errors
/// As [`held`].
pub fn discount<I: Instrument, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    financier: AccountId,
) -> Result<(), Reason> {
    let mut piece = held::<I, R>(desk, id)?;
    piece.holder = financier;
    put::<I, R>(desk, id, piece, Stage::Discounted);
    Ok(())
}

/// The debtor pays the holder, whom it has to name.
///
/// # Errors
/// `Dependency`; `NotPermitted` for another than the debtor; `AlreadySpent` for what is divided or
/// paid; `WrongState` for what it never accepted; `FalseClaim` for another holder; `TooEarly`.
pub fn settle<I: Instrument, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    holder: AccountId,
) -> Result<(), Reason> {
    let piece = desk.entry::<Pieces<I>>(&id)?;
    desk.only(piece.debtor)?;
    match piece.stage {
        Stage::Held | Stage::Discounted => {}
        stage => return Err(closed(stage)),
    }
    piece.check_holder(holder)?;
    piece.check_due(desk)?;
    clearing::pay::<I, R>(desk, piece.debtor, holder, piece.amount)?;
    put::<I, R>(desk, id, piece, Stage::Settled);
    Ok(())
}

/// A piece that the sender holds and may dispose of.
///
/// # Errors
/// `Dependency`; `AlreadySpent` for what is divided, sold or paid; `WrongState` for what the debtor
/// never accepted; `NotPermitted` for another's.
pub fn held<I: Instrument, R>(desk: &mut Desk<'_, '_, R>, id: PieceId) -> Result<Piece, Reason> {
    let piece = desk.entry::<Pieces<I>>(&id)?;
    if piece.stage != Stage::Held {
        return Err(closed(piece.stage));
    }
    desk.only(piece.holder)?;
    Ok(piece)
}

/// Why a piece does not move at this stage.
pub(super) fn closed(stage: Stage) -> Reason {
    match stage {
        Stage::Divided { .. } | Stage::Discounted | Stage::Settled | Stage::Redeemed => {
            Reason::AlreadySpent
        }
        Stage::Proposed
        | Stage::Held
        | Stage::Pledged { .. }
        | Stage::Presented
        | Stage::Refused => Reason::WrongState,
    }
}

pub(super) fn put<I: Instrument, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    piece: Piece,
    stage: Stage,
) {
    desk.access.put::<Pieces<I>>(id, Piece { stage, ..piece });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_where_a_piece_comes_from() {
        let whole = PieceId::whole(AccountId(3), 9);
        let part = whole.part(6).part(0);
        assert_eq!([whole, whole.part(6), part].map(PieceId::depth), [0, 1, 2]);
        assert_eq!(part.parent(), Some(whole.part(6)));
        assert_eq!(
            (whole.parent(), whole.part(6).parent()),
            (None, Some(whole))
        );
        assert_ne!(whole.part(0), whole.part(1));
    }
}
