//! Credit records (docs/sources.md W2): departments report, subjects consent, banks query, and every
//! query leaves a row.
//!
//! ```text
//! record:   Active -> Disputed -> Corrected | Upheld
//!           Active, Corrected, Upheld -> Expired (after five years) -> Archived
//! consent:  granted -> used n times -> revoked, expired or used up
//! ```
//!
//! Rules: no query without a live consent; every query writes an audit row and uses the consent up
//! by one; a subject's score is the fold of its records, where a disputed record does not count.
//! Rewards and penalties of the rule engine are records too, so that nothing moves a score but a
//! record. A consent expires by the block's timestamp. A record that is older than
//! [`Registry::retention_ns`] is expired by whoever reported it and no longer counts; archived, only
//! its digest stays.

mod rules;

pub use crate::patterns::consent::Consent;

use crate::account::AccountId;
use crate::hash::TxId;
use crate::record::Table;
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::VecDeque;

/// What may be asked about credit.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum CreditTx {
    /// A department reports a fact about a subject.
    Submit {
        /// Which record: a number that the department has not used for this subject.
        key: RecordKey,
        /// By how many points it moves the score; at most [`WEIGHT_LIMIT`] either way.
        weight: i16,
        /// Hash of the document, which stays off the ledger.
        digest: [u8; 32],
    },
    /// The sender lets a bank query its record.
    Authorise {
        /// Which bank.
        bank: BankId,
        /// A number that the sender has not used for this bank.
        number: u32,
        /// How many queries; zero is malformed.
        uses: u16,
        /// Until when, by the block's timestamp in nanoseconds.
        expires_ns: u64,
    },
    /// A bank queries a subject with its consent.
    Query {
        /// The consent that allows it, of which the bank must be the sender's.
        consent: ConsentKey,
    },
    /// The sender disputes a record about itself.
    Dispute {
        /// Which.
        number: u64,
        /// Hash of the grounds.
        digest: [u8; 32],
    },
    /// The department corrects a disputed record.
    Correct {
        /// Which.
        key: RecordKey,
        /// The right weight.
        weight: i16,
    },
    /// The department upholds a disputed record.
    Uphold {
        /// Which.
        key: RecordKey,
    },
    /// The rule engine rewards a subject.
    Reward {
        /// The record that it makes.
        key: RecordKey,
        /// By how many points; 1 to [`WEIGHT_LIMIT`].
        points: u16,
    },
    /// The rule engine penalises a subject.
    Penalise {
        /// The record that it makes.
        key: RecordKey,
        /// By how many points; 1 to [`WEIGHT_LIMIT`].
        points: u16,
    },
    /// The sender ends a consent.
    Revoke {
        /// Which bank's.
        bank: BankId,
        /// Which one.
        number: u32,
    },
    /// Whoever reported a record says that its time is over: it no longer counts.
    Expire {
        /// Which.
        key: RecordKey,
    },
    /// Whoever reported a record archives it: only its digest stays.
    Archive {
        /// Which.
        key: RecordKey,
    },
}

/// The most points by which one record moves a score (estimate).
pub const WEIGHT_LIMIT: i16 = 100;
/// The score of a subject without records (estimate).
pub const BASE_SCORE: i64 = 500;
/// How many of its newest records a subject's index names: what a query reads (W2).
pub const NEWEST_LIMIT: usize = 50;

/// A bank, counted from zero.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct BankId(pub u16);

/// A record of a subject.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct RecordKey {
    /// About whom.
    pub subject: AccountId,
    /// Which.
    pub number: u64,
}

/// A consent of a subject.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct ConsentKey {
    /// Whose.
    pub subject: AccountId,
    /// To which bank.
    pub bank: BankId,
    /// Which.
    pub number: u32,
}

/// Who made a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Source {
    /// A department, counted from zero.
    Department(u16),
    /// The rule engine.
    Engine,
}

/// Whether a record counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Standing {
    /// It counts.
    Active,
    /// It does not count until it is corrected or upheld.
    Disputed,
    /// It counts with its new weight.
    Corrected,
    /// It counts as before the dispute.
    Upheld,
    /// It is too old to count.
    Expired,
    /// It is too old to count, and what it said is gone but for its digest.
    Archived,
}

/// One fact about a subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// Who made it.
    pub source: Source,
    /// Points.
    pub weight: i16,
    /// Whether it counts.
    pub standing: Standing,
    /// Timestamp of the block that holds it.
    pub submitted_ns: u64,
    /// Hash of the document; of the grounds once it was disputed.
    pub digest: [u8; 32],
}

impl Record {
    /// What it adds to the score.
    pub fn counts(&self) -> i64 {
        match self.standing {
            Standing::Disputed | Standing::Expired | Standing::Archived => 0,
            Standing::Active | Standing::Corrected | Standing::Upheld => i64::from(self.weight),
        }
    }
}

/// Records by subject and number.
pub struct Records;

impl Table for Records {
    const ID: u8 = 32;
    const NAME: &'static str = "credit_records";
    type Key = RecordKey;
    type Value = Record;
}

/// The index of a subject.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Subject {
    /// [`BASE_SCORE`] and the sum of what its records count.
    pub score: i64,
    /// How many records it has.
    pub records: u32,
    /// The newest of them, at most [`NEWEST_LIMIT`].
    pub newest: VecDeque<u64>,
}

impl Default for Subject {
    fn default() -> Subject {
        Subject {
            score: BASE_SCORE,
            records: 0,
            newest: VecDeque::new(),
        }
    }
}

/// Subjects by account; one without records has no index.
pub struct Subjects;

impl Table for Subjects {
    const ID: u8 = 33;
    const NAME: &'static str = "credit_subjects";
    type Key = AccountId;
    type Value = Subject;
}

/// Consents by subject, bank and number.
pub struct Consents;

impl Table for Consents {
    const ID: u8 = 34;
    const NAME: &'static str = "credit_consents";
    type Key = ConsentKey;
    type Value = Consent;
}

/// Who saw what, by which right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct AuditRow {
    /// By which consent.
    pub consent: ConsentKey,
    /// Which use of it, from 1.
    pub usage: u16,
    /// Who asked.
    pub teller: AccountId,
    /// Timestamp of the block.
    pub asked_ns: u64,
    /// The score that was seen.
    pub score: i64,
}

/// Audit rows by the transaction that asked.
pub struct AuditRows;

impl Table for AuditRows {
    const ID: u8 = 35;
    const NAME: &'static str = "credit_audit";
    type Key = TxId;
    type Value = AuditRow;
}

/// How many queries each account of a bank has made: a count of its own, against which the audit
/// rows are checked.
pub struct QueryCounts;

impl Table for QueryCounts {
    const ID: u8 = 36;
    const NAME: &'static str = "credit_query_counts";
    type Key = AccountId;
    type Value = u64;
}

/// Who is who in the world of credit. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Who reports.
    pub departments: Seats,
    /// Who queries.
    pub banks: Seats,
    /// Who rewards and penalises: one institution.
    pub engine: Seats,
    /// How old a record must be to expire.
    pub retention_ns: u64,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 37;
    const NAME: &'static str = "credit_registry";
    type Key = ();
    type Value = Registry;
}
