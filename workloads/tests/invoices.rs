//! Invoices against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_shares, build, town};
use groma_ledger::invoice::{
    Booking, Bookings, FirmId, Invoice, InvoiceNumber, InvoiceTx, InvoicedPayments, Invoices,
    PaymentId, Quotas, RedInvoice, RedInvoices, Returns, Sequence, Sequences, Step,
};
use groma_ledger::{AccountId, Body};
use groma_workloads::WorkloadSetup;

/// Bytes on the wire by kind (docs/sources.md W1, column B).
fn catalogue_bytes(tx: &InvoiceTx) -> u32 {
    match tx {
        InvoiceTx::GrantQuota { .. } | InvoiceTx::AdjustQuota { .. } => 260,
        InvoiceTx::Issue { lines, .. } => 720 + 90 * u32::from(*lines),
        InvoiceTx::Claim { .. } => 300,
        InvoiceTx::SubmitReimburse { .. } => 420,
        InvoiceTx::ApproveReimburse { .. } => 360,
        InvoiceTx::RedLetter { .. }
        | InvoiceTx::ConfirmRed { .. }
        | InvoiceTx::ConfirmReturn { .. } => 560,
        InvoiceTx::Verify { .. } => 220,
        InvoiceTx::Expire { .. } => 300,
    }
}

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("invoices", &town(50_000)), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let Body::Invoice(tx) = &signed.transaction.body else {
                panic!("{signed:?}")
            };
            assert_eq!(signed.wire_bytes, catalogue_bytes(tx), "{tx:?}");
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["quota"], 0.003),
            (&["issue"], 0.42),
            (&["claim"], 0.24),
            (&["submit_reimburse"], 0.08),
            (&["approve_reimburse"], 0.07),
            (&["red_letter", "confirm_red", "confirm_return"], 0.012),
            (&["verify"], 0.175),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 30_000);
    for (kind, outcome) in [
        ("invoice.confirm_red", "applied"),
        ("invoice.adjust_quota", "applied"),
        ("invoice.confirm_return", "applied"),
    ] {
        assert!(run.tally.contains_key(&(kind, outcome)), "{:?}", run.tally);
    }
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let mut run = Run::new(build("invoices", &town(50_000)), 2);
    run.blocks(40, 1_000);
    let doubles =
        run.share(|kind, outcome| kind == "invoice.submit_reimburse" && outcome == "wrong_state");
    assert!((0.004..0.006).contains(&doubles), "{doubles}");
    let refused = run.share(|_, outcome| outcome != "applied");
    assert!(
        (0.022..0.03).contains(&refused),
        "{refused}: {:?}",
        run.tally
    );
    let honest = WorkloadSetup {
        attack_ppm: 0,
        mistake_ppm: 0,
        ..town(50_000)
    };
    let mut run = Run::new(build("invoices", &honest), 2);
    run.blocks(40, 1_000);
    let refused = run.share(|_, outcome| outcome != "applied");
    assert!(refused == 0.0, "{refused}: {:?}", run.tally);
}

#[test]
fn a_follow_up_before_its_parent_is_a_dependency() {
    // The blocks of the first half second are lost; their follow-ups come all the same.
    let setup = WorkloadSetup {
        stock: 64,
        ..town(20_000)
    };
    let mut run = Run::new(build("invoices", &setup), 3);
    let _lost = run.draw(4_000);
    let next = run.draw(4_000);
    run.apply(&next);
    let early = run.share(|kind, outcome| kind == "invoice.claim" && outcome == "dependency");
    assert!(early > 0.1, "{:?}", run.tally);
    run.city.workload().check(&run.state).unwrap();
}

#[test]
fn without_a_stock_invoices_are_issued_until_parents_are_ready() {
    let mut run = Run::new(
        build(
            "invoices",
            &WorkloadSetup {
                stock: 0,
                ..town(1_000)
            },
        ),
        4,
    );
    run.blocks(1, 1_000);
    assert!(
        run.share(|kind, _| kind == "invoice.issue") > 0.95,
        "{:?}",
        run.tally
    );
    run.blocks(9, 1_000);
    assert!(
        run.share(|kind, _| kind == "invoice.claim") > 0.1,
        "{:?}",
        run.tally
    );
}

/// A town after 20,000 transactions, and one invoice of each kind that the corruptions need.
struct Invoiced {
    town: Town,
    issued: (InvoiceNumber, Invoice),
    paid: (InvoiceNumber, Invoice),
    red: (InvoiceNumber, Invoice),
}

fn invoiced() -> Invoiced {
    let tables = &[
        copy::<Invoices>,
        copy::<RedInvoices>,
        copy::<Quotas>,
        copy::<Sequences>,
        copy::<InvoicedPayments>,
        copy::<Bookings>,
        copy::<Returns>,
    ];
    let town = Town::new("invoices", tables);
    let find = |step: fn(Step) -> bool| town.find::<Invoices>(|_, invoice| step(invoice.step));
    Invoiced {
        issued: find(|step| step == Step::Issued),
        paid: find(|step| matches!(step, Step::Reimbursed { .. })),
        red: find(|step| matches!(step, Step::Red { .. })),
        town,
    }
}

