//! Endorsement: an instrument goes from hand to hand by a chain of names, and whoever signed answers
//! for it.
//!
//! ```text
//! Proposed -> Held -- endorse, discount, rediscount: one name more --> Held, Discounted
//!              |  \-- pledge --> Pledged -- release --> Held        |
//!              +------------------- present (from the day on) -------+--> Presented
//! Presented -- pay --> Settled
//!           \- refuse --> Refused -- recourse: one before the holder pays it, and holds it --> Refused
//!                            \------ recourse: the maker pays it --> Redeemed
//! ```
//!
//! The names are a table by piece and tier: a transaction says which tier it writes or answers for, so
//! that what it touches does not depend on the state. Tier 0 is the maker, whose name is in the
//! piece's number. Knows no kind: tables and limits are the kind's.

use super::clearing;
use super::desk::Desk;
use super::instrument::{self, Instrument, Piece, PieceId, Pieces, Stage};
use crate::account::AccountId;
use crate::receipt::Reason;
use crate::record::{Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// A kind of instrument that is passed on by endorsement.
pub trait Endorsed: Instrument {
    /// The number of the table of names.
    const CHAIN: u8;
    /// Its name.
    const CHAIN_NAME: &'static str;
}

/// One name in a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Endorsement {
    /// Who held the piece at this tier.
    pub holder: AccountId,
    /// Timestamp of the block that put it into this hand.
    pub at_ns: u64,
    /// Whether it paid a later holder of the refused piece.
    pub redeemed: bool,
}

/// Names by piece and tier, from 1.
pub struct Chain<I>(PhantomData<I>);

impl<I: Endorsed> Table for Chain<I> {
    const ID: u8 = I::CHAIN;
    const NAME: &'static str = I::CHAIN_NAME;
    type Key = (PieceId, u8);
    type Value = Endorsement;
}

/// What [`open`] (with tier 0), [`endorse`], [`discount`] and [`rediscount`] touch.
pub fn touch_next<I: Endorsed>(piece: PieceId, tier: u8, touches: &mut Touches) {
    touches.write::<Pieces<I>>(&piece);
    touches.write::<Chain<I>>(&(piece, tier.saturating_add(1)));
}

/// What [`recourse`] touches.
pub fn touch_recourse<I: Endorsed>(
    piece: PieceId,
    tier: u8,
    liable: AccountId,
    holder: AccountId,
    touches: &mut Touches,
) {
    instrument::touch_settle::<I>(piece, liable, holder, touches);
    touches.write::<Chain<I>>(&(piece, tier));
}

/// The sender makes a whole for its first holder, which the debtor has to accept.
///
/// # Errors
/// As [`instrument::propose`]; `Malformed` if the maker is the holder.
pub fn open<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    number: u64,
    holder: AccountId,
    debtor: AccountId,
    amount: u64,
    due_ns: u64,
) -> Result<(), Reason> {
    let maker = desk.context.sender;
    if maker == holder {
        return Err(Reason::Malformed);
    }
    instrument::propose::<I, R>(desk, number, holder, debtor, amount, due_ns)?;
    sign::<I, R>(desk, PieceId::whole(maker, number), 1, holder)
}

/// The holder at `tier` passes it on.
///
/// # Errors
/// As [`instrument::pass`]; `FalseClaim` for another tier than the holder's.
pub fn endorse<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    tier: u8,
    to: AccountId,
) -> Result<(), Reason> {
    let piece = instrument::held::<I, R>(desk, id)?;
    hand_on::<I, R>(desk, id, piece, tier, to, Stage::Held)
}

/// The holder at `tier` sells it to a financier, who signs its chain too.
///
/// # Errors
/// As [`endorse`].
pub fn discount<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    tier: u8,
    financier: AccountId,
) -> Result<(), Reason> {
    let piece = instrument::held::<I, R>(desk, id)?;
    hand_on::<I, R>(desk, id, piece, tier, financier, Stage::Discounted)
}

/// The financier at `tier` sells it to another.
///
/// # Errors
/// As [`endorse`], but for what is not discounted.
pub fn rediscount<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    tier: u8,
    financier: AccountId,
) -> Result<(), Reason> {
    let piece = at::<I, R>(desk, id, Stage::Discounted)?;
    desk.only(piece.holder)?;
    hand_on::<I, R>(desk, id, piece, tier, financier, Stage::Discounted)
}

/// The holder pledges it.
///
/// # Errors
/// As [`instrument::held`]; `Malformed` to oneself.
pub fn pledge<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    to: AccountId,
) -> Result<(), Reason> {
    let piece = instrument::held::<I, R>(desk, id)?;
    if to == piece.holder {
        return Err(Reason::Malformed);
    }
    instrument::put::<I, R>(desk, id, piece, Stage::Pledged { to });
    Ok(())
}

