//! Unified identity (docs/sources.md W18): people are enrolled with a key, departments issue attributes,
//! people present parts of them to whom they please, and keys are rotated and revoked.
//!
//! ```text
//! key:       enrol -> Current -- rotate --> Retired, and the next key is Current
//!                              \- revoke --> Revoked; enrol again --> the next key is Current
//! attribute: issue -> a root over its fields -- present: one field, its proof, one verifier
//! ```
//!
//! The account's signature is the transport's. The key of this file is the identity's own: a transaction
//! names its serial number, and what names a key that is not the current one counts as badly signed.
//! Heights and not times say until when a key signs, because blocks are ordered by height. Presenting
//! shows one field of an attribute (see [`crate::patterns::inclusion`]) and leaves a row
//! ([`crate::patterns::audit`]).

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::audit::{self, Audited};
use crate::patterns::desk::{Desk, permit};
use crate::patterns::inclusion::{self, LEAVES_LIMIT};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about identities.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum IdentityTx {
    /// The registrar enrols somebody, or enrols him again after his key was revoked.
    Enrol {
        /// Whom.
        subject: AccountId,
        /// The serial number of his key, from 1: one more than that of his last.
        key: u32,
        /// Digest of the key.
        public: [u8; 32],
    },
    /// A department issues an attribute.
    Issue {
        /// To whom, and a number that is not used.
        attribute: AttributeId,
        /// The root over its fields.
        root: [u8; 32],
        /// How many fields.
        fields: u16,
    },
    /// The subject shows one field of an attribute to somebody.
    Present(Box<Proof>),
    /// The subject replaces its key.
    Rotate {
        /// The serial number of the current one, which signs.
        key: u32,
        /// Digest of the next.
        public: [u8; 32],
    },
    /// The subject or the registrar ends a key.
    Revoke {
        /// Whose.
        subject: AccountId,
        /// The serial number of the current one.
        key: u32,
    },
}

/// One field of an attribute, shown to a verifier.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Proof {
    /// The serial number of the subject's key.
    pub key: u32,
    /// Which attribute.
    pub attribute: AttributeId,
    /// To whom.
    pub verifier: AccountId,
    /// The field.
    pub field: [u8; 32],
    /// Its place.
    pub index: u16,
    /// The siblings on its way to the root, from the bottom up.
    pub path: Vec<[u8; 32]>,
}

/// An attribute of somebody.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct AttributeId {
    /// Whose.
    pub subject: AccountId,
    /// Which department issued it.
    pub department: u16,
    /// The department's number.
    pub number: u64,
}

/// Somebody who was enrolled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Identity {
    /// The serial number of the newest key.
    pub key: u32,
    /// Whether that key was revoked.
    pub revoked: bool,
}

/// Identities by account.
pub struct Identities;

impl Table for Identities {
    const ID: u8 = 168;
    const NAME: &'static str = "identities";
    type Key = AccountId;
    type Value = Identity;
}

/// A key and the heights at which it signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Key {
    /// Its digest.
    pub public: [u8; 32],
    /// From the block of that height.
    pub from: u64,
    /// Up to a transaction in the block of that height.
    pub until: Option<u64>,
}

/// Keys by account and serial number.
pub struct Keys;

impl Table for Keys {
    const ID: u8 = 169;
    const NAME: &'static str = "identity_keys";
    type Key = (AccountId, u32);
    type Value = Key;
}

/// What a department says of somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Attribute {
    /// The root over its fields.
    pub root: [u8; 32],
    /// How many fields.
    pub fields: u16,
    /// Height of the block that issued it.
    pub issued: u64,
}

/// Attributes by subject, department and number.
pub struct Attributes;

impl Table for Attributes {
    const ID: u8 = 170;
    const NAME: &'static str = "identity_attributes";
    type Key = AttributeId;
    type Value = Attribute;
}

/// What was shown to whom. Who showed it is in the row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Presentation {
    /// With which key.
    pub key: u32,
    /// Of which attribute.
    pub attribute: AttributeId,
    /// The place of the field.
    pub index: u16,
    /// To whom.
    pub verifier: AccountId,
}

/// Identity as something audited.
pub struct Unified;

impl Audited for Unified {
    const ROWS: u8 = 171;
    const ROWS_NAME: &'static str = "identity_presentations";
    const COUNTS: u8 = 172;
    const COUNTS_NAME: &'static str = "identity_presentation_counts";
    type What = Presentation;
}

/// Rows of presentations, for those who look into the state.
pub type Presentations = audit::Rows<Unified>;

