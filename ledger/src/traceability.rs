//! Traceability (docs/sources.md W8): what a maker produces is packed, shipped, received, cleared by
//! customs if it is imported, unpacked and sold, from hand to hand without a gap.
//!
//! ```text
//! produce -> Free -- ship --> Free, on its way -- (customs) -- receive --> Free
//!             | ^------------------------------------------------------------+
//!             +-- pack --> Packed in a larger unit, which is Free -- unpack --> Free
//!             +-- sell --> Sold          (a unit that was unpacked is Opened)
//! ```
//!
//! A declaration over [`crate::patterns::custody`]. Rules: only the holder ships, packs, unpacks and
//! sells; only the one to whom it was shipped receives; an imported unit is received after customs; a
//! unit counts the items in it, and packing conserves the count; an item is sold once. Up to 20 items
//! go into a case and 20 cases on a pallet. [`TraceTx::Query`] is an ordered read.

mod rules;

use crate::account::AccountId;
use crate::patterns::custody::{Custody, Links, Tracked};
use crate::receipt::Reason;
use crate::record::Table;
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about goods.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum TraceTx {
    /// A maker produces a batch of items of one article.
    Produce {
        /// Its first number, which and the following the maker has not used.
        first: u64,
        /// How many: 1 to [`PACK_LIMIT`].
        count: u8,
        /// Which article.
        sku: u32,
        /// Whether it comes from abroad and needs customs.
        imported: bool,
    },
    /// The holder packs units of one maker and size into a larger one.
    Pack {
        /// The first of them.
        first: UnitId,
        /// How many in a row: 2 to [`PACK_LIMIT`].
        count: u8,
        /// The number of the larger one, which the maker has not used.
        into: u64,
        /// How many items are in it, as its label says.
        items: u32,
    },
    /// The holder unpacks a unit.
    Unpack {
        /// Which.
        unit: UnitId,
        /// The first of what is in it.
        first: u64,
        /// How many are in it.
        count: u8,
        /// The place of the link that each gets.
        hop: u16,
    },
    /// The holder ships a unit.
    Ship {
        /// Which.
        unit: UnitId,
        /// To whom.
        to: AccountId,
    },
    /// Customs clear an imported unit on its way.
    Customs {
        /// Which.
        unit: UnitId,
    },
    /// The one to whom it was shipped has it.
    Receive {
        /// Which.
        unit: UnitId,
        /// The place of the link.
        hop: u16,
    },
    /// The holder sells an item.
    Sell {
        /// Which.
        unit: UnitId,
        /// Its article.
        sku: u32,
    },
    /// A consumer asks whether an item is of that article.
    Query {
        /// Which.
        unit: UnitId,
        /// The article on its label.
        sku: u32,
    },
}

/// The most units of a batch or in a larger unit (W8: 1:20:400).
pub const PACK_LIMIT: u8 = 20;

/// A unit: an item, a case or a pallet.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct UnitId {
    /// Who made it.
    pub maker: AccountId,
    /// Which of the maker's.
    pub number: u64,
}

/// How large a unit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Size {
    /// One piece, which can be sold.
    Item,
    /// Items.
    Case,
    /// Cases.
    Pallet,
}

/// Where a unit is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Place {
    /// It moves by itself.
    Free,
    /// It moves with a larger unit of the same maker.
    Packed {
        /// The number of that.
        within: u64,
    },
    /// It was unpacked and is no more.
    Opened,
    /// It was sold and leaves the chain.
    Sold,
}

/// What the ledger holds of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Unit {
    /// Its article.
    pub sku: u32,
    /// How large it is.
    pub size: Size,
    /// How many units were packed into it; zero for an item.
    pub parts: u8,
    /// The number of the first of these.
    pub first: u64,
    /// How many items it is or holds.
    pub items: u32,
    /// Whether it needs customs before it is received.
    pub uncleared: bool,
    /// Where it is in its life.
    pub place: Place,
    /// In whose hands it is.
    pub custody: Custody,
}

/// Units by maker and number.
pub struct Units;

impl Table for Units {
    const ID: u8 = 80;
    const NAME: &'static str = "trace_units";
    type Key = UnitId;
    type Value = Unit;
}

impl Tracked for Units {
    const LINKS: u8 = 81;
    const LINKS_NAME: &'static str = "trace_links";

    fn custody(unit: &mut Unit) -> &mut Custody {
        &mut unit.custody
    }

    fn may_move(unit: &Unit) -> Result<(), Reason> {
        match unit.place {
            Place::Free => Ok(()),
            Place::Packed { .. } => Err(Reason::WrongState),
            Place::Opened | Place::Sold => Err(Reason::AlreadySpent),
        }
    }
}

/// The links of the units' chains.
pub type UnitLinks = Links<Units>;

/// What was made and sold of an article: one key for all who scan it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Article {
    /// Items made.
    pub made: u64,
    /// Items sold.
    pub sold: u64,
}

/// Articles by number.
pub struct Articles;

impl Table for Articles {
    const ID: u8 = 82;
    const NAME: &'static str = "trace_articles";
    type Key = u32;
    type Value = Article;
}

/// Who is who in the world of goods. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Makers, which produce.
    pub makers: Seats,
    /// Customs: one institution.
    pub customs: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 83;
    const NAME: &'static str = "trace_registry";
    type Key = ();
    type Value = Registry;
}
