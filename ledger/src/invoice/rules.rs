//! What each invoice transaction touches, checks and writes. The records are in the parent module.

use super::{
    Booking, Bookings, CreditCode, FirmId, Invoice, InvoiceNumber, InvoiceTx, InvoicedPayments,
    Invoices, LINES_LIMIT, Quota, Quotas, RedInvoice, RedInvoices, Registries, Registry, Returns,
    Sequences, Step,
};
use crate::access::Access;
use crate::patterns::desk::{Desk, permit};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Touches};

impl Rule for InvoiceTx {
    fn kind(&self) -> &'static str {
        match self {
            InvoiceTx::GrantQuota { .. } => "invoice.grant_quota",
            InvoiceTx::AdjustQuota { .. } => "invoice.adjust_quota",
            InvoiceTx::Issue { .. } => "invoice.issue",
            InvoiceTx::Claim { .. } => "invoice.claim",
            InvoiceTx::SubmitReimburse { .. } => "invoice.submit_reimburse",
            InvoiceTx::ApproveReimburse { .. } => "invoice.approve_reimburse",
            InvoiceTx::RedLetter { .. } => "invoice.red_letter",
            InvoiceTx::ConfirmRed { .. } => "invoice.confirm_red",
            InvoiceTx::Verify { .. } => "invoice.verify",
            InvoiceTx::ConfirmReturn { .. } => "invoice.confirm_return",
            InvoiceTx::Expire { .. } => "invoice.expire",
        }
    }

    fn touches(&self, _context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            InvoiceTx::GrantQuota { issuer, .. } | InvoiceTx::AdjustQuota { issuer, .. } => {
                touch_quota(issuer, touches);
            }
            InvoiceTx::Issue {
                number,
                issuer,
                payment,
                ..
            } => {
                touch_quota(issuer, touches);
                touches.write::<Invoices>(number);
                touches.read::<RedInvoices>(number);
                touches.write::<Sequences>(&number.terminal());
                touches.write::<InvoicedPayments>(payment);
            }
            InvoiceTx::Claim { number }
            | InvoiceTx::SubmitReimburse { number, .. }
            | InvoiceTx::Expire { number } => {
                touches.write::<Invoices>(number);
            }
            InvoiceTx::ApproveReimburse { number, .. } => {
                touches.write::<Invoices>(number);
                touches.write::<Bookings>(number);
            }
            InvoiceTx::RedLetter {
                number,
                red,
                issuer,
                ..
            } => {
                touches.write::<Invoices>(number);
                touches.read::<Invoices>(red);
                touches.write::<RedInvoices>(red);
                touches.write::<Sequences>(&red.terminal());
                touches.write::<Quotas>(issuer);
            }
            InvoiceTx::ConfirmRed {
                number,
                red,
                issuer,
            } => {
                touch_confirmation(number, red, *issuer, touches);
            }
            InvoiceTx::ConfirmReturn {
                number,
                red,
                issuer,
            } => {
                touch_confirmation(number, red, *issuer, touches);
                touches.read::<Bookings>(number);
                touches.write::<Returns>(number);
            }
            InvoiceTx::Verify { number, .. } => touches.read::<Invoices>(number),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            InvoiceTx::GrantQuota { issuer, amount } => desk.grant(&issuer, amount),
            InvoiceTx::AdjustQuota { issuer, granted } => desk.adjust(&issuer, granted),
            InvoiceTx::Issue {
                number,
                ref issuer,
                payer,
                amount,
                payment,
                lines,
            } => {
                let issuer = desk.firm(issuer)?;
                let (issued_ns, step) = (context.timestamp_ns, Step::Issued);
                desk.issue(
                    number,
                    Invoice {
                        issuer,
                        payer,
                        amount,
                        payment,
                        lines,
                        issued_ns,
                        step,
                    },
                )
            }
            InvoiceTx::Claim { number } => desk.claim(number),
            InvoiceTx::SubmitReimburse { number, employer } => desk.submit(number, employer),
            InvoiceTx::ApproveReimburse { number, employer } => desk.approve(number, employer),
            InvoiceTx::RedLetter {
                number,
                red,
                issuer,
                amount,
            } => desk.red_letter(number, red, issuer, amount),
            InvoiceTx::ConfirmRed {
                number,
                red,
                issuer,
            } => desk.confirm(number, red, issuer),
            InvoiceTx::Verify { number, amount } => desk.verify(number, amount),
            InvoiceTx::ConfirmReturn {
                number,
                red,
                issuer,
            } => desk.confirm_return(number, red, issuer),
            InvoiceTx::Expire { number } => desk.expire(number),
        }
    }
}

fn touch_confirmation(
    number: &InvoiceNumber,
    red: &InvoiceNumber,
    issuer: FirmId,
    touches: &mut Touches,
) {
    touches.write::<Invoices>(number);
    touches.write::<RedInvoices>(red);
    touches.write::<Quotas>(&issuer);
}

