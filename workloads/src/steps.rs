//! Steps that can come at a rate of their own, apart from the workload that they belong to.
//!
//! Usually a workload draws its steps by its mix. But filings come in bulk at nine, records at night,
//! and reimbursements at the end of a month, while all else that the workload asks for keeps its
//! hours. A day that says so names the step: the workload then leaves it out of its mix, and the
//! step has arrivals of its own. This file knows which steps can, and their shares.

use crate::{credit, evidence, invoices};

/// A step of a workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The name that a scenario uses: the workload's, a dot, and the step's.
    pub name: &'static str,
    /// Its share of what the workload asks for, by the workload's own mix.
    pub share: f64,
}

/// Every step that can stand apart.
pub static STEPS: &[Step] = &[
    Step {
        name: "credit.submit_record",
        share: credit::MIX.share(credit::SUBMIT),
    },
    Step {
        name: "evidence.submit_to_court",
        share: evidence::MIX.share(evidence::SUBMIT_TO_COURT),
    },
    Step {
        name: "invoices.submit_reimburse",
        share: invoices::MIX.share(invoices::SUBMIT_REIMBURSE),
    },
    Step {
        name: "invoices.approve_reimburse",
        share: invoices::MIX.share(invoices::APPROVE_REIMBURSE),
    },
];

/// The step of that name.
pub fn find(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|step| step.name == name)
}

impl Step {
    /// The workload that it belongs to.
    pub fn workload(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(of, _)| of)
    }

    /// Its name within the workload.
    pub fn step(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(_, step)| step)
    }
}