#[test]
fn the_law_notices_wrong_quotas_and_totals() {
    let Invoiced { town, issued, .. } = invoiced();
    let (number, invoice) = issued;
    let short = town.changed::<Quotas>(invoice.issuer, |quota| {
        quota.granted = quota.outstanding() - 1;
    });
    assert_eq!(short, "issued less red is within the quota");
    let totals = "an issuer's totals are the sums of its invoices";
    let wrong_sum = town.changed::<Quotas>(invoice.issuer, |quota| quota.issued -= 1);
    let dearer = town.changed::<Invoices>(number, |invoice| invoice.amount += 1);
    assert_eq!([wrong_sum, dearer], [totals; 2]);
}

#[test]
fn the_law_notices_a_second_reimbursement() {
    let Invoiced {
        town, issued, paid, ..
    } = invoiced();
    let once = "an invoice is reimbursed at most once";
    let by = |employer, (number, invoice): (InvoiceNumber, Invoice)| {
        let booking = Booking {
            employer: FirmId(employer),
            amount: invoice.amount,
            booked_ns: 0,
        };
        town.law::<Bookings>(number, booking)
    };
    let booked = by(3, issued);
    let unbooked = town.changed::<Invoices>(issued.0, |invoice| {
        invoice.step = Step::Reimbursed {
            employer: FirmId(3),
        };
    });
    let other = by(127, paid);
    assert_eq!([booked, unbooked, other], [once; 3]);
}

#[test]
fn the_law_notices_what_was_booked_back_for_nothing() {
    let Invoiced {
        town, issued, paid, ..
    } = invoiced();
    let once = "an invoice is reimbursed at most once";
    let (number, back) = town.find::<Returns>(|_, _| true);
    let dearer = town.changed::<Returns>(number, |back| back.amount += 1);
    let other = town.changed::<Returns>(number, |back| back.employer.0 += 1);
    let kept = town.law::<Returns>(paid.0, back);
    let never = town.law::<Returns>(issued.0, back);
    assert_eq!([dearer, other, kept, never], [once; 4]);
    let recalled = town.changed::<Invoices>(issued.0, |invoice| {
        let red = number;
        let employer = FirmId(3);
        invoice.step = Step::Recalled { red, employer };
    });
    assert_eq!(recalled, once);
}

#[test]
fn what_nobody_claimed_is_closed_once_its_time_is_over() {
    let mut run = Run::new(build("invoices", &common::honest()), 7);
    run.blocks(50, 1_000);
    assert!(!run.tally.contains_key(&("invoice.expire", "applied")));
    run.blocks(30, 1_000);
    let closed = run.tally[&("invoice.expire", "applied")];
    assert!((10..60).contains(&closed), "{:?}", run.tally);
    assert!(!run.tally.contains_key(&("invoice.expire", "too_early")));
    run.city.workload().check(&run.state).unwrap();
}

#[test]
fn the_law_notices_wrong_red_invoices() {
    let Invoiced {
        town, issued, red, ..
    } = invoiced();
    let in_full = "a red invoice cancels one invoice in full";
    let (cancels, invoice) = red;
    let Step::Red { red } = invoice.step else {
        panic!("{invoice:?}")
    };
    let partial = RedInvoice {
        cancels,
        amount: 1,
        issued_ns: 0,
        in_force: true,
    };
    let pending = RedInvoice {
        in_force: false,
        amount: invoice.amount,
        ..partial
    };
    let (number, invoice) = issued;
    let second = RedInvoice {
        cancels: number,
        amount: invoice.amount,
        ..partial
    };
    let forged = [(red, partial), (red, pending), (number, second)];
    let laws = forged.map(|(number, red)| town.law::<RedInvoices>(number, red));
    assert_eq!(laws, [in_full; 3]);
}

#[test]
fn the_law_notices_payments_and_numbers_used_twice() {
    let Invoiced {
        town, issued, paid, ..
    } = invoiced();
    let (number, invoice) = issued;
    let twice = "a payment is invoiced once";
    let unpaid = town.law::<InvoicedPayments>(PaymentId(u64::MAX), number);
    let same = town.changed::<Invoices>(number, |invoice| invoice.payment = paid.1.payment);
    assert_eq!([unpaid, same], [twice; 2]);

    let valid = "an invoice number is valid and its issuer's";
    let mut misread = number;
    misread.sequence ^= 1;
    let misread = town.law::<Invoices>(misread, invoice);
    let stolen = town.changed::<Invoices>(number, |invoice| invoice.issuer.0 += 1);
    assert_eq!([misread, stolen], [valid; 2]);

    let lost = Sequence {
        used: 0,
        highest: 0,
    };
    let counted = "a terminal has counted the numbers it used";
    assert_eq!(town.law::<Sequences>(number.terminal(), lost), counted);
}

#[test]
fn the_hot_issuer_has_its_share_over_many_terminals() {
    let setup = town(1_000_000);
    let mut run = Run::new(build("invoices", &setup), 6);
    let metro = setup.people.terminal(0, 0).0..setup.people.terminal(1, 0).0;
    let (mut issues, mut hot) = (0.0, vec![0_u32; 64]);
    for _ in 0..20 {
        for signed in run.draw(1_000) {
            if let Body::Invoice(InvoiceTx::Issue { .. }) = signed.transaction.body {
                issues += 1.0;
                let AccountId(sender) = signed.transaction.sender;
                if metro.contains(&sender) {
                    hot[(sender - metro.start) as usize] += 1;
                }
            }
        }
    }
    let share = f64::from(hot.iter().sum::<u32>()) / issues;
    assert!((0.09..0.11).contains(&share), "{share}");
    assert!(hot.iter().all(|count| (1..40).contains(count)), "{hot:?}");
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("invoices");
}
