//! Judicial evidence (docs/sources.md W4): digests are deposited, anchored from other chains, notarised,
//! verified, submitted to a court and confirmed by it.
//!
//! ```text
//! deposit -> Deposited -- stamp (time authority) and cosign (notary), in any order --> Notarised
//!               |
//!               +-- submit to court --> exhibit: Submitted -- judge --> Confirmed
//! source chain: anchor n -> anchor n + 1 -> ..., each naming the one before
//! ```
//!
//! Rules: the first deposit of a digest stands and is the earliest; a claim that it was there at a time
//! must be true of that first deposit; an inclusion proof must lead to its root; only the court that a
//! case lies with confirms. [`EvidenceTx::Verify`] is an ordered read, whose receipt is the answer.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::cosign::Signatures;
use crate::patterns::desk::Desk;
use crate::patterns::inclusion::{self, LEAVES_LIMIT};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about evidence.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum EvidenceTx {
    /// Somebody deposits a digest, or the root of a batch of them.
    Deposit {
        /// The digest or root.
        root: [u8; 32],
        /// How many leaves; 1 for a single digest, at most [`LEAVES_LIMIT`].
        leaves: u16,
    },
    /// A source chain anchors its head.
    Anchor {
        /// The next place in the chain of its anchors, from 1.
        place: u64,
        /// The root anchored before; zero for the first.
        previous: [u8; 32],
        /// The new root.
        root: [u8; 32],
    },
    /// The time authority stamps a deposit.
    Stamp {
        /// Which.
        root: [u8; 32],
    },
    /// A notary signs a deposit.
    Cosign {
        /// Which.
        root: [u8; 32],
    },
    /// Somebody asks whether a leaf was deposited by a time.
    Verify(Box<Inclusion>),
    /// The depositor submits a deposit to a court.
    SubmitToCourt {
        /// The court's number of the case.
        case: CaseId,
        /// Which.
        root: [u8; 32],
        /// By when, it is claimed, the deposit was there.
        by_ns: u64,
    },
    /// A judge confirms an exhibit.
    JudgeConfirm {
        /// In which case.
        case: CaseId,
        /// Which.
        root: [u8; 32],
    },
}

/// A claim that a leaf was deposited by a time.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Inclusion {
    /// The root that was deposited.
    pub root: [u8; 32],
    /// The leaf.
    pub leaf: [u8; 32],
    /// Its place in the batch.
    pub index: u16,
    /// The siblings on its way to the root, from the bottom up.
    pub path: Vec<[u8; 32]>,
    /// By when, by the block's timestamp in nanoseconds.
    pub by_ns: u64,
}

/// A case of a court.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct CaseId {
    /// Which court, from zero.
    pub court: u16,
    /// The court's number.
    pub number: u64,
}

/// The time authority's place among the signatures.
pub const AUTHORITY: u8 = 0;
/// The notary's.
pub const NOTARY: u8 = 1;

/// A digest that was deposited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Deposit {
    /// By whom.
    pub depositor: AccountId,
    /// How many leaves.
    pub leaves: u16,
    /// Timestamp of the block: the earliest time that anybody can claim.
    pub since_ns: u64,
    /// Who has signed, of authority and notary.
    pub signatures: Signatures<2>,
}

impl Deposit {
    /// Whether authority and notary have both signed.
    pub fn is_notarised(&self) -> bool {
        self.signatures.has(AUTHORITY) && self.signatures.has(NOTARY)
    }
}

/// Deposits by digest.
pub struct Deposits;

impl Table for Deposits {
    const ID: u8 = 64;
    const NAME: &'static str = "evidence_deposits";
    type Key = [u8; 32];
    type Value = Deposit;
}

/// One anchor of a source chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Anchor {
    /// The root before it.
    pub previous: [u8; 32],
    /// Its root.
    pub root: [u8; 32],
    /// Timestamp of the block.
    pub at_ns: u64,
}

/// Anchors by the source's account and place.
pub struct Anchors;

impl Table for Anchors {
    const ID: u8 = 65;
    const NAME: &'static str = "evidence_anchors";
    type Key = (AccountId, u64);
    type Value = Anchor;
}

/// Something that lies before a court.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Exhibit {
    /// Who submitted it.
    pub party: AccountId,
    /// Since when the deposit has been there, as the ledger knows.
    pub since_ns: u64,
    /// By when it was claimed to be there.
    pub by_ns: u64,
    /// Timestamp of the block that submitted it.
    pub submitted_ns: u64,
    /// Timestamp of the block with the judge's word.
    pub confirmed_ns: Option<u64>,
    /// Which judge.
    pub judge: Option<AccountId>,
}

/// Exhibits by case and digest.
pub struct Exhibits;

impl Table for Exhibits {
    const ID: u8 = 66;
    const NAME: &'static str = "evidence_exhibits";
    type Key = (CaseId, [u8; 32]);
    type Value = Exhibit;
}

