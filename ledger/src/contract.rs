//! Contract signing (docs/sources.md W9): somebody drafts a text, invites who is to sign it, and completes
//! it when all have; until then it can be revoked; afterwards it can be exported as evidence.
//!
//! ```text
//! draft -> Drafted -- invite (2 to 4) --> Open -- each signs once --> Open -- complete --> Complete
//!             \------- revoke -----------/                                         \-- export: a
//!                          -> Revoked                                                  copy on record
//! ```
//!
//! A declaration over [`crate::patterns::cosign`]: all who were invited have signed, each once and the
//! same text, before a contract is complete.

use crate::access::Access;
use crate::account::AccountId;
use crate::hash::TxId;
use crate::patterns::cosign::{Signatures, place_of};
use crate::patterns::desk::{Desk, permit};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about contracts.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum ContractTx {
    /// Somebody drafts a contract.
    Draft {
        /// A number that the drafter has not used.
        number: u64,
        /// The digest of the text.
        digest: [u8; 32],
    },
    /// The drafter invites who is to sign.
    Invite {
        /// Which of the drafter's.
        number: u64,
        /// [`PARTIES`] accounts, all different; the drafter may be one of them.
        parties: Box<[AccountId]>,
    },
    /// One of those signs.
    Sign {
        /// Which.
        contract: ContractId,
        /// The digest of the text that it has read.
        digest: [u8; 32],
    },
    /// The drafter completes what all have signed.
    Complete {
        /// Which of the drafter's.
        number: u64,
    },
    /// The drafter, or one who was invited, revokes what is not complete.
    Revoke {
        /// Which.
        contract: ContractId,
    },
    /// The drafter, or one who signed, puts on record that it was complete.
    Export {
        /// Which.
        contract: ContractId,
        /// The digest of the text.
        digest: [u8; 32],
    },
}

/// How many may be invited (W9).
pub const PARTIES: std::ops::RangeInclusive<usize> = 2..=MOST;
/// The most of them.
const MOST: usize = 4;

/// A contract.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct ContractId {
    /// Who drafted it.
    pub drafter: AccountId,
    /// Which of the drafter's.
    pub number: u64,
}

/// How far a contract has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Stage {
    /// Nobody was invited.
    Drafted,
    /// It waits for signatures.
    Open,
    /// All have signed, and the drafter has closed it.
    Complete {
        /// Timestamp of the block.
        at_ns: u64,
    },
    /// It will never be complete.
    Revoked,
}

/// What the ledger holds of a contract.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Contract {
    /// The digest of its text.
    pub digest: [u8; 32],
    /// Timestamp of the block that brought it.
    pub drafted_ns: u64,
    /// Who is to sign; nobody before the invitation.
    pub parties: Box<[AccountId]>,
    /// Who has, by their place among the parties.
    pub signatures: Signatures<MOST>,
    /// How far it has come.
    pub stage: Stage,
}

/// Contracts by number.
pub struct Contracts;

impl Table for Contracts {
    const ID: u8 = 120;
    const NAME: &'static str = "contracts";
    type Key = ContractId;
    type Value = Contract;
}

/// A copy on record for whoever has to prove it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Export {
    /// Of which contract.
    pub contract: ContractId,
    /// By whom.
    pub by: AccountId,
    /// The digest of the text.
    pub digest: [u8; 32],
    /// When the contract was complete.
    pub complete_ns: u64,
    /// Timestamp of the block that put it on record.
    pub at_ns: u64,
}

/// Exports by the transaction that made them.
pub struct Exports;

impl Table for Exports {
    const ID: u8 = 121;
    const NAME: &'static str = "contract_exports";
    type Key = TxId;
    type Value = Export;
}

impl ContractTx {
    fn contract(&self, drafter: AccountId) -> ContractId {
        match *self {
            ContractTx::Draft { number, .. }
            | ContractTx::Invite { number, .. }
            | ContractTx::Complete { number } => ContractId { drafter, number },
            ContractTx::Sign { contract, .. }
            | ContractTx::Revoke { contract }
            | ContractTx::Export { contract, .. } => contract,
        }
    }
}