/// Who is who in the world of identities. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Who enrols: one institution.
    pub registrar: Seats,
    /// Who issues attributes.
    pub departments: Seats,
    /// To whom attributes are shown.
    pub verifiers: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 173;
    const NAME: &'static str = "identity_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for IdentityTx {
    fn kind(&self) -> &'static str {
        match self {
            IdentityTx::Enrol { .. } => "identity.enrol",
            IdentityTx::Issue { .. } => "identity.issue",
            IdentityTx::Present(_) => "identity.present",
            IdentityTx::Rotate { .. } => "identity.rotate",
            IdentityTx::Revoke { .. } => "identity.revoke",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            IdentityTx::Enrol { subject, key, .. } | IdentityTx::Revoke { subject, key } => {
                touches.write::<Identities>(subject);
                touches.write::<Keys>(&(*subject, *key));
            }
            IdentityTx::Issue { attribute, .. } => {
                touches.read::<Identities>(&attribute.subject);
                touches.write::<Attributes>(attribute);
            }
            IdentityTx::Present(proof) => {
                touches.read::<Identities>(&context.sender);
                touches.read::<Attributes>(&proof.attribute);
                audit::touch::<Unified>(context, touches);
            }
            IdentityTx::Rotate { key, .. } => {
                touches.write::<Identities>(&context.sender);
                touches.write::<Keys>(&(context.sender, *key));
                touches.write::<Keys>(&(context.sender, key.saturating_add(1)));
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            IdentityTx::Enrol {
                subject,
                key,
                public,
            } => desk.enrol(subject, key, public),
            IdentityTx::Issue {
                attribute,
                root,
                fields,
            } => desk.issue(attribute, root, fields),
            IdentityTx::Present(ref proof) => desk.present(proof),
            IdentityTx::Rotate { key, public } => desk.rotate(key, public),
            IdentityTx::Revoke { subject, key } => desk.revoke(subject, key),
        }
    }
}

impl Desk<'_, '_, Registry> {
    fn enrol(&mut self, subject: AccountId, key: u32, public: [u8; 32]) -> Result<(), Reason> {
        self.only_one_of(self.registry.registrar)?;
        let last = match self.access.get::<Identities>(&subject) {
            None => 0,
            Some(identity) if identity.revoked => identity.key,
            Some(_) => return Err(Reason::AlreadyExists),
        };
        if last.checked_add(1) != Some(key) {
            return Err(Reason::Malformed);
        }
        self.make_current(subject, key, public)
    }

    fn issue(&mut self, id: AttributeId, root: [u8; 32], fields: u16) -> Result<(), Reason> {
        permit(self.only_one_of(self.registry.departments)? == u32::from(id.department))?;
        if !(1..=LEAVES_LIMIT).contains(&fields) {
            return Err(Reason::Malformed);
        }
        self.entry::<Identities>(&id.subject)?;
        let attribute = Attribute {
            root,
            fields,
            issued: self.context.height,
        };
        self.create::<Attributes>(id, attribute)
    }

    fn present(&mut self, proof: &Proof) -> Result<(), Reason> {
        let Proof {
            key,
            attribute: id,
            verifier,
            field,
            index,
            ref path,
        } = *proof;
        self.only(id.subject)?;
        if self.registry.verifiers.holder(verifier).is_none() {
            return Err(Reason::UnknownRecord);
        }
        self.signed_by(id.subject, key)?;
        let attribute = self.entry::<Attributes>(&id)?;
        inclusion::check(attribute.root, attribute.fields, field, index, path)?;
        let presentation = Presentation {
            key,
            attribute: id,
            index,
            verifier,
        };
        audit::leave::<Unified, _>(self, presentation);
        Ok(())
    }

    fn rotate(&mut self, key: u32, public: [u8; 32]) -> Result<(), Reason> {
        let subject = self.context.sender;
        self.signed_by(subject, key)?;
        let next = key.checked_add(1).ok_or(Reason::QuotaExceeded)?;
        self.end(subject, key)?;
        self.make_current(subject, next, public)
    }

    fn revoke(&mut self, subject: AccountId, key: u32) -> Result<(), Reason> {
        let sender = self.context.sender;
        permit(sender == subject || self.registry.registrar.holder(sender).is_some())?;
        self.signed_by(subject, key)?;
        self.end(subject, key)?;
        let revoked = true;
        self.access
            .put::<Identities>(subject, Identity { key, revoked });
        Ok(())
    }

    /// What names this key must be signed by it: it must be the current one.
    fn signed_by(&mut self, subject: AccountId, key: u32) -> Result<(), Reason> {
        let identity = self.entry::<Identities>(&subject)?;
        if identity.key == key && !identity.revoked {
            Ok(())
        } else {
            Err(Reason::BadSignature)
        }
    }

    /// Nothing in a later block is signed by this key.
    fn end(&mut self, subject: AccountId, key: u32) -> Result<(), Reason> {
        let mut ended = self.entry::<Keys>(&(subject, key))?;
        ended.until = Some(self.context.height);
        self.access.put::<Keys>((subject, key), ended);
        Ok(())
    }

    fn make_current(
        &mut self,
        subject: AccountId,
        key: u32,
        public: [u8; 32],
    ) -> Result<(), Reason> {
        let current = Key {
            public,
            from: self.context.height,
            until: None,
        };
        self.create::<Keys>((subject, key), current)?;
        let revoked = false;
        self.access
            .put::<Identities>(subject, Identity { key, revoked });
        Ok(())
    }
}
