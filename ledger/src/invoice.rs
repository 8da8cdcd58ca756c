//! Electronic invoices (docs/sources.md W1): from an issuer's quota to a booked reimbursement or a red
//! letter that cancels.
//!
//! ```text
//! (quota) -> Issued -> Claimed -> Reimbursing -> Reimbursed, with an entry in the employer's books
//!              |          |            |              |
//!              |          |            |              +-- Recalled (the employer must confirm)
//!              |          +------------+-- RedPending (the buyer must confirm) |
//!              |                                |                              |
//!              +--------------------------------+--> Red, the quota returns <--+ and a counter-entry
//! Issued, Claimed -> Expired, once its time is over
//! ```
//!
//! Rules: an issuer's invoices less its red letters never exceed its quota; a payment is invoiced
//! once; an invoice is reimbursed at most once; a red letter is for the full amount, and after the
//! reimbursement the employer must confirm it, with a counter-entry in its books. The tax bureau
//! closes what nobody had reimbursed within [`Registry::validity_ns`]; its quota stays used.
//! [`InvoiceTx::Verify`] is an ordered read: it writes nothing but the sender's nonce, and its receipt
//! is the answer.

mod codes;
mod rules;

pub use codes::{CreditCode, FirmId, InvoiceNumber, SEQUENCE_LIMIT};

use crate::account::AccountId;
use crate::record::Table;
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// A payment as its provider numbers it; the ledger only holds that none is invoiced twice.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct PaymentId(pub u64);

/// What may be asked about invoices.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum InvoiceTx {
    /// The tax bureau raises an issuer's quota.
    GrantQuota {
        /// Whose.
        issuer: CreditCode,
        /// By how many cents; zero is malformed.
        amount: u64,
    },
    /// The tax bureau sets an issuer's quota.
    AdjustQuota {
        /// Whose.
        issuer: CreditCode,
        /// To how many cents; not below what is issued.
        granted: u64,
    },
    /// One of the issuer's terminals issues an invoice for a payment.
    Issue {
        /// Its number, from the terminal's own sequence.
        number: InvoiceNumber,
        /// Who issues.
        issuer: CreditCode,
        /// Who paid, and may claim it.
        payer: AccountId,
        /// In cents; zero is malformed.
        amount: u64,
        /// The payment that it is for.
        payment: PaymentId,
        /// Lines of goods, 1 to [`LINES_LIMIT`]; their text is the transaction's filler.
        lines: u8,
    },
    /// The payer accepts the invoice.
    Claim {
        /// Which.
        number: InvoiceNumber,
    },
    /// The payer asks an employer for reimbursement, which locks the invoice.
    SubmitReimburse {
        /// Which.
        number: InvoiceNumber,
        /// Of whom.
        employer: FirmId,
    },
    /// The employer reimburses and books it.
    ApproveReimburse {
        /// Which.
        number: InvoiceNumber,
        /// For whom the sender speaks.
        employer: FirmId,
    },
    /// The issuer cancels the invoice in full; the buyer must confirm once it is claimed, and the
    /// employer once it is reimbursed.
    RedLetter {
        /// Which.
        number: InvoiceNumber,
        /// The number of the red invoice, from the terminal's own sequence.
        red: InvoiceNumber,
        /// For whom the sender speaks.
        issuer: FirmId,
        /// In cents; must be the invoice's amount.
        amount: u64,
    },
    /// The payer agrees to a red letter.
    ConfirmRed {
        /// Which.
        number: InvoiceNumber,
        /// The number of the red invoice.
        red: InvoiceNumber,
        /// Whose quota returns.
        issuer: FirmId,
    },
    /// Anybody has an invoice verified.
    Verify {
        /// Which.
        number: InvoiceNumber,
        /// The amount that it should have, in cents.
        amount: u64,
    },
    /// The employer agrees to a red letter on what it reimbursed, and books it back.
    ConfirmReturn {
        /// Which.
        number: InvoiceNumber,
        /// The number of the red invoice.
        red: InvoiceNumber,
        /// Whose quota returns.
        issuer: FirmId,
    },
    /// The tax bureau closes an invoice that nobody had reimbursed in time.
    Expire {
        /// Which.
        number: InvoiceNumber,
    },
}

/// The most lines of an invoice.
pub const LINES_LIMIT: u8 = 8;

/// How far an invoice has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Step {
    /// Nobody has accepted it yet.
    Issued,
    /// The payer has accepted it.
    Claimed,
    /// Locked for one employer.
    Reimbursing {
        /// Which.
        employer: FirmId,
    },
    /// Paid back and booked.
    Reimbursed {
        /// By whom.
        employer: FirmId,
    },
    /// To be cancelled, once the payer confirms.
    RedPending {
        /// The number of the red invoice.
        red: InvoiceNumber,
    },
    /// Cancelled.
    Red {
        /// The number of the red invoice.
        red: InvoiceNumber,
    },
    /// Reimbursed, and to be cancelled once the employer confirms.
    Recalled {
        /// The number of the red invoice.
        red: InvoiceNumber,
        /// By whom it was reimbursed.
        employer: FirmId,
    },
    /// Its time was over before anybody had it reimbursed.
    Expired,
}

