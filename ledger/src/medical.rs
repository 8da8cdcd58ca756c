//! The medical union (docs/sources.md W11): hospitals deposit sealed records, patients let others read
//! them, and every reading leaves a row.
//!
//! ```text
//! record:   create -> Sealed -- destroy (its key) --> Shredded: nobody reads it again
//! consent:  grant (carries the key, wrapped once more) -- read n times --> revoked, expired or used up
//! referral: a community hospital refers to a tertiary one, to which the patient has consented
//! ```
//!
//! The payload is a [`crate::envelope`], of which the ledger keeps the digest; on the wire it is the
//! transaction's filler. Each record has a key of its own, in the hands of the patient's key service
//! and the treating hospital; [`MedicalTx::Destroy`] is the ledger's tombstone for that key, and the
//! ledger refuses to serve the record from then on, even in an emergency.
//!
//! Rules: no reading without a live consent, but for an emergency, in which a tertiary hospital breaks
//! the glass and is flagged for it; only the patient grants, revokes and destroys.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::audit::{self, Audited};
use crate::patterns::consent::{self, Consent};
use crate::patterns::desk::{Desk, permit};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about medical records.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum MedicalTx {
    /// A doctor deposits a sealed record of a patient.
    Create {
        /// Whose, and a number that is not used.
        record: RecordId,
        /// Digest of the envelope.
        digest: [u8; 32],
        /// Bytes of the payload that was sealed; zero is malformed.
        bytes: u16,
    },
    /// The patient lets a hospital read a record.
    Grant {
        /// Which record, to whom, and a number that is not used.
        grant: GrantId,
        /// How often; zero is malformed.
        uses: u16,
        /// Until when, by the block's timestamp in nanoseconds.
        expires_ns: u64,
    },
    /// The patient takes a consent back.
    Revoke {
        /// Which.
        grant: GrantId,
    },
    /// A community hospital refers its patient to a tertiary one.
    Refer {
        /// The patient's consent to the tertiary hospital.
        grant: GrantId,
    },
    /// A doctor reads a record.
    Read {
        /// By which consent.
        grant: GrantId,
    },
    /// A doctor of a tertiary hospital reads a record in an emergency.
    BreakGlass {
        /// Which.
        record: RecordId,
        /// Digest of the grounds.
        grounds: [u8; 32],
    },
    /// The patient has destroyed the key of a record.
    Destroy {
        /// The number of the sender's record.
        number: u64,
    },
}

/// A record of a patient.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct RecordId {
    /// About whom.
    pub patient: AccountId,
    /// Which.
    pub number: u64,
}

/// A consent of a patient.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct GrantId {
    /// To read which record.
    pub record: RecordId,
    /// Which hospital may.
    pub hospital: u16,
    /// Which consent.
    pub number: u32,
}

/// A sealed record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// The hospital that treated the patient.
    pub hospital: u16,
    /// Digest of the envelope.
    pub digest: [u8; 32],
    /// Bytes of its payload.
    pub bytes: u16,
    /// Timestamp of the block.
    pub created_ns: u64,
    /// When its key was destroyed.
    pub destroyed_ns: Option<u64>,
}

/// Records by patient and number.
pub struct Records;

impl Table for Records {
    const ID: u8 = 136;
    const NAME: &'static str = "medical_records";
    type Key = RecordId;
    type Value = Record;
}

/// Consents by record, hospital and number.
pub struct Grants;

impl Table for Grants {
    const ID: u8 = 137;
    const NAME: &'static str = "medical_grants";
    type Key = GrantId;
    type Value = Consent;
}

/// That a patient was referred.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Referral {
    /// By which community hospital.
    pub by: u16,
    /// Timestamp of the block.
    pub at_ns: u64,
}

/// Referrals by the consent that they rest on.
pub struct Referrals;

impl Table for Referrals {
    const ID: u8 = 138;
    const NAME: &'static str = "medical_referrals";
    type Key = GrantId;
    type Value = Referral;
}

/// What was read, and by which right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Reading {
    /// By a consent.
    Consented {
        /// Which.
        grant: GrantId,
        /// The number of the use, from 1.
        usage: u16,
    },
    /// In an emergency: somebody will have to answer for it.
    Emergency {
        /// Which record.
        record: RecordId,
        /// Digest of the grounds.
        grounds: [u8; 32],
    },
}

impl Reading {
    /// What was read.
    pub fn record(&self) -> RecordId {
        match self {
            Reading::Consented { grant, .. } => grant.record,
            Reading::Emergency { record, .. } => *record,
        }
    }
}

/// Medical records as something audited.
pub struct Medical;

impl Audited for Medical {
    const ROWS: u8 = 139;
    const ROWS_NAME: &'static str = "medical_readings";
    const COUNTS: u8 = 140;
    const COUNTS_NAME: &'static str = "medical_reading_counts";
    type What = Reading;
}

/// Rows of readings, for those who look into the state.
pub type Readings = audit::Rows<Medical>;

