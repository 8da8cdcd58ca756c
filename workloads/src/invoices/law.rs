//! The law of invoices, checked by a full scan of their tables.
//!
//! - What an issuer has issued, less its red letters, is within its quota, and its totals are the
//!   sums of its invoices.
//! - An invoice is reimbursed at most once: every booking stands for one reimbursed invoice, and
//!   the reverse; and what was booked back was booked, for the same, and is red.
//! - A red invoice cancels one invoice in full, and the reverse.
//! - A payment is invoiced once.
//! - Every number is valid, its terminal is its issuer's, and each terminal has counted what it
//!   used.

use groma_ledger::State;
use groma_ledger::invoice::{
    Booking, Bookings, FirmId, Invoice, InvoiceNumber, InvoicedPayments, Invoices, Quota, Quotas,
    RedInvoices, Returns, Sequences, Step,
};

use crate::checks::Checks;
use crate::people::{MAJOR_FIRMS, People, TERMINALS};
use crate::workload::Breach;

const QUOTA: &str = "issued less red is within the quota";
const TOTALS: &str = "an issuer's totals are the sums of its invoices";
const ONCE: &str = "an invoice is reimbursed at most once";
const RED: &str = "a red invoice cancels one invoice in full";
const PAYMENT: &str = "a payment is invoiced once";
const NUMBER: &str = "an invoice number is valid and its issuer's";
const SEQUENCE: &str = "a terminal has counted the numbers it used";

/// What the scan of all invoices adds up to.
struct Totals {
    /// Cents issued and red, by firm.
    by_firm: Vec<(u64, u64)>,
    /// Numbers used, by terminal.
    by_terminal: Vec<u64>,
    invoices: u64,
    reimbursed: u64,
    red: u64,
}

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let totals = scan_invoices(people, state, &mut checks);
    check_quotas(state, &totals, &mut checks);
    check_bookings(state, &totals, &mut checks);
    check_red(state, &totals, &mut checks);
    check_payments(state, &totals, &mut checks);
    check_sequences(state, &totals, &mut checks);
    checks.result()
}

fn scan_invoices(people: People, state: &State, checks: &mut Checks) -> Totals {
    let mut totals = Totals {
        by_firm: vec![(0, 0); people.firms() as usize],
        by_terminal: vec![0; people.firm_terminals() as usize],
        invoices: 0,
        reimbursed: 0,
        red: 0,
    };
    state.for_each::<Invoices>(|number, invoice| {
        totals.invoices += 1;
        let issuer = firm_of_terminal(number.terminal());
        let valid = number.is_valid() && issuer == invoice.issuer;
        checks.hold(NUMBER, valid, || {
            format!("{number} of firm {}", invoice.issuer.0)
        });
        use_number(&mut totals, number);
        if let Some(firm) = totals.by_firm.get_mut(invoice.issuer.0 as usize) {
            firm.0 += invoice.amount;
            if matches!(invoice.step, Step::Red { .. }) {
                firm.1 += invoice.amount;
            }
        }
        match invoice.step {
            Step::Reimbursed { .. } => totals.reimbursed += 1,
            Step::Red { red } | Step::RedPending { red } => {
                totals.red += 1;
                use_number(&mut totals, red);
            }
            Step::Recalled { red, .. } => {
                totals.reimbursed += 1;
                totals.red += 1;
                use_number(&mut totals, red);
            }
            Step::Issued | Step::Claimed | Step::Reimbursing { .. } | Step::Expired => {}
        }
    });
    totals
}

fn use_number(totals: &mut Totals, number: InvoiceNumber) {
    if let Some(used) = totals.by_terminal.get_mut(number.terminal() as usize) {
        *used += 1;
    }
}

fn firm_of_terminal(terminal: u32) -> FirmId {
    match terminal.checked_sub(MAJOR_FIRMS * TERMINALS) {
        None => FirmId(terminal / TERMINALS),
        Some(minor) => FirmId(MAJOR_FIRMS + minor),
    }
}