impl Rule for ContractTx {
    fn kind(&self) -> &'static str {
        match self {
            ContractTx::Draft { .. } => "contract.draft",
            ContractTx::Invite { .. } => "contract.invite",
            ContractTx::Sign { .. } => "contract.sign",
            ContractTx::Complete { .. } => "contract.complete",
            ContractTx::Revoke { .. } => "contract.revoke",
            ContractTx::Export { .. } => "contract.export",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        let contract = self.contract(context.sender);
        if let ContractTx::Export { .. } = self {
            touches.read::<Contracts>(&contract);
            touches.write::<Exports>(&context.id);
        } else {
            touches.write::<Contracts>(&contract);
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let registry = ();
        let mut desk = Desk {
            registry,
            context,
            access,
        };
        let id = self.contract(context.sender);
        match *self {
            ContractTx::Draft { digest, .. } => desk.draft(id, digest),
            ContractTx::Invite { ref parties, .. } => desk.invite(id, parties),
            ContractTx::Sign { digest, .. } => desk.sign(id, digest),
            ContractTx::Complete { .. } => desk.complete(id),
            ContractTx::Revoke { .. } => desk.revoke(id),
            ContractTx::Export { digest, .. } => desk.export(id, digest),
        }
    }
}

impl Desk<'_, '_, ()> {
    fn draft(&mut self, id: ContractId, digest: [u8; 32]) -> Result<(), Reason> {
        let contract = Contract {
            digest,
            drafted_ns: self.context.timestamp_ns,
            parties: Box::default(),
            signatures: Signatures::default(),
            stage: Stage::Drafted,
        };
        self.create::<Contracts>(id, contract)
    }

    fn invite(&mut self, id: ContractId, parties: &[AccountId]) -> Result<(), Reason> {
        let mut contract = self.entry::<Contracts>(&id)?;
        contract.must_be(Stage::Drafted)?;
        let twice = |(place, party)| parties[..place].contains(party);
        if !PARTIES.contains(&parties.len()) || parties.iter().enumerate().any(twice) {
            return Err(Reason::Malformed);
        }
        contract.parties = parties.into();
        contract.stage = Stage::Open;
        self.access.put::<Contracts>(id, contract);
        Ok(())
    }

    fn sign(&mut self, id: ContractId, digest: [u8; 32]) -> Result<(), Reason> {
        let mut contract = self.entry::<Contracts>(&id)?;
        contract.must_be(Stage::Open)?;
        let place = place_of(self.context.sender, &contract.parties)?;
        contract.must_say(digest)?;
        contract.signatures.sign(place, self.context.sender)?;
        self.access.put::<Contracts>(id, contract);
        Ok(())
    }

    fn complete(&mut self, id: ContractId) -> Result<(), Reason> {
        let mut contract = self.entry::<Contracts>(&id)?;
        contract.must_be(Stage::Open)?;
        if !contract.signatures.are_all_of(contract.parties.len()) {
            return Err(Reason::WrongState);
        }
        let at_ns = self.context.timestamp_ns;
        contract.stage = Stage::Complete { at_ns };
        self.access.put::<Contracts>(id, contract);
        Ok(())
    }

    fn revoke(&mut self, id: ContractId) -> Result<(), Reason> {
        let mut contract = self.entry::<Contracts>(&id)?;
        permit(contract.concerns(id, self.context.sender))?;
        if let Stage::Complete { .. } | Stage::Revoked = contract.stage {
            return Err(Reason::WrongState);
        }
        contract.stage = Stage::Revoked;
        self.access.put::<Contracts>(id, contract);
        Ok(())
    }

    fn export(&mut self, id: ContractId, digest: [u8; 32]) -> Result<(), Reason> {
        let contract = self.entry::<Contracts>(&id)?;
        let by = self.context.sender;
        permit(contract.concerns(id, by))?;
        let Stage::Complete { at_ns: complete_ns } = contract.stage else {
            return Err(Reason::WrongState);
        };
        contract.must_say(digest)?;
        let export = Export {
            contract: id,
            by,
            digest,
            complete_ns,
            at_ns: self.context.timestamp_ns,
        };
        self.create::<Exports>(self.context.id, export)
    }
}

impl Contract {
    /// Whether an account has to do with it.
    pub fn concerns(&self, id: ContractId, account: AccountId) -> bool {
        id.drafter == account || self.parties.contains(&account)
    }

    fn must_be(&self, stage: Stage) -> Result<(), Reason> {
        if self.stage == stage {
            Ok(())
        } else {
            Err(Reason::WrongState)
        }
    }

    fn must_say(&self, digest: [u8; 32]) -> Result<(), Reason> {
        if self.digest == digest {
            Ok(())
        } else {
            Err(Reason::FalseClaim)
        }
    }
}