/// Who is who in the medical union. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Hospitals; their accounts are doctors.
    pub hospitals: Seats,
    /// So many of them, the first, are tertiary; the others serve a community.
    pub tertiary: u16,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 141;
    const NAME: &'static str = "medical_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for MedicalTx {
    fn kind(&self) -> &'static str {
        match self {
            MedicalTx::Create { .. } => "medical.create",
            MedicalTx::Grant { .. } => "medical.grant",
            MedicalTx::Revoke { .. } => "medical.revoke",
            MedicalTx::Refer { .. } => "medical.refer",
            MedicalTx::Read { .. } => "medical.read",
            MedicalTx::BreakGlass { .. } => "medical.break_glass",
            MedicalTx::Destroy { .. } => "medical.destroy",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            MedicalTx::Create { record, .. } => touches.write::<Records>(record),
            MedicalTx::Grant { grant, .. } => {
                touches.read::<Records>(&grant.record);
                touches.write::<Grants>(grant);
            }
            MedicalTx::Revoke { grant } => touches.write::<Grants>(grant),
            MedicalTx::Refer { grant } => {
                touches.read::<Records>(&grant.record);
                touches.read::<Grants>(grant);
                touches.write::<Referrals>(grant);
            }
            MedicalTx::Read { grant } => {
                touches.read::<Records>(&grant.record);
                touches.write::<Grants>(grant);
                audit::touch::<Medical>(context, touches);
            }
            MedicalTx::BreakGlass { record, .. } => {
                touches.read::<Records>(record);
                audit::touch::<Medical>(context, touches);
            }
            MedicalTx::Destroy { number } => touches.write::<Records>(&own(context, *number)),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            MedicalTx::Create {
                record,
                digest,
                bytes,
            } => desk.deposit(record, digest, bytes),
            MedicalTx::Grant {
                grant,
                uses,
                expires_ns,
            } => desk.grant(grant, uses, expires_ns),
            MedicalTx::Revoke { grant } => {
                desk.only(grant.record.patient)?;
                consent::revoke::<Grants, _>(&mut desk, grant)
            }
            MedicalTx::Refer { grant } => desk.refer(grant),
            MedicalTx::Read { grant } => desk.read(grant),
            MedicalTx::BreakGlass { record, grounds } => desk.break_glass(record, grounds),
            MedicalTx::Destroy { number } => desk.destroy(own(context, number)),
        }
    }
}

/// Only the patient can name this record.
fn own(context: &Context, number: u64) -> RecordId {
    RecordId {
        patient: context.sender,
        number,
    }
}

impl Desk<'_, '_, Registry> {
    fn deposit(&mut self, id: RecordId, digest: [u8; 32], bytes: u16) -> Result<(), Reason> {
        let hospital = self.hospital()?;
        if bytes == 0 {
            return Err(Reason::Malformed);
        }
        let record = Record {
            hospital,
            digest,
            bytes,
            created_ns: self.context.timestamp_ns,
            destroyed_ns: None,
        };
        self.create::<Records>(id, record)
    }

    fn grant(&mut self, id: GrantId, uses: u16, expires_ns: u64) -> Result<(), Reason> {
        self.only(id.record.patient)?;
        consent::check_terms(self, uses, expires_ns)?;
        if u32::from(id.hospital) >= self.registry.hospitals.institutions {
            return Err(Reason::UnknownRecord);
        }
        self.readable(id.record)?;
        consent::grant::<Grants, _>(self, id, uses, expires_ns)
    }

    fn refer(&mut self, id: GrantId) -> Result<(), Reason> {
        let by = self.hospital()?;
        let record = self.readable(id.record)?;
        let upwards = by >= self.registry.tertiary && id.hospital < self.registry.tertiary;
        permit(by == record.hospital && upwards)?;
        consent::check_live::<Grants, _>(self, &id)?;
        let at_ns = self.context.timestamp_ns;
        self.create::<Referrals>(id, Referral { by, at_ns })
    }

    fn read(&mut self, grant: GrantId) -> Result<(), Reason> {
        permit(self.hospital()? == grant.hospital)?;
        self.readable(grant.record)?;
        let usage = consent::take::<Grants, _>(self, grant)?;
        audit::leave::<Medical, _>(self, Reading::Consented { grant, usage });
        Ok(())
    }

    fn break_glass(&mut self, record: RecordId, grounds: [u8; 32]) -> Result<(), Reason> {
        permit(self.hospital()? < self.registry.tertiary)?;
        self.readable(record)?;
        audit::leave::<Medical, _>(self, Reading::Emergency { record, grounds });
        Ok(())
    }

    fn destroy(&mut self, id: RecordId) -> Result<(), Reason> {
        let mut record = self.readable(id)?;
        record.destroyed_ns = Some(self.context.timestamp_ns);
        self.access.put::<Records>(id, record);
        Ok(())
    }

    /// A record of which the key was not destroyed.
    fn readable(&mut self, id: RecordId) -> Result<Record, Reason> {
        let record = self.entry::<Records>(&id)?;
        match record.destroyed_ns {
            None => Ok(record),
            Some(_) => Err(Reason::WrongState),
        }
    }

    /// The hospital for which the sender speaks.
    fn hospital(&self) -> Result<u16, Reason> {
        let hospital = self.only_one_of(self.registry.hospitals)?;
        u16::try_from(hospital).map_err(|_| Reason::NotPermitted)
    }
}