/// Who is who in the world of evidence. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Other chains, each an account.
    pub sources: Seats,
    /// The time authority: one institution.
    pub authority: Seats,
    /// Notaries.
    pub notaries: Seats,
    /// Courts; their accounts are judges.
    pub courts: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 67;
    const NAME: &'static str = "evidence_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for EvidenceTx {
    fn kind(&self) -> &'static str {
        match self {
            EvidenceTx::Deposit { .. } => "evidence.deposit",
            EvidenceTx::Anchor { .. } => "evidence.anchor",
            EvidenceTx::Stamp { .. } => "evidence.stamp",
            EvidenceTx::Cosign { .. } => "evidence.cosign",
            EvidenceTx::Verify(_) => "evidence.verify",
            EvidenceTx::SubmitToCourt { .. } => "evidence.submit_to_court",
            EvidenceTx::JudgeConfirm { .. } => "evidence.judge_confirm",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            EvidenceTx::Deposit { root, .. }
            | EvidenceTx::Stamp { root }
            | EvidenceTx::Cosign { root } => touches.write::<Deposits>(root),
            EvidenceTx::Anchor { place, .. } => {
                touches.write::<Anchors>(&(context.sender, *place));
                touches.read::<Anchors>(&(context.sender, place.saturating_sub(1)));
            }
            EvidenceTx::Verify(claim) => touches.read::<Deposits>(&claim.root),
            EvidenceTx::SubmitToCourt { case, root, .. } => {
                touches.read::<Deposits>(root);
                touches.write::<Exhibits>(&(*case, *root));
            }
            EvidenceTx::JudgeConfirm { case, root } => touches.write::<Exhibits>(&(*case, *root)),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            EvidenceTx::Deposit { root, leaves } => desk.deposit(root, leaves),
            EvidenceTx::Anchor {
                place,
                previous,
                root,
            } => desk.anchor(place, previous, root),
            EvidenceTx::Stamp { root } => {
                desk.only_one_of(desk.registry.authority)?;
                desk.sign(root, AUTHORITY)
            }
            EvidenceTx::Cosign { root } => {
                desk.only_one_of(desk.registry.notaries)?;
                desk.sign(root, NOTARY)
            }
            EvidenceTx::Verify(ref claim) => desk.verify(claim),
            EvidenceTx::SubmitToCourt { case, root, by_ns } => desk.submit(case, root, by_ns),
            EvidenceTx::JudgeConfirm { case, root } => desk.confirm(case, root),
        }
    }
}

impl Desk<'_, '_, Registry> {
    fn deposit(&mut self, root: [u8; 32], leaves: u16) -> Result<(), Reason> {
        if !(1..=LEAVES_LIMIT).contains(&leaves) || root == [0; 32] {
            return Err(Reason::Malformed);
        }
        let deposit = Deposit {
            depositor: self.context.sender,
            leaves,
            since_ns: self.context.timestamp_ns,
            signatures: Signatures::default(),
        };
        self.create::<Deposits>(root, deposit)
    }

    fn anchor(&mut self, place: u64, previous: [u8; 32], root: [u8; 32]) -> Result<(), Reason> {
        self.only_one_of(self.registry.sources)?;
        if place == 0 {
            return Err(Reason::Malformed);
        }
        let source = self.context.sender;
        let before = match place {
            1 => [0; 32],
            _ => self.entry::<Anchors>(&(source, place - 1))?.root,
        };
        if before != previous {
            return Err(Reason::BrokenCustody);
        }
        let at_ns = self.context.timestamp_ns;
        let anchor = Anchor {
            previous,
            root,
            at_ns,
        };
        self.create::<Anchors>((source, place), anchor)
    }

    fn sign(&mut self, root: [u8; 32], party: u8) -> Result<(), Reason> {
        let mut deposit = self.entry::<Deposits>(&root)?;
        deposit.signatures.sign(party, self.context.sender)?;
        self.access.put::<Deposits>(root, deposit);
        Ok(())
    }

    fn verify(&mut self, claim: &Inclusion) -> Result<(), Reason> {
        let Inclusion {
            root,
            leaf,
            index,
            by_ns,
            ..
        } = *claim;
        let deposit = self.by(root, by_ns)?;
        inclusion::check(root, deposit.leaves, leaf, index, &claim.path)
    }

    fn submit(&mut self, case: CaseId, root: [u8; 32], by_ns: u64) -> Result<(), Reason> {
        if u32::from(case.court) >= self.registry.courts.institutions {
            return Err(Reason::UnknownRecord);
        }
        let deposit = self.by(root, by_ns)?;
        self.only(deposit.depositor)?;
        let exhibit = Exhibit {
            party: self.context.sender,
            since_ns: deposit.since_ns,
            by_ns,
            submitted_ns: self.context.timestamp_ns,
            confirmed_ns: None,
            judge: None,
        };
        self.create::<Exhibits>((case, root), exhibit)
    }

    fn confirm(&mut self, case: CaseId, root: [u8; 32]) -> Result<(), Reason> {
        if self.only_one_of(self.registry.courts)? != u32::from(case.court) {
            return Err(Reason::NotPermitted);
        }
        let mut exhibit = self.entry::<Exhibits>(&(case, root))?;
        if exhibit.confirmed_ns.is_some() {
            return Err(Reason::WrongState);
        }
        exhibit.confirmed_ns = Some(self.context.timestamp_ns);
        exhibit.judge = Some(self.context.sender);
        self.access.put::<Exhibits>((case, root), exhibit);
        Ok(())
    }

    /// A deposit that must have been there by that time.
    fn by(&mut self, root: [u8; 32], by_ns: u64) -> Result<Deposit, Reason> {
        let deposit = self.entry::<Deposits>(&root)?;
        if deposit.since_ns <= by_ns {
            Ok(deposit)
        } else {
            Err(Reason::FalseClaim)
        }
    }
}