/// An invoice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Invoice {
    /// Who issued it.
    pub issuer: FirmId,
    /// Who paid.
    pub payer: AccountId,
    /// In cents.
    pub amount: u64,
    /// The payment that it is for.
    pub payment: PaymentId,
    /// Lines of goods.
    pub lines: u8,
    /// Timestamp of the block that issued it.
    pub issued_ns: u64,
    /// How far it has come.
    pub step: Step,
}

/// Invoices by number.
pub struct Invoices;

impl Table for Invoices {
    const ID: u8 = 16;
    const NAME: &'static str = "invoices";
    type Key = InvoiceNumber;
    type Value = Invoice;
}

/// A red invoice: the whole of another one, cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct RedInvoice {
    /// The invoice that it cancels.
    pub cancels: InvoiceNumber,
    /// In cents.
    pub amount: u64,
    /// Timestamp of the block that issued it.
    pub issued_ns: u64,
    /// Whether it has taken effect, or waits for the payer or the employer to confirm.
    pub in_force: bool,
}

/// Red invoices by their own number.
pub struct RedInvoices;

impl Table for RedInvoices {
    const ID: u8 = 17;
    const NAME: &'static str = "red_invoices";
    type Key = InvoiceNumber;
    type Value = RedInvoice;
}

/// What an issuer may issue and has issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Quota {
    /// What the tax bureau allows to be outstanding, in cents.
    pub granted: u64,
    /// Sum of all invoices, in cents.
    pub issued: u64,
    /// Sum of all red invoices in force, in cents.
    pub red: u64,
}

impl Quota {
    /// Cents issued and not cancelled.
    pub fn outstanding(&self) -> u64 {
        self.issued.saturating_sub(self.red)
    }
}

/// Quotas by issuer. An issuer without a record has [`Registry::opening_quota`].
pub struct Quotas;

impl Table for Quotas {
    const ID: u8 = 18;
    const NAME: &'static str = "invoice_quotas";
    type Key = FirmId;
    type Value = Quota;
}

/// The numbers that a terminal has used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Sequence {
    /// How many: gaps are allowed, because a submission may be lost.
    pub used: u64,
    /// The highest.
    pub highest: u64,
}

/// Sequences by terminal, counted over all firms.
pub struct Sequences;

impl Table for Sequences {
    const ID: u8 = 19;
    const NAME: &'static str = "invoice_sequences";
    type Key = u32;
    type Value = Sequence;
}

/// Invoices by the payment that they are for: each payment once.
pub struct InvoicedPayments;

impl Table for InvoicedPayments {
    const ID: u8 = 20;
    const NAME: &'static str = "invoiced_payments";
    type Key = PaymentId;
    type Value = InvoiceNumber;
}

/// An entry in an employer's books.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Booking {
    /// Whose books.
    pub employer: FirmId,
    /// In cents.
    pub amount: u64,
    /// Timestamp of the block.
    pub booked_ns: u64,
}

/// Reimbursements by invoice: each invoice once.
pub struct Bookings;

impl Table for Bookings {
    const ID: u8 = 21;
    const NAME: &'static str = "invoice_bookings";
    type Key = InvoiceNumber;
    type Value = Booking;
}

/// Counter-entries by invoice: what was booked, booked back because of a red letter.
pub struct Returns;

impl Table for Returns {
    const ID: u8 = 23;
    const NAME: &'static str = "invoice_returns";
    type Key = InvoiceNumber;
    type Value = Booking;
}

/// Who is who in the world of invoices. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// The tax bureau: one institution.
    pub tax: Seats,
    /// Firms with many terminals each.
    pub majors: Seats,
    /// The other firms; their accounts follow those of the majors.
    pub minors: Seats,
    /// The quota of an issuer that was granted none yet, in cents.
    pub opening_quota: u64,
    /// How long after its issue an invoice can be closed as expired.
    pub validity_ns: u64,
}

impl Registry {
    /// The firm for which an account speaks.
    pub fn firm_of(&self, account: AccountId) -> Option<FirmId> {
        let minor = || Some(self.minors.holder(account)? + self.majors.institutions);
        self.majors.holder(account).or_else(minor).map(FirmId)
    }

    /// The terminal's number over all firms.
    pub fn terminal_of(&self, account: AccountId) -> Option<u32> {
        let minor =
            || Some(self.minors.seat(account)? + self.majors.institutions * self.majors.each);
        self.majors.seat(account).or_else(minor)
    }

    /// Whether there is such a firm.
    pub fn has_firm(&self, firm: FirmId) -> bool {
        u64::from(firm.0)
            < u64::from(self.majors.institutions) + u64::from(self.minors.institutions)
    }
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 22;
    const NAME: &'static str = "invoice_registry";
    type Key = ();
    type Value = Registry;
}
