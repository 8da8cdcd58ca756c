//! Bank drafts (docs/sources.md W6): a firm draws on a bank in favour of another firm; the bank accepts;
//! the draft is endorsed, pledged, discounted and rediscounted; on the day its holder presents it, and
//! the bank pays or refuses. Whoever signed a refused draft answers for it.
//!
//! ```text
//! issue -> Proposed -- accept --> Held -- endorse (at most 10 names more) --> Held
//!                                  +-- pledge --> Pledged -- release --> Held
//!                                  +-- discount --> Discounted -- rediscount --> Discounted
//! Held, Discounted -- present --> Presented -- pay --> Settled
//!                                     +-- refuse --> Refused -- recourse --> Refused or Redeemed
//! ```
//!
//! A declaration over [`crate::patterns::endorsement`], which holds to the law: a draft has one holder,
//! its chain of names has no gap, and it is paid once, by the bank or back along the chain.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::clearing::{Clearing, Positions};
use crate::patterns::desk::{Desk, known};
use crate::patterns::endorsement::{self, Chain, Endorsed};
use crate::patterns::instrument::{self, Instrument, PieceId, Pieces};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about bank drafts.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum BankDraftTx {
    /// A firm draws on a bank.
    Issue {
        /// A number that the drawer has not used.
        number: u64,
        /// Who is to be paid.
        payee: AccountId,
        /// An account of the bank that is to pay.
        acceptor: AccountId,
        /// In cents; zero is malformed.
        amount: u64,
        /// From when it may be presented, by the block's timestamp in nanoseconds.
        due_ns: u64,
    },
    /// The bank accepts.
    Accept {
        /// Which.
        piece: PieceId,
    },
    /// The holder pays another firm with it.
    Endorse {
        /// Which.
        piece: PieceId,
        /// The holder's place in the chain, from 1.
        tier: u8,
        /// Whom.
        to: AccountId,
    },
    /// The holder sells it to a bank.
    Discount {
        /// Which.
        piece: PieceId,
        /// The holder's place in the chain.
        tier: u8,
        /// An account of the bank.
        bank: AccountId,
    },
    /// The bank sells it to another.
    Rediscount {
        /// Which.
        piece: PieceId,
        /// The bank's place in the chain.
        tier: u8,
        /// An account of the other bank.
        bank: AccountId,
    },
    /// The holder pledges it to a bank.
    Pledge {
        /// Which.
        piece: PieceId,
        /// An account of the bank.
        bank: AccountId,
    },
    /// The bank to which it is pledged gives it free.
    Release {
        /// Which.
        piece: PieceId,
    },
    /// The holder asks for payment.
    Present {
        /// Which.
        piece: PieceId,
    },
    /// The accepting bank pays.
    Pay {
        /// Which.
        piece: PieceId,
        /// Whom it pays.
        holder: AccountId,
    },
    /// The accepting bank does not pay.
    Refuse {
        /// Which.
        piece: PieceId,
    },
    /// One who signed, or the drawer, pays the holder of a refused draft.
    Recourse {
        /// Which.
        piece: PieceId,
        /// The place of the one who pays; 0 is the drawer.
        tier: u8,
        /// Whom it pays.
        holder: AccountId,
    },
}

/// Bank drafts as endorsed instruments: a payee and at most ten names more (W6). Never divided.
pub struct BankDraft;

impl Clearing for BankDraft {
    const POSITIONS: u8 = 97;
    const POSITIONS_NAME: &'static str = "draft_positions";
}

impl Instrument for BankDraft {
    const PIECES: u8 = 96;
    const PIECES_NAME: &'static str = "draft_pieces";
    const TIERS: u8 = 11;
    const DEPTH: u32 = 0;
}

impl Endorsed for BankDraft {
    const CHAIN: u8 = 98;
    const CHAIN_NAME: &'static str = "draft_chain";
}

