//! The city: what people submit, how often, and what must stay true.
//!
//! [`arrivals`] says when, [`population`] and [`people`] say who, and each file that implements
//! [`Workload`] says what, and carries the law by which the ledger is checked. This crate knows the
//! ledger and nothing else: no network, no replicas, no replies.

#![forbid(unsafe_code)]

pub mod addresses;
pub mod arrivals;
pub mod blobs;
mod checks;
mod chronicle;
pub mod city;
pub mod components;
mod counters;
pub mod credit;
mod cycle;
pub mod donations;
pub mod evidence;
pub mod identity;
pub mod invoices;
pub mod medical;
pub mod mix;
mod nonces;
mod parents;
pub mod payments;
pub mod people;
pub mod population;
pub mod receivables;
pub mod remittances;
pub mod traceability;
pub mod workload;

pub use arrivals::{Arrival, Arrivals, Law, LoadFault, MilliTps, Phase};
pub use city::City;
pub use mix::{Mix, MixFault};
pub use people::People;
pub use workload::{Breach, Draft, Intent, WORKLOADS, Workload, WorkloadEntry, WorkloadSetup};
