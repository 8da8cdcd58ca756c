//! The rules of invoices, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::invoice::{
    Bookings, CreditCode, FirmId, Invoice, InvoiceNumber, InvoiceTx, InvoicedPayments, Invoices,
    PaymentId, Quota, Quotas, RedInvoices, Registries, Registry, Returns, Sequences, Step,
};
use groma_ledger::roles::Seats;
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::Desk;
use proptest::prelude::*;

const PAYER: u64 = 5;
/// Terminals of firm 0 (two), firm 1 (two), firms 2 and 3 (one each), then the tax bureau.
const FIRM_0: u64 = 20;
const FIRM_1: u64 = 22;
const FIRM_2: u64 = 24;
const TAX: u64 = 26;
const QUOTA: u64 = 10_000;
/// Each step takes a microsecond.
const VALID_NS: u64 = 20_000;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let seats = |first, institutions, each| Seats {
        first: AccountId(first),
        institutions,
        each,
    };
    let registry = Registry {
        tax: seats(TAX, 1, 2),
        majors: seats(FIRM_0, 2, 2),
        minors: seats(FIRM_2, 2, 1),
        opening_quota: QUOTA,
        validity_ns: VALID_NS,
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn number(terminal: u32, count: u64) -> InvoiceNumber {
    InvoiceNumber::new(25, 44, terminal, count)
}

fn code(firm: u32) -> CreditCode {
    CreditCode::of_firm(FirmId(firm))
}

fn issue(number: InvoiceNumber, firm: u32, amount: u64, payment: u64) -> InvoiceTx {
    let (issuer, payer, payment) = (code(firm), AccountId(PAYER), PaymentId(payment));
    InvoiceTx::Issue {
        number,
        issuer,
        payer,
        amount,
        payment,
        lines: 1,
    }
}

fn red(of: InvoiceNumber, red: InvoiceNumber, amount: u64) -> InvoiceTx {
    InvoiceTx::RedLetter {
        number: of,
        red,
        issuer: FirmId(0),
        amount,
    }
}

fn submit(number: InvoiceNumber, employer: u32) -> InvoiceTx {
    InvoiceTx::SubmitReimburse {
        number,
        employer: FirmId(employer),
    }
}

fn approve(number: InvoiceNumber, employer: u32) -> InvoiceTx {
    InvoiceTx::ApproveReimburse {
        number,
        employer: FirmId(employer),
    }
}

trait Invoicing {
    /// The transaction is applied.
    fn ok(&mut self, sender: u64, tx: InvoiceTx);
    /// The transaction is refused for that reason.
    fn no(&mut self, sender: u64, tx: InvoiceTx, reason: Reason);
    fn step(&self, number: InvoiceNumber) -> Step;
}

impl Invoicing for Desk {
    #[track_caller]
    fn ok(&mut self, sender: u64, tx: InvoiceTx) {
        assert_eq!(self.submit(sender, Body::Invoice(tx)), Ok(()));
    }

    #[track_caller]
    fn no(&mut self, sender: u64, tx: InvoiceTx, reason: Reason) {
        assert_eq!(self.submit(sender, Body::Invoice(tx)), Err(reason));
    }

    fn step(&self, number: InvoiceNumber) -> Step {
        self.record::<Invoices>(&number).step
    }
}

#[test]
fn a_life_from_issue_to_the_books() {
    let (mut desk, a) = (desk(), number(0, 1));
    desk.no(PAYER, InvoiceTx::Claim { number: a }, Reason::Dependency);
    desk.ok(FIRM_0, issue(a, 0, 700, 1));
    let issued_ns = desk.now_ns;
    // Not claimed yet.
    desk.no(PAYER, submit(a, 1), Reason::WrongState);
    desk.no(
        PAYER + 1,
        InvoiceTx::Claim { number: a },
        Reason::NotPermitted,
    );
    desk.ok(PAYER, InvoiceTx::Claim { number: a });
    desk.no(PAYER, InvoiceTx::Claim { number: a }, Reason::WrongState);
    desk.no(PAYER + 1, submit(a, 1), Reason::NotPermitted);
    // There is no firm 4.
    desk.no(PAYER, submit(a, 4), Reason::UnknownRecord);
    // Nobody asked yet.
    desk.no(FIRM_1, approve(a, 1), Reason::WrongState);
    desk.ok(PAYER, submit(a, 1));
    // Locked for firm 1.
    desk.no(PAYER, submit(a, 2), Reason::WrongState);
    // Speaks for firm 0.
    desk.no(FIRM_0, approve(a, 1), Reason::NotPermitted);
    // Was not asked.
    desk.no(FIRM_2, approve(a, 2), Reason::NotPermitted);
    // Any terminal speaks for the firm.
    desk.ok(FIRM_1 + 1, approve(a, 1));
    // Paid once.
    desk.no(FIRM_1, approve(a, 1), Reason::WrongState);
    // Paid once.
    desk.no(PAYER, submit(a, 2), Reason::WrongState);
    let booking = desk.record::<Bookings>(&a);
    assert_eq!((booking.employer, booking.amount), (FirmId(1), 700));
    let invoice = desk.record::<Invoices>(&a);
    let paid = Step::Reimbursed {
        employer: FirmId(1),
    };
    assert_eq!((invoice.step, invoice.issued_ns), (paid, issued_ns));
}

#[test]
fn numbers_payments_and_lines_are_checked() {
    let mut desk = desk();
    let mut misread = number(0, 1);
    misread.sequence ^= 1;
    desk.no(FIRM_0, issue(misread, 0, 1, 1), Reason::Malformed);
    let mut forged = code(0);
    forged.0[10] = b'1';
    let forged = InvoiceTx::GrantQuota {
        issuer: forged,
        amount: 1,
    };
    desk.no(TAX, forged, Reason::Malformed);
    desk.no(FIRM_0, issue(number(0, 1), 9, 1, 1), Reason::UnknownRecord);
    desk.no(FIRM_0, issue(number(0, 1), 0, 0, 1), Reason::Malformed);
    for lines in [0, 9] {
        let mut tx = issue(number(0, 1), 0, 1, 1);
        if let InvoiceTx::Issue { lines: of, .. } = &mut tx {
            *of = lines;
        }
        desk.no(FIRM_0, tx, Reason::Malformed);
    }
    desk.no(FIRM_0, issue(number(0, 1), 1, 1, 1), Reason::NotPermitted);
    desk.no(FIRM_0, issue(number(1, 1), 0, 1, 1), Reason::NotPermitted);
    desk.no(PAYER, issue(number(0, 1), 0, 1, 1), Reason::NotPermitted);
    desk.ok(FIRM_0, issue(number(0, 1), 0, 1, 1));
    desk.no(FIRM_0, issue(number(0, 1), 0, 1, 2), Reason::AlreadyExists);
    desk.no(FIRM_0, issue(number(0, 2), 0, 1, 1), Reason::AlreadyExists);
    // Gaps are allowed.
    desk.ok(FIRM_0, issue(number(0, 9), 0, 1, 2));
    // And so is disorder.
    desk.ok(FIRM_0, issue(number(0, 3), 0, 1, 3));
    // A firm of one terminal.
    desk.ok(FIRM_2, issue(number(4, 0), 2, 1, 4));
    let sequence = desk.record::<Sequences>(&0);
    assert_eq!(
        (sequence.used, sequence.highest),
        (3, number(0, 9).sequence)
    );
    assert_eq!(desk.record::<InvoicedPayments>(&PaymentId(2)), number(0, 9));
}

#[test]
fn quotas_bound_what_is_outstanding() {
    let mut desk = desk();
    let grant = |amount| InvoiceTx::GrantQuota {
        issuer: code(0),
        amount,
    };
    let adjust = |granted| InvoiceTx::AdjustQuota {
        issuer: code(0),
        granted,
    };
    desk.no(
        FIRM_0,
        issue(number(0, 1), 0, QUOTA + 1, 1),
        Reason::QuotaExceeded,
    );
    desk.no(
        FIRM_0,
        issue(number(0, 1), 0, u64::MAX, 1),
        Reason::QuotaExceeded,
    );
    desk.ok(FIRM_0, issue(number(0, 1), 0, QUOTA, 1));
    desk.no(
        FIRM_0,
        issue(number(0, 2), 0, u64::MAX, 2),
        Reason::QuotaExceeded,
    );
    desk.no(
        FIRM_0 + 1,
        issue(number(1, 1), 0, 1, 2),
        Reason::QuotaExceeded,
    );
    desk.no(FIRM_0, grant(5), Reason::NotPermitted);
    desk.no(TAX, grant(0), Reason::Malformed);
    desk.no(TAX, grant(u64::MAX), Reason::Malformed);
    desk.ok(TAX + 1, grant(5));
    desk.ok(FIRM_0 + 1, issue(number(1, 1), 0, 5, 2));
    // More is outstanding.
    desk.no(TAX, adjust(QUOTA), Reason::QuotaExceeded);
    desk.no(FIRM_0, adjust(QUOTA + 9), Reason::NotPermitted);
    desk.ok(TAX, adjust(QUOTA + 9));
    desk.ok(FIRM_0, red(number(0, 1), number(0, 2), QUOTA));
    // A red letter gives the quota back.
    desk.ok(TAX, adjust(5));
    let quota = desk.record::<Quotas>(&FirmId(0));
    assert_eq!(
        quota,
        Quota {
            granted: 5,
            issued: QUOTA + 5,
            red: QUOTA
        }
    );
}

#[test]
fn a_red_letter_is_for_all_of_it_and_the_buyer_agrees() {
    let mut desk = desk();
    let (a, b, r, s) = (number(0, 1), number(0, 2), number(0, 3), number(1, 1));
    let confirm = |number, red| InvoiceTx::ConfirmRed {
        number,
        red,
        issuer: FirmId(0),
    };
    desk.ok(FIRM_0, issue(a, 0, 500, 1));
    desk.ok(FIRM_0, issue(b, 0, 300, 2));
    desk.no(FIRM_0, red(s, r, 500), Reason::Dependency);
    desk.no(FIRM_0, red(a, r, 499), Reason::Malformed);
    desk.no(FIRM_1, red(a, number(2, 1), 500), Reason::NotPermitted);
    let as_firm_1 = InvoiceTx::RedLetter {
        number: a,
        red: number(2, 1),
        issuer: FirmId(1),
        amount: 500,
    };
    desk.no(FIRM_1, as_firm_1, Reason::NotPermitted);
    // Its number is taken.
    desk.no(FIRM_0, red(a, b, 500), Reason::AlreadyExists);
    // Unclaimed: at once.
    desk.ok(FIRM_0, red(a, r, 500));
    assert_eq!(desk.step(a), Step::Red { red: r });
    // Once.
    desk.no(FIRM_0 + 1, red(a, s, 500), Reason::WrongState);
    desk.no(PAYER, InvoiceTx::Claim { number: a }, Reason::WrongState);
    desk.no(FIRM_0, issue(r, 0, 1, 3), Reason::AlreadyExists);

    desk.ok(PAYER, InvoiceTx::Claim { number: b });
    // Claimed: waits for the buyer.
    desk.ok(FIRM_0 + 1, red(b, s, 300));
    assert_eq!(desk.step(b), Step::RedPending { red: s });
    assert_eq!(desk.record::<Quotas>(&FirmId(0)).red, 500);
    assert!(!desk.record::<RedInvoices>(&s).in_force);
    desk.no(PAYER, submit(b, 1), Reason::WrongState);
    desk.no(PAYER + 1, confirm(b, s), Reason::NotPermitted);
    desk.no(PAYER, confirm(b, r), Reason::WrongState);
    let wrong_quota = InvoiceTx::ConfirmRed {
        number: b,
        red: s,
        issuer: FirmId(1),
    };
    desk.no(PAYER, wrong_quota, Reason::NotPermitted);
    desk.ok(PAYER, confirm(b, s));
    desk.no(PAYER, confirm(b, s), Reason::WrongState);
    assert!(desk.record::<RedInvoices>(&s).in_force);
    assert_eq!(desk.record::<Quotas>(&FirmId(0)).red, 800);
}

#[test]
fn a_red_letter_stops_a_reimbursement_that_is_not_paid_yet() {
    let (mut desk, a) = (desk(), number(0, 1));
    desk.ok(FIRM_0, issue(a, 0, 500, 1));
    desk.ok(PAYER, InvoiceTx::Claim { number: a });
    desk.ok(PAYER, submit(a, 1));
    desk.ok(FIRM_0, red(a, number(0, 2), 500));
    desk.no(FIRM_1, approve(a, 1), Reason::WrongState);
    assert_eq!(desk.state.get::<Bookings>(&a), None);
}

#[test]
fn a_red_letter_takes_a_reimbursement_back_if_the_employer_agrees() {
    let mut desk = desk();
    let (a, r, s) = (number(0, 1), number(0, 2), number(0, 3));
    let confirm = |red, issuer| InvoiceTx::ConfirmReturn {
        number: a,
        red,
        issuer: FirmId(issuer),
    };
    desk.no(FIRM_1, confirm(r, 0), Reason::Dependency);
    desk.ok(FIRM_0, issue(a, 0, 500, 1));
    desk.ok(PAYER, InvoiceTx::Claim { number: a });
    desk.ok(PAYER, submit(a, 1));
    desk.ok(FIRM_1, approve(a, 1));
    let booked = desk.record::<Bookings>(&a);
    // Nobody recalled it.
    desk.no(FIRM_1, confirm(r, 0), Reason::WrongState);
    desk.no(FIRM_0, red(a, r, 499), Reason::Malformed);
    desk.ok(FIRM_0, red(a, r, 500));
    let employer = FirmId(1);
    assert_eq!(desk.step(a), Step::Recalled { red: r, employer });
    assert!(!desk.record::<RedInvoices>(&r).in_force);
    assert_eq!(desk.record::<Quotas>(&FirmId(0)).red, 0);
    // Once; and it is no longer to be reimbursed, claimed or closed.
    desk.no(FIRM_0, red(a, s, 500), Reason::WrongState);
    desk.no(FIRM_1, approve(a, 1), Reason::WrongState);
    desk.no(PAYER, submit(a, 2), Reason::WrongState);
    desk.no(TAX, InvoiceTx::Expire { number: a }, Reason::WrongState);
    // The buyer has been paid: it is not his to confirm.
    let buyer = InvoiceTx::ConfirmRed {
        number: a,
        red: r,
        issuer: FirmId(0),
    };
    desk.no(PAYER, buyer, Reason::WrongState);
    desk.no(FIRM_2, confirm(r, 0), Reason::NotPermitted);
    desk.no(FIRM_1, confirm(s, 0), Reason::WrongState);
    desk.no(FIRM_1, confirm(r, 2), Reason::NotPermitted);
    desk.ok(FIRM_1 + 1, confirm(r, 0));
    assert_eq!(desk.step(a), Step::Red { red: r });
    assert!(desk.record::<RedInvoices>(&r).in_force);
    assert_eq!(desk.record::<Quotas>(&FirmId(0)).red, 500);
    // Both entries stay in the books.
    let back = desk.record::<Returns>(&a);
    assert_eq!(desk.record::<Bookings>(&a), booked);
    assert_eq!((back.employer, back.amount), (booked.employer, 500));
    assert_eq!(back.booked_ns, desk.now_ns);
    desk.no(FIRM_1, confirm(r, 0), Reason::WrongState);
    desk.no(PAYER, submit(a, 1), Reason::WrongState);
}

#[test]
fn an_invoice_that_nobody_had_reimbursed_expires() {
    let mut desk = desk();
    let (a, b, c) = (number(0, 1), number(0, 2), number(0, 3));
    let expire = |number| InvoiceTx::Expire { number };
    desk.no(TAX, expire(a), Reason::Dependency);
    desk.ok(FIRM_0, issue(a, 0, 500, 1));
    let over_ns = desk.now_ns + VALID_NS;
    desk.ok(FIRM_0, issue(b, 0, 300, 2));
    desk.ok(FIRM_0, issue(c, 0, 200, 3));
    desk.ok(PAYER, InvoiceTx::Claim { number: b });
    desk.ok(PAYER, InvoiceTx::Claim { number: c });
    desk.no(FIRM_0, expire(a), Reason::NotPermitted);
    desk.no(PAYER, expire(a), Reason::NotPermitted);
    desk.now_ns = over_ns - 2_000;
    desk.no(TAX, expire(a), Reason::TooEarly);
    // To the very block.
    desk.ok(TAX + 1, expire(a));
    assert_eq!(desk.step(a), Step::Expired);
    desk.no(TAX, expire(a), Reason::WrongState);
    desk.no(PAYER, InvoiceTx::Claim { number: a }, Reason::WrongState);
    desk.no(FIRM_0, red(a, number(0, 4), 500), Reason::WrongState);
    // Claimed ones too, unless somebody has them reimbursed.
    desk.now_ns += VALID_NS;
    desk.ok(PAYER, submit(c, 1));
    desk.ok(TAX, expire(b));
    desk.no(PAYER, submit(b, 1), Reason::WrongState);
    desk.no(TAX, expire(c), Reason::WrongState);
    desk.ok(FIRM_1, approve(c, 1));
    desk.no(TAX, expire(c), Reason::WrongState);
    // It was issued: its quota stays used.
    assert_eq!(desk.record::<Quotas>(&FirmId(0)).outstanding(), 1_000);
}

#[test]
fn verifying_writes_nothing_but_the_nonce() {
    let (mut desk, a) = (desk(), number(0, 1));
    let verify = |number, amount| InvoiceTx::Verify { number, amount };
    desk.no(PAYER, verify(a, 500), Reason::Dependency);
    desk.ok(FIRM_0, issue(a, 0, 500, 1));
    let before = desk.record::<Invoices>(&a);
    let records = desk.state.audit().records;
    desk.ok(TAX, verify(a, 500));
    desk.no(PAYER + 9, verify(a, 501), Reason::UnknownRecord);
    let mut misread = a;
    misread.sequence ^= 1;
    desk.no(PAYER, verify(misread, 500), Reason::Malformed);
    assert_eq!(desk.record::<Invoices>(&a), before);
    assert_eq!(desk.state.audit().records, records);
}

#[test]
fn without_a_registry_nobody_has_a_role() {
    let mut desk = Desk::new(&Genesis::new(30, 0));
    desk.no(FIRM_0, issue(number(0, 1), 0, 1, 1), Reason::UnknownRecord);
    let grant = InvoiceTx::GrantQuota {
        issuer: code(0),
        amount: 1,
    };
    desk.no(TAX, grant, Reason::UnknownRecord);
}

/// Any transaction over few keys, so that most of them meet.
fn any_tx() -> impl Strategy<Value = Transaction> {
    let numbers = || (0..6_u32, 0..4_u64).prop_map(|(terminal, count)| number(terminal, count));
    let firms = || (0..5_u32).prop_map(FirmId);
    let amounts = || prop_oneof![Just(0_u64), Just(100), Just(4_000), Just(u64::MAX)];
    let tx = prop_oneof![
        1 => (firms(), amounts()).prop_map(|(firm, amount)| {
            InvoiceTx::GrantQuota { issuer: CreditCode::of_firm(firm), amount }
        }),
        1 => (firms(), amounts()).prop_map(|(firm, granted)| {
            InvoiceTx::AdjustQuota { issuer: CreditCode::of_firm(firm), granted }
        }),
        4 => (numbers(), firms(), amounts(), 0..30_u64)
            .prop_map(|(number, firm, amount, payment)| issue(number, firm.0, amount, payment)),
        4 => numbers().prop_map(|number| InvoiceTx::Claim { number }),
        4 => (numbers(), firms()).prop_map(|(number, firm)| submit(number, firm.0)),
        4 => (numbers(), firms()).prop_map(|(number, firm)| approve(number, firm.0)),
        1 => (numbers(), numbers(), firms(), amounts()).prop_map(|(number, red, issuer, amount)| {
            InvoiceTx::RedLetter { number, red, issuer, amount }
        }),
        1 => (numbers(), numbers(), firms())
            .prop_map(|(number, red, issuer)| InvoiceTx::ConfirmRed { number, red, issuer }),
        1 => (numbers(), amounts()).prop_map(|(number, amount)| InvoiceTx::Verify { number, amount }),
        1 => (numbers(), numbers(), firms())
            .prop_map(|(number, red, issuer)| InvoiceTx::ConfirmReturn { number, red, issuer }),
        1 => numbers().prop_map(|number| InvoiceTx::Expire { number }),
    ];
    let senders = prop_oneof![3 => Just(PAYER), 1 => Just(PAYER + 1), 6 => FIRM_0..TAX + 2];
    (senders, tx).prop_map(|(sender, tx)| Transaction {
        sender: AccountId(sender),
        nonce: 0,
        filler: 0,
        body: Body::Invoice(tx),
    })
}

/// Sends each transaction on behalf of whoever may do it, half of the time.
fn by_the_right_sender(desk: &Desk, transaction: &mut Transaction) {
    let Body::Invoice(tx) = &transaction.body else {
        return;
    };
    let firm_seat = |firm: FirmId| {
        if firm.0 < 2 {
            FIRM_0 + 2 * u64::from(firm.0)
        } else {
            FIRM_2 + u64::from(firm.0) - 2
        }
    };
    let payer = |number| {
        desk.state
            .get::<Invoices>(number)
            .map(|invoice: Invoice| invoice.payer.0)
    };
    let right = match tx {
        InvoiceTx::GrantQuota { .. } | InvoiceTx::AdjustQuota { .. } | InvoiceTx::Expire { .. } => {
            Some(TAX)
        }
        InvoiceTx::ConfirmReturn { number, .. } => {
            let booking = desk.state.get::<Bookings>(number);
            booking.map(|booking| firm_seat(booking.employer))
        }
        InvoiceTx::Issue { number, .. } => Some(FIRM_0 + u64::from(number.terminal())),
        InvoiceTx::RedLetter { red, .. } => Some(FIRM_0 + u64::from(red.terminal())),
        InvoiceTx::ApproveReimburse { employer, .. } => Some(firm_seat(*employer)),
        InvoiceTx::Claim { number }
        | InvoiceTx::SubmitReimburse { number, .. }
        | InvoiceTx::ConfirmRed { number, .. } => payer(number),
        InvoiceTx::Verify { .. } => None,
    };
    if let Some(right) = right {
        transaction.sender = AccountId(right);
    }
}

/// Applies them in blocks of 80, those marked by whoever may; the number that were applied.
fn fire(desk: &mut Desk, transactions: &[(Transaction, bool)]) -> usize {
    let mut applied = 0;
    for (height, chunk) in transactions.chunks(80).enumerate() {
        desk.now_ns += 1_000;
        let mut block = Vec::new();
        for ((transaction, right), nonce) in chunk.iter().zip(height as u64 * 80..) {
            let mut transaction = Transaction {
                nonce,
                ..transaction.clone()
            };
            if *right {
                by_the_right_sender(desk, &mut transaction);
            }
            block.push(transaction);
        }
        applied += desk
            .block(block)
            .iter()
            .filter(|outcome| outcome.is_applied())
            .count();
    }
    applied
}

/// Cents issued and red, and invoices reimbursed, by a scan.
fn totals(desk: &Desk) -> (u128, u128, u64) {
    let (mut issued, mut red, mut reimbursed) = (0, 0, 0);
    desk.state.for_each::<Invoices>(|_, invoice| {
        let amount = u128::from(invoice.amount);
        issued += amount;
        match invoice.step {
            Step::Red { .. } => red += amount,
            Step::Reimbursed { .. } | Step::Recalled { .. } => reimbursed += 1,
            _ => {}
        }
    });
    // What was booked back is red, and stays in the books.
    (issued, red, reimbursed + desk.state.count::<Returns>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_fire_leaves_parallel_equal_and_quotas_whole(
        transactions in proptest::collection::vec((any_tx(), any::<bool>()), 1..400),
    ) {
        let mut desk = desk();
        let applied = fire(&mut desk, &transactions);
        // A volley in which nothing hits says nothing.
        prop_assume!(applied > 0);
        let (mut issued, mut red) = (0, 0);
        desk.state.for_each::<Quotas>(|_, quota| {
            issued += u128::from(quota.issued);
            red += u128::from(quota.red);
            assert!(quota.outstanding() <= quota.granted);
        });
        prop_assert_eq!((issued, red, desk.state.count::<Bookings>()), totals(&desk));
    }

    #[test]
    fn encodings_round_trip(transaction in any_tx()) {
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