fn touch_quota(issuer: &CreditCode, touches: &mut Touches) {
    // A code that does not check belongs to nobody and is refused before any quota is read.
    if let Some(firm) = issuer.firm() {
        touches.write::<Quotas>(&firm);
    }
}

impl Desk<'_, '_, Registry> {
    fn grant(&mut self, issuer: &CreditCode, amount: u64) -> Result<(), Reason> {
        let issuer = self.firm(issuer)?;
        self.only_one_of(self.registry.tax)?;
        let mut quota = self.quota(issuer);
        let granted = quota.granted.checked_add(amount).filter(|_| amount > 0);
        quota.granted = granted.ok_or(Reason::Malformed)?;
        self.access.put::<Quotas>(issuer, quota);
        Ok(())
    }

    fn adjust(&mut self, issuer: &CreditCode, granted: u64) -> Result<(), Reason> {
        let issuer = self.firm(issuer)?;
        self.only_one_of(self.registry.tax)?;
        let mut quota = self.quota(issuer);
        if granted < quota.outstanding() {
            return Err(Reason::QuotaExceeded);
        }
        quota.granted = granted;
        self.access.put::<Quotas>(issuer, quota);
        Ok(())
    }

    fn issue(&mut self, number: InvoiceNumber, invoice: Invoice) -> Result<(), Reason> {
        let lines_fit = (1..=LINES_LIMIT).contains(&invoice.lines);
        if !number.is_valid() || !lines_fit || invoice.amount == 0 {
            return Err(Reason::Malformed);
        }
        self.only_firm(invoice.issuer)?;
        if self
            .access
            .get::<InvoicedPayments>(&invoice.payment)
            .is_some()
        {
            return Err(Reason::AlreadyExists);
        }
        self.use_number(number)?;
        let mut quota = self.quota(invoice.issuer);
        // Refuses sums beyond u64 as it refuses those beyond the quota.
        quota.issued = quota
            .issued
            .checked_add(invoice.amount)
            .ok_or(Reason::QuotaExceeded)?;
        if quota.outstanding() > quota.granted {
            return Err(Reason::QuotaExceeded);
        }
        self.access.put::<Quotas>(invoice.issuer, quota);
        self.access.put::<InvoicedPayments>(invoice.payment, number);
        self.access.put::<Invoices>(number, invoice);
        Ok(())
    }

    fn claim(&mut self, number: InvoiceNumber) -> Result<(), Reason> {
        let invoice = self.entry::<Invoices>(&number)?;
        self.only(invoice.payer)?;
        match invoice.step {
            Step::Issued => self.advance(number, invoice, Step::Claimed),
            _ => Err(Reason::WrongState),
        }
    }

    fn submit(&mut self, number: InvoiceNumber, employer: FirmId) -> Result<(), Reason> {
        let invoice = self.entry::<Invoices>(&number)?;
        self.only(invoice.payer)?;
        if !self.registry.has_firm(employer) {
            return Err(Reason::UnknownRecord);
        }
        match invoice.step {
            Step::Claimed => self.advance(number, invoice, Step::Reimbursing { employer }),
            _ => Err(Reason::WrongState),
        }
    }

    fn approve(&mut self, number: InvoiceNumber, employer: FirmId) -> Result<(), Reason> {
        let invoice = self.entry::<Invoices>(&number)?;
        self.only_firm(employer)?;
        match invoice.step {
            Step::Reimbursing { employer: asked } if asked == employer => {
                let booked_ns = self.context.timestamp_ns;
                let booking = Booking {
                    employer,
                    amount: invoice.amount,
                    booked_ns,
                };
                self.access.put::<Bookings>(number, booking);
                self.advance(number, invoice, Step::Reimbursed { employer })
            }
            Step::Reimbursing { .. } => Err(Reason::NotPermitted),
            _ => Err(Reason::WrongState),
        }
    }

    fn red_letter(
        &mut self,
        number: InvoiceNumber,
        red: InvoiceNumber,
        issuer: FirmId,
        amount: u64,
    ) -> Result<(), Reason> {
        let invoice = self.entry::<Invoices>(&number)?;
        if !red.is_valid() || amount != invoice.amount {
            return Err(Reason::Malformed);
        }
        if invoice.issuer != issuer {
            return Err(Reason::NotPermitted);
        }
        self.only_firm(issuer)?;
        let (in_force, step) = match invoice.step {
            Step::Issued => (true, Step::Red { red }),
            Step::Claimed | Step::Reimbursing { .. } => (false, Step::RedPending { red }),
            Step::Reimbursed { employer } => (false, Step::Recalled { red, employer }),
            Step::RedPending { .. } | Step::Red { .. } | Step::Recalled { .. } | Step::Expired => {
                return Err(Reason::WrongState);
            }
        };
        self.use_number(red)?;
        let issued_ns = self.context.timestamp_ns;
        let record = RedInvoice {
            cancels: number,
            amount,
            issued_ns,
            in_force,
        };
        self.access.put::<RedInvoices>(red, record);
        if in_force {
            self.give_back(issuer, amount);
        }
        self.advance(number, invoice, step)
    }