/// Who is who in the world of bank drafts. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Firms that draw.
    pub drawers: Seats,
    /// Firms that hold.
    pub holders: Seats,
    /// Banks, which accept, discount and take pledges.
    pub banks: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 99;
    const NAME: &'static str = "draft_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for BankDraftTx {
    fn kind(&self) -> &'static str {
        match self {
            BankDraftTx::Issue { .. } => "draft.issue",
            BankDraftTx::Accept { .. } => "draft.accept",
            BankDraftTx::Endorse { .. } => "draft.endorse",
            BankDraftTx::Discount { .. } => "draft.discount",
            BankDraftTx::Rediscount { .. } => "draft.rediscount",
            BankDraftTx::Pledge { .. } => "draft.pledge",
            BankDraftTx::Release { .. } => "draft.release",
            BankDraftTx::Present { .. } => "draft.present",
            BankDraftTx::Pay { .. } => "draft.pay",
            BankDraftTx::Refuse { .. } => "draft.refuse",
            BankDraftTx::Recourse { .. } => "draft.recourse",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match *self {
            BankDraftTx::Issue { number, .. } => {
                let piece = PieceId::whole(context.sender, number);
                endorsement::touch_next::<BankDraft>(piece, 0, touches);
            }
            BankDraftTx::Endorse { piece, tier, .. }
            | BankDraftTx::Discount { piece, tier, .. }
            | BankDraftTx::Rediscount { piece, tier, .. } => {
                endorsement::touch_next::<BankDraft>(piece, tier, touches);
            }
            BankDraftTx::Accept { piece }
            | BankDraftTx::Pledge { piece, .. }
            | BankDraftTx::Release { piece }
            | BankDraftTx::Present { piece }
            | BankDraftTx::Refuse { piece } => touches.write::<Pieces<BankDraft>>(&piece),
            BankDraftTx::Pay { piece, holder } => {
                instrument::touch_settle::<BankDraft>(piece, context.sender, holder, touches);
            }
            BankDraftTx::Recourse {
                piece,
                tier,
                holder,
            } => {
                let liable = context.sender;
                endorsement::touch_recourse::<BankDraft>(piece, tier, liable, holder, touches);
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let desk = &mut Desk::open::<Registries>(context, access);
        let Registry {
            drawers,
            holders,
            banks,
        } = desk.registry;
        match *self {
            BankDraftTx::Issue {
                number,
                payee,
                acceptor,
                amount,
                due_ns,
            } => {
                desk.only_one_of(drawers)?;
                known(holders, payee)?;
                known(banks, acceptor)?;
                endorsement::open::<BankDraft, _>(desk, number, payee, acceptor, amount, due_ns)
            }
            BankDraftTx::Accept { piece } => instrument::accept::<BankDraft, _>(desk, piece),
            BankDraftTx::Endorse { piece, tier, to } => {
                known(holders, to)?;
                endorsement::endorse::<BankDraft, _>(desk, piece, tier, to)
            }
            BankDraftTx::Discount { piece, tier, bank } => {
                known(banks, bank)?;
                endorsement::discount::<BankDraft, _>(desk, piece, tier, bank)
            }
            BankDraftTx::Rediscount { piece, tier, bank } => {
                known(banks, bank)?;
                endorsement::rediscount::<BankDraft, _>(desk, piece, tier, bank)
            }
            BankDraftTx::Pledge { piece, bank } => {
                known(banks, bank)?;
                endorsement::pledge::<BankDraft, _>(desk, piece, bank)
            }
            BankDraftTx::Release { piece } => endorsement::release::<BankDraft, _>(desk, piece),
            BankDraftTx::Present { piece } => endorsement::present::<BankDraft, _>(desk, piece),
            BankDraftTx::Pay { piece, holder } => {
                endorsement::pay::<BankDraft, _>(desk, piece, holder)
            }
            BankDraftTx::Refuse { piece } => endorsement::refuse::<BankDraft, _>(desk, piece),
            BankDraftTx::Recourse {
                piece,
                tier,
                holder,
            } => endorsement::recourse::<BankDraft, _>(desk, piece, tier, holder),
        }
    }
}

/// Drafts by number, for those who look into the state.
pub type DraftPieces = Pieces<BankDraft>;
/// Names by draft and place, for those who look into the state.
pub type DraftChain = Chain<BankDraft>;
/// Clearing positions by account, for those who look into the state.
pub type DraftPositions = Positions<BankDraft>;
