//! Invoices against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build, town};
use groma_ledger::invoice::{
    Booking, Bookings, FirmId, Invoice, InvoiceNumber, InvoiceTx, InvoicedPayments, Invoices,
    PaymentId, Quota, Quotas, RedInvoice, RedInvoices, Sequence, Sequences, Step,
};
use groma_ledger::{AccountId, Body, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

/// Bytes on the wire by kind (docs/sources.md W1, column B).
fn catalogue_bytes(tx: &InvoiceTx) -> u32 {
    match tx {
        InvoiceTx::GrantQuota { .. } | InvoiceTx::AdjustQuota { .. } => 260,
        InvoiceTx::Issue { lines, .. } => 720 + 90 * u32::from(*lines),
        InvoiceTx::Claim { .. } => 300,
        InvoiceTx::SubmitReimburse { .. } => 420,
        InvoiceTx::ApproveReimburse { .. } => 360,
        InvoiceTx::RedLetter { .. } | InvoiceTx::ConfirmRed { .. } => 560,
        InvoiceTx::Verify { .. } => 220,
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
    let expected = [
        ("quota", 0.003),
        ("invoice.issue", 0.42),
        ("invoice.claim", 0.24),
        ("invoice.submit", 0.08),
        ("invoice.approve", 0.07),
        ("red", 0.012),
        ("invoice.verify", 0.175),
    ];
    for (kind, share) in expected {
        let seen = run.share(|name, _| name.contains(kind));
        let error = (share * (1.0 - share) / 40_000.0_f64).sqrt();
        assert!(
            (seen - share).abs() < 5.0 * error,
            "{kind}: {seen} and not {share}: {:?}",
            run.tally
        );
    }
    assert!(run.city.workload().check(&run.state).unwrap() > 30_000);
    for (kind, outcome) in [
        ("invoice.confirm_red", "applied"),
        ("invoice.adjust_quota", "applied"),
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

/// A state whose records are those of `state` after `change`.
fn forge(state: &State, change: impl FnOnce(&mut Genesis)) -> State {
    let mut genesis = Genesis::new(state.accounts(), 1_000_000);
    state.for_each::<Invoices>(|key, value| genesis.put::<Invoices>(&key, &value));
    state.for_each::<RedInvoices>(|key, value| genesis.put::<RedInvoices>(&key, &value));
    state.for_each::<Quotas>(|key, value| genesis.put::<Quotas>(&key, &value));
    state.for_each::<Sequences>(|key, value| genesis.put::<Sequences>(&key, &value));
    state.for_each::<InvoicedPayments>(|key, value| genesis.put::<InvoicedPayments>(&key, &value));
    state.for_each::<Bookings>(|key, value| genesis.put::<Bookings>(&key, &value));
    change(&mut genesis);
    State::genesis(&genesis)
}

/// A town after 20,000 transactions, and one invoice of each kind that the corruptions need.
struct Town {
    run: Run,
    issued: (InvoiceNumber, Invoice),
    paid: (InvoiceNumber, Invoice),
    red: (InvoiceNumber, Invoice),
}

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("invoices", &town(20_000)), 5);
        run.blocks(20, 1_000);
        let (mut issued, mut paid, mut red) = (None, None, None);
        run.state
            .for_each::<Invoices>(|number, invoice| match invoice.step {
                Step::Issued => issued = Some((number, invoice)),
                Step::Reimbursed { .. } => paid = Some((number, invoice)),
                Step::Red { .. } => red = Some((number, invoice)),
                _ => {}
            });
        let (issued, paid, red) = (issued.unwrap(), paid.unwrap(), red.unwrap());
        Self {
            run,
            issued,
            paid,
            red,
        }
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = forge(&self.run.state, |genesis| genesis.put::<T>(&key, &value));
        self.run.city.workload().check(&forged).unwrap_err().law
    }
}

#[test]
fn a_faithful_copy_passes() {
    let town = Town::new();
    assert!(
        town.run
            .city
            .workload()
            .check(&forge(&town.run.state, |_| {}))
            .is_ok()
    );
}

#[test]
fn the_law_notices_wrong_quotas_and_totals() {
    let town = Town::new();
    let (number, invoice) = town.issued;
    let quota = town.run.state.get::<Quotas>(&invoice.issuer).unwrap();
    let short = Quota {
        granted: quota.outstanding() - 1,
        ..quota
    };
    let within = "issued less red is within the quota";
    assert_eq!(town.law::<Quotas>(invoice.issuer, short), within);
    let totals = "an issuer's totals are the sums of its invoices";
    let wrong_sum = Quota {
        issued: quota.issued - 1,
        ..quota
    };
    assert_eq!(town.law::<Quotas>(invoice.issuer, wrong_sum), totals);
    let dearer = Invoice {
        amount: invoice.amount + 1,
        ..invoice
    };
    assert_eq!(town.law::<Invoices>(number, dearer), totals);
}

#[test]
fn the_law_notices_a_second_reimbursement() {
    let town = Town::new();
    let once = "an invoice is reimbursed at most once";
    let (number, invoice) = town.issued;
    let booking = Booking {
        employer: FirmId(3),
        amount: invoice.amount,
        booked_ns: 0,
    };
    assert_eq!(town.law::<Bookings>(number, booking), once);
    let unbooked = Step::Reimbursed {
        employer: FirmId(3),
    };
    assert_eq!(
        town.law::<Invoices>(
            number,
            Invoice {
                step: unbooked,
                ..invoice
            }
        ),
        once
    );
    let (number, invoice) = town.paid;
    let other = Booking {
        employer: FirmId(127),
        amount: invoice.amount,
        booked_ns: 0,
    };
    assert_eq!(town.law::<Bookings>(number, other), once);
}

#[test]
fn the_law_notices_wrong_red_invoices() {
    let town = Town::new();
    let in_full = "a red invoice cancels one invoice in full";
    let (cancels, invoice) = town.red;
    let Step::Red { red } = invoice.step else {
        panic!("{invoice:?}")
    };
    let partial = RedInvoice {
        cancels,
        amount: 1,
        issued_ns: 0,
        in_force: true,
    };
    assert_eq!(town.law::<RedInvoices>(red, partial), in_full);
    let pending = RedInvoice {
        in_force: false,
        amount: invoice.amount,
        ..partial
    };
    assert_eq!(town.law::<RedInvoices>(red, pending), in_full);
    let (number, invoice) = town.issued;
    let second = RedInvoice {
        cancels: number,
        amount: invoice.amount,
        ..partial
    };
    assert_eq!(town.law::<RedInvoices>(number, second), in_full);
}

#[test]
fn the_law_notices_payments_and_numbers_used_twice() {
    let town = Town::new();
    let (number, invoice) = town.issued;
    let twice = "a payment is invoiced once";
    assert_eq!(
        town.law::<InvoicedPayments>(PaymentId(u64::MAX), number),
        twice
    );
    let payment = town.paid.1.payment;
    assert_eq!(
        town.law::<Invoices>(number, Invoice { payment, ..invoice }),
        twice
    );
    let mut misread = number;
    misread.sequence ^= 1;
    let valid = "an invoice number is valid and its issuer's";
    assert_eq!(town.law::<Invoices>(misread, invoice), valid);
    let stolen = Invoice {
        issuer: FirmId(invoice.issuer.0 + 1),
        ..invoice
    };
    assert_eq!(town.law::<Invoices>(number, stolen), valid);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("invoices", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