/// To whom it is pledged gives it free.
///
/// # Errors
/// `Dependency`; `WrongState` for what is not pledged, `NotPermitted` for another.
pub fn release<I: Endorsed, R>(desk: &mut Desk<'_, '_, R>, id: PieceId) -> Result<(), Reason> {
    let piece = desk.entry::<Pieces<I>>(&id)?;
    let Stage::Pledged { to } = piece.stage else {
        return Err(Reason::WrongState);
    };
    desk.only(to)?;
    instrument::put::<I, R>(desk, id, piece, Stage::Held);
    Ok(())
}

/// The holder asks the debtor to pay.
///
/// # Errors
/// `Dependency`; `NotPermitted` for another; `AlreadySpent` for what is paid, `WrongState` for what
/// is not free; `TooEarly`.
pub fn present<I: Endorsed, R>(desk: &mut Desk<'_, '_, R>, id: PieceId) -> Result<(), Reason> {
    let piece = desk.entry::<Pieces<I>>(&id)?;
    match piece.stage {
        Stage::Held | Stage::Discounted => {}
        stage => return Err(instrument::closed(stage)),
    }
    desk.only(piece.holder)?;
    piece.check_due(desk)?;
    instrument::put::<I, R>(desk, id, piece, Stage::Presented);
    Ok(())
}

/// The debtor pays the holder, whom it has to name.
///
/// # Errors
/// `Dependency`; `AlreadySpent` for what is paid, `WrongState` for what was not presented;
/// `NotPermitted` for another than the debtor; `FalseClaim` for another holder.
pub fn pay<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    holder: AccountId,
) -> Result<(), Reason> {
    let piece = at::<I, R>(desk, id, Stage::Presented)?;
    desk.only(piece.debtor)?;
    piece.check_holder(holder)?;
    clearing::pay::<I, R>(desk, piece.debtor, holder, piece.amount)?;
    instrument::put::<I, R>(desk, id, piece, Stage::Settled);
    Ok(())
}

/// The debtor does not pay.
///
/// # Errors
/// As [`pay`].
pub fn refuse<I: Endorsed, R>(desk: &mut Desk<'_, '_, R>, id: PieceId) -> Result<(), Reason> {
    let piece = at::<I, R>(desk, id, Stage::Presented)?;
    desk.only(piece.debtor)?;
    instrument::put::<I, R>(desk, id, piece, Stage::Refused);
    Ok(())
}

/// One who signed at `tier` pays the holder of what was refused, and holds it again; or its maker
/// pays, at tier 0, and it ends.
///
/// # Errors
/// `Dependency`; `AlreadySpent` for what has ended, `WrongState` for what was not refused, or for a
/// tier that is not before the holder's; `NotPermitted` for another than who signed there;
/// `FalseClaim` for another holder.
pub fn recourse<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    tier: u8,
    holder: AccountId,
) -> Result<(), Reason> {
    let mut piece = at::<I, R>(desk, id, Stage::Refused)?;
    if tier >= piece.tier {
        return Err(Reason::WrongState);
    }
    let liable = desk.context.sender;
    let mut stage = Stage::Redeemed;
    if tier == 0 {
        desk.only(id.maker)?;
    } else {
        let mut signed = desk.entry::<Chain<I>>(&(id, tier))?;
        desk.only(signed.holder)?;
        signed.redeemed = true;
        desk.access.put::<Chain<I>>((id, tier), signed);
        stage = Stage::Refused;
    }
    piece.check_holder(holder)?;
    clearing::pay::<I, R>(desk, liable, holder, piece.amount)?;
    piece.holder = liable;
    piece.tier = tier;
    instrument::put::<I, R>(desk, id, piece, stage);
    Ok(())
}

/// A piece that must be at this stage.
fn at<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    stage: Stage,
) -> Result<Piece, Reason> {
    let piece = desk.entry::<Pieces<I>>(&id)?;
    if piece.stage == stage {
        Ok(piece)
    } else {
        Err(instrument::closed(piece.stage))
    }
}

/// Gives it to the next holder, whose name is added to the chain.
fn hand_on<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    piece: Piece,
    tier: u8,
    to: AccountId,
    stage: Stage,
) -> Result<(), Reason> {
    if piece.tier != tier {
        return Err(Reason::FalseClaim);
    }
    let next = instrument::hand_on::<I, R>(desk, id, piece, to, stage)?;
    sign::<I, R>(desk, id, next, to)
}

fn sign<I: Endorsed, R>(
    desk: &mut Desk<'_, '_, R>,
    id: PieceId,
    tier: u8,
    holder: AccountId,
) -> Result<(), Reason> {
    let name = Endorsement {
        holder,
        at_ns: desk.context.timestamp_ns,
        redeemed: false,
    };
    desk.create::<Chain<I>>((id, tier), name)
}