    fn confirm(
        &mut self,
        number: InvoiceNumber,
        red: InvoiceNumber,
        issuer: FirmId,
    ) -> Result<(), Reason> {
        let invoice = self.entry::<Invoices>(&number)?;
        self.only(invoice.payer)?;
        if invoice.step != (Step::RedPending { red }) {
            return Err(Reason::WrongState);
        }
        self.enforce(number, invoice, red, issuer)
    }

    /// The employer takes back what it paid, and so confirms the red letter.
    fn confirm_return(
        &mut self,
        number: InvoiceNumber,
        red: InvoiceNumber,
        issuer: FirmId,
    ) -> Result<(), Reason> {
        let invoice = self.entry::<Invoices>(&number)?;
        let employer = match invoice.step {
            Step::Recalled { red: by, employer } if by == red => employer,
            _ => return Err(Reason::WrongState),
        };
        self.only_firm(employer)?;
        let booking = self.entry::<Bookings>(&number)?;
        let back = Booking {
            booked_ns: self.context.timestamp_ns,
            ..booking
        };
        self.access.put::<Returns>(number, back);
        self.enforce(number, invoice, red, issuer)
    }

    /// A red letter that waited takes effect.
    fn enforce(
        &mut self,
        number: InvoiceNumber,
        invoice: Invoice,
        red: InvoiceNumber,
        issuer: FirmId,
    ) -> Result<(), Reason> {
        if invoice.issuer != issuer {
            return Err(Reason::NotPermitted);
        }
        let mut record = self.entry::<RedInvoices>(&red)?;
        record.in_force = true;
        self.access.put::<RedInvoices>(red, record);
        self.give_back(issuer, invoice.amount);
        self.advance(number, invoice, Step::Red { red })
    }

    fn expire(&mut self, number: InvoiceNumber) -> Result<(), Reason> {
        self.only_one_of(self.registry.tax)?;
        let invoice = self.entry::<Invoices>(&number)?;
        if !matches!(invoice.step, Step::Issued | Step::Claimed) {
            return Err(Reason::WrongState);
        }
        let over_ns = invoice.issued_ns.saturating_add(self.registry.validity_ns);
        if self.context.timestamp_ns < over_ns {
            return Err(Reason::TooEarly);
        }
        self.advance(number, invoice, Step::Expired)
    }

    fn verify(&mut self, number: InvoiceNumber, amount: u64) -> Result<(), Reason> {
        if !number.is_valid() {
            return Err(Reason::Malformed);
        }
        if self.entry::<Invoices>(&number)?.amount == amount {
            Ok(())
        } else {
            Err(Reason::UnknownRecord)
        }
    }

    /// A red invoice takes effect: its quota returns.
    fn give_back(&mut self, issuer: FirmId, amount: u64) {
        let mut quota = self.quota(issuer);
        quota.red += amount;
        self.access.put::<Quotas>(issuer, quota);
    }

    fn advance(
        &mut self,
        number: InvoiceNumber,
        invoice: Invoice,
        step: Step,
    ) -> Result<(), Reason> {
        self.access
            .put::<Invoices>(number, Invoice { step, ..invoice });
        Ok(())
    }

    /// Takes a new number from the sender's own sequence.
    fn use_number(&mut self, number: InvoiceNumber) -> Result<(), Reason> {
        let terminal = number.terminal();
        if self.registry.terminal_of(self.context.sender) != Some(terminal) {
            return Err(Reason::NotPermitted);
        }
        let taken = self.access.get::<Invoices>(&number).is_some()
            || self.access.get::<RedInvoices>(&number).is_some();
        if taken {
            return Err(Reason::AlreadyExists);
        }
        let mut sequence = self.access.load::<Sequences>(&terminal).unwrap_or_default();
        sequence.used += 1;
        sequence.highest = sequence.highest.max(number.sequence);
        self.access.put::<Sequences>(terminal, sequence);
        Ok(())
    }

    fn quota(&mut self, issuer: FirmId) -> Quota {
        let opening = Quota {
            granted: self.registry.opening_quota,
            ..Quota::default()
        };
        self.access.load::<Quotas>(&issuer).unwrap_or(opening)
    }

    fn firm(&self, code: &CreditCode) -> Result<FirmId, Reason> {
        let firm = code.firm().ok_or(Reason::Malformed)?;
        if self.registry.has_firm(firm) {
            Ok(firm)
        } else {
            Err(Reason::UnknownRecord)
        }
    }

    fn only_firm(&self, firm: FirmId) -> Result<(), Reason> {
        permit(self.registry.firm_of(self.context.sender) == Some(firm))
    }
}
