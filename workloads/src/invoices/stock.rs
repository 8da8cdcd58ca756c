//! The world of invoices at genesis: who is who, and a stock of invoices to follow up on.

use std::collections::BTreeMap;

use groma_ledger::Genesis;
use groma_ledger::invoice::{
    FirmId, Invoice, InvoicedPayments, Invoices, PaymentId, Quota, Quotas, Registries, Registry,
    Sequence, Sequences, Step,
};

use super::{DOUBLINGS, LEAST_AMOUNT, OPENING_QUOTA, Parent, VALIDITY, numbered};
use crate::counters::Counters;
use crate::people::{OPENING_BALANCE, People, TERMINALS, seats};
use crate::population::Scatter;

/// How far an invoice of the stock has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Issued,
    Claimed,
    Submitted { employer: u32 },
}

/// The stock, the same whenever it is asked for: of 32 invoices, 20 are issued, 6 claimed and 6
/// submitted, as the shares of their follow-ups are 24, 8 and 7 %.
pub(super) fn invoices(
    people: People,
    stock: u32,
    sequences: &mut Counters,
) -> impl Iterator<Item = (Parent, Stage)> + use<'_> {
    let payers = Scatter::new(people.citizens(), 1).expect("a population is a valid set");
    (0..stock).map(move |index| {
        let issuer = index % people.firms();
        let terminal = index % people.terminals_of(issuer);
        let number = numbered(people.terminal_index(issuer, terminal), sequences);
        let payer = people.citizen(payers.identity(u64::from(index) % people.citizens()));
        let amount = LEAST_AMOUNT << (index % DOUBLINGS);
        let payment = PaymentId(u64::from(index));
        let stage = match index % 32 {
            0..20 => Stage::Issued,
            20..26 => Stage::Claimed,
            _ => Stage::Submitted {
                employer: index / 32 % people.firms(),
            },
        };
        (
            Parent {
                number,
                issuer,
                payer,
                amount,
                payment,
            },
            stage,
        )
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    genesis.put::<Registries>(&(), &registry(people));
    let mut quotas: BTreeMap<FirmId, Quota> = BTreeMap::new();
    let mut used: BTreeMap<u32, Sequence> = BTreeMap::new();
    for (parent, stage) in invoices(people, stock, &mut Counters::default()) {
        let issuer = FirmId(parent.issuer);
        let invoice = Invoice {
            issuer,
            payer: parent.payer,
            amount: parent.amount,
            payment: parent.payment,
            lines: 1,
            issued_ns: 0,
            step: match stage {
                Stage::Issued => Step::Issued,
                Stage::Claimed => Step::Claimed,
                Stage::Submitted { employer } => Step::Reimbursing {
                    employer: FirmId(employer),
                },
            },
        };
        genesis.put::<Invoices>(&parent.number, &invoice);
        genesis.put::<InvoicedPayments>(&parent.payment, &parent.number);
        let opening = Quota {
            granted: OPENING_QUOTA,
            ..Quota::default()
        };
        quotas.entry(issuer).or_insert(opening).issued += parent.amount;
        let sequence = used.entry(parent.number.terminal()).or_default();
        sequence.used += 1;
        sequence.highest = sequence.highest.max(parent.number.sequence);
    }
    quotas
        .iter()
        .for_each(|(issuer, quota)| genesis.put::<Quotas>(issuer, quota));
    used.iter()
        .for_each(|(terminal, sequence)| genesis.put::<Sequences>(terminal, sequence));
}

fn registry(people: People) -> Registry {
    Registry {
        tax: seats(people.tax(0), 1, TERMINALS),
        majors: people.major_firms(),
        minors: people.minor_firms(),
        opening_quota: OPENING_QUOTA,
        validity_ns: VALIDITY.as_nanos() as u64,
    }
}
