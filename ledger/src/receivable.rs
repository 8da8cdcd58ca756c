//! Receivables (docs/sources.md W5): what a core firm owes a supplier, accepted, passed down the tiers,
//! divided, discounted at a bank and paid on the day.
//!
//! ```text
//! issue -> Proposed -- acknowledge --> Held -- transfer (tier + 1) --> Held
//!                                       +-- split (2 to 5) --> Divided, its parts are Held
//!                                       +-- discount --> Discounted (a bank holds it)
//!                                       +-- settle --> Settled       <-- settle --+
//! ```
//!
//! A declaration over [`crate::patterns::instrument`], which holds to the law: the leaves of a
//! receivable come to its amount, none is discounted twice, and settlement pays each leaf's holder
//! once. [`ReceivableTx::Query`] is an ordered read.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::clearing::{Clearing, Positions};
use crate::patterns::desk::{Desk, known};
use crate::patterns::instrument::{self, Instrument, PieceId, Pieces};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about receivables.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum ReceivableTx {
    /// A supplier states what a core firm owes it.
    Issue {
        /// A number that the supplier has not used.
        number: u64,
        /// The core firm's account.
        debtor: AccountId,
        /// In cents; zero is malformed.
        amount: u64,
        /// When it is to be paid, by the block's timestamp in nanoseconds.
        due_ns: u64,
    },
    /// The core firm acknowledges the debt.
    Acknowledge {
        /// Which.
        piece: PieceId,
    },
    /// The holder pays a supplier of its own with it.
    Transfer {
        /// Which.
        piece: PieceId,
        /// Whom.
        to: AccountId,
    },
    /// The holder divides it.
    Split {
        /// Which.
        piece: PieceId,
        /// In cents: 2 to [`SPLIT_LIMIT`] amounts that come to the whole.
        parts: Box<[u64]>,
    },
    /// The holder sells it to a bank.
    Discount {
        /// Which.
        piece: PieceId,
        /// An account of the bank.
        bank: AccountId,
    },
    /// The core firm pays the holder.
    Settle {
        /// Which.
        piece: PieceId,
        /// Whom it pays.
        holder: AccountId,
    },
    /// Somebody asks whether a piece is of that amount.
    Query {
        /// Which.
        piece: PieceId,
        /// In cents.
        amount: u64,
    },
}

/// The most parts of a split (W5: 2 to 5).
pub const SPLIT_LIMIT: usize = 5;

/// Receivables as instruments: tiers 1 to 5, trees of depth 6 (W5).
pub struct Receivable;

impl Clearing for Receivable {
    const POSITIONS: u8 = 49;
    const POSITIONS_NAME: &'static str = "receivable_positions";
}

impl Instrument for Receivable {
    const PIECES: u8 = 48;
    const PIECES_NAME: &'static str = "receivable_pieces";
    const TIERS: u8 = 5;
    const DEPTH: u32 = 6;
}

/// Who is who in the world of receivables. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Core firms, which owe.
    pub core: Seats,
    /// Suppliers, which are owed.
    pub suppliers: Seats,
    /// Banks, which discount.
    pub banks: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 50;
    const NAME: &'static str = "receivable_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for ReceivableTx {
    fn kind(&self) -> &'static str {
        match self {
            ReceivableTx::Issue { .. } => "receivable.issue",
            ReceivableTx::Acknowledge { .. } => "receivable.acknowledge",
            ReceivableTx::Transfer { .. } => "receivable.transfer",
            ReceivableTx::Split { .. } => "receivable.split",
            ReceivableTx::Discount { .. } => "receivable.discount",
            ReceivableTx::Settle { .. } => "receivable.settle",
            ReceivableTx::Query { .. } => "receivable.query",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            ReceivableTx::Issue { number, .. } => {
                touches.write::<Pieces<Receivable>>(&PieceId::whole(context.sender, *number));
            }
            ReceivableTx::Acknowledge { piece }
            | ReceivableTx::Transfer { piece, .. }
            | ReceivableTx::Discount { piece, .. } => touches.write::<Pieces<Receivable>>(piece),
            ReceivableTx::Split { piece, parts } => {
                instrument::touch_divide::<Receivable>(*piece, parts.len(), touches);
            }
            ReceivableTx::Settle { piece, holder } => {
                instrument::touch_settle::<Receivable>(*piece, context.sender, *holder, touches);
            }
            ReceivableTx::Query { piece, .. } => touches.read::<Pieces<Receivable>>(piece),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        let Registry {
            core,
            suppliers,
            banks,
        } = desk.registry;
        match *self {
            ReceivableTx::Issue {
                number,
                debtor,
                amount,
                due_ns,
            } => {
                desk.only_one_of(suppliers)?;
                known(core, debtor)?;
                let holder = context.sender;
                instrument::propose::<Receivable, _>(
                    &mut desk, number, holder, debtor, amount, due_ns,
                )
            }
            ReceivableTx::Acknowledge { piece } => {
                instrument::accept::<Receivable, _>(&mut desk, piece)
            }
            ReceivableTx::Transfer { piece, to } => {
                known(suppliers, to)?;
                instrument::pass::<Receivable, _>(&mut desk, piece, to).map(drop)
            }
            ReceivableTx::Split { piece, ref parts } => {
                if parts.len() > SPLIT_LIMIT {
                    return Err(Reason::Malformed);
                }
                instrument::divide::<Receivable, _>(&mut desk, piece, parts)
            }
            ReceivableTx::Discount { piece, bank } => {
                known(banks, bank)?;
                instrument::discount::<Receivable, _>(&mut desk, piece, bank)
            }
            ReceivableTx::Settle { piece, holder } => {
                instrument::settle::<Receivable, _>(&mut desk, piece, holder)
            }
            ReceivableTx::Query { piece, amount } => {
                let known = desk.entry::<Pieces<Receivable>>(&piece)?.amount;
                if known == amount {
                    Ok(())
                } else {
                    Err(Reason::FalseClaim)
                }
            }
        }
    }
}

/// Pieces by number, for those who look into the state.
pub type ReceivablePieces = Pieces<Receivable>;
/// Clearing positions by account, for those who look into the state.
pub type ReceivablePositions = Positions<Receivable>;