fn check_quotas(state: &State, totals: &Totals, checks: &mut Checks) {
    let mut issuers = 0;
    state.for_each::<Quotas>(|firm, quota| {
        let Quota {
            granted,
            issued,
            red,
        } = quota;
        checks.hold(
            QUOTA,
            quota.outstanding() <= granted && red <= issued,
            || {
                format!(
                    "firm {}: {issued} issued, {red} red, {granted} granted",
                    firm.0
                )
            },
        );
        let sums = totals
            .by_firm
            .get(firm.0 as usize)
            .copied()
            .unwrap_or_default();
        issuers += u64::from(sums.0 > 0);
        checks.hold(TOTALS, sums == (issued, red), || {
            format!(
                "firm {}: {issued} issued and {red} red, but its invoices come to {sums:?}",
                firm.0
            )
        });
    });
    let with_invoices = totals.by_firm.iter().filter(|sums| sums.0 > 0).count() as u64;
    checks.hold(TOTALS, issuers == with_invoices, || {
        format!("{with_invoices} firms have invoices and {issuers} of them a quota")
    });
}

/// Whether an invoice stands as its booking says: paid by that employer, or booked back since.
fn is_booked(state: &State, number: InvoiceNumber, invoice: &Invoice, booking: &Booking) -> bool {
    let paid = match invoice.step {
        Step::Reimbursed { employer } | Step::Recalled { employer, .. } => {
            employer == booking.employer
        }
        Step::Red { .. } => state.get::<Returns>(&number).is_some(),
        _ => false,
    };
    paid && invoice.amount == booking.amount
}

fn check_bookings(state: &State, totals: &Totals, checks: &mut Checks) {
    state.for_each::<Bookings>(|number, booking| {
        let invoice = state.get::<Invoices>(&number);
        let matches = invoice.is_some_and(|invoice| is_booked(state, number, &invoice, &booking));
        checks.hold(ONCE, matches, || {
            format!("{number} is booked as {booking:?} and stands as {invoice:?}")
        });
    });
    state.for_each::<Returns>(|number, back| {
        let booked = state.get::<Bookings>(&number);
        let step = state.get::<Invoices>(&number).map(|invoice| invoice.step);
        let equal = booked
            .is_some_and(|booked| (booked.employer, booked.amount) == (back.employer, back.amount));
        let red = matches!(step, Some(Step::Red { .. }));
        checks.hold(ONCE, equal && red, || {
            format!("{number} is {step:?}, booked as {booked:?} and back as {back:?}")
        });
    });
    let (bookings, back) = (state.count::<Bookings>(), state.count::<Returns>());
    checks.hold(ONCE, bookings == totals.reimbursed + back, || {
        format!(
            "{} invoices are reimbursed, {bookings} booked and {back} booked back",
            totals.reimbursed
        )
    });
}

fn check_red(state: &State, totals: &Totals, checks: &mut Checks) {
    state.for_each::<RedInvoices>(|red, record| {
        let invoice = state.get::<Invoices>(&record.cancels);
        let stands = |step: Step| match step {
            Step::Red { red: by } => record.in_force && by == red,
            Step::RedPending { red: by } | Step::Recalled { red: by, .. } => {
                !record.in_force && by == red
            }
            _ => false,
        };
        let matches =
            invoice.is_some_and(|invoice| stands(invoice.step) && invoice.amount == record.amount);
        checks.hold(RED, matches, || {
            format!("{red} is {record:?} and its original {invoice:?}")
        });
        checks.hold(NUMBER, red.is_valid(), || format!("{red}, a red invoice"));
    });
    let records = state.count::<RedInvoices>();
    checks.hold(RED, records == totals.red, || {
        format!(
            "{} invoices are red or about to be, and there are {records} red invoices",
            totals.red
        )
    });
}

fn check_payments(state: &State, totals: &Totals, checks: &mut Checks) {
    state.for_each::<InvoicedPayments>(|payment, number| {
        let invoice = state.get::<Invoices>(&number);
        let matches = invoice.is_some_and(|invoice| invoice.payment == payment);
        checks.hold(PAYMENT, matches, || {
            format!("payment {} is said to be invoiced by {number}", payment.0)
        });
    });
    let payments = state.count::<InvoicedPayments>();
    checks.hold(PAYMENT, payments == totals.invoices, || {
        format!("{} invoices for {payments} payments", totals.invoices)
    });
}

fn check_sequences(state: &State, totals: &Totals, checks: &mut Checks) {
    let mut counted = 0;
    state.for_each::<Sequences>(|terminal, sequence| {
        let used = totals
            .by_terminal
            .get(terminal as usize)
            .copied()
            .unwrap_or(0);
        counted += used;
        checks.hold(SEQUENCE, used == sequence.used, || {
            format!(
                "terminal {terminal} counted {} numbers and used {used}",
                sequence.used
            )
        });
    });
    let used: u64 = totals.by_terminal.iter().sum();
    checks.hold(SEQUENCE, used == counted, || {
        format!("{used} numbers are used and {counted} counted")
    });
}
