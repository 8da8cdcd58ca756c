//! The city: what people submit, how often, and what must stay true.
//!
//! [`arrivals`] says when, [`population`] and [`people`] say who, and each file that implements
//! [`Workload`] says what, and carries the law by which the ledger is checked. This crate knows the
//! ledger and nothing else: no network, no replicas, no replies.

#![forbid(unsafe_code)]

pub mod addresses;
pub mod arrivals;
mod benchmarks;
pub mod blobs;
pub mod calendar;
mod checks;
mod chronicle;
pub mod city;
pub mod components;
pub mod contracts;
pub mod copyrights;
mod counters;
pub mod credit;
pub mod curves;
mod cycle;
mod dapps;
pub mod directory;
pub mod donations;
pub mod drafts;
pub mod evidence;
pub mod identity;
pub mod invoices;
pub mod medical;
mod micro;
pub mod mix;
pub mod mortgages;
mod nonces;
mod parents;
pub mod payments;
pub mod people;
pub mod population;
pub mod rates;
pub mod receivables;
pub mod red_packets;
pub mod remittances;
mod smallbank;
pub mod steps;
pub mod stretch;
pub mod table;
mod tpcc;
pub mod trace;
pub mod traceability;
pub mod workload;
mod ycsb;

pub use arrivals::{Arrival, Arrivals, Law, LoadFault, MilliTps, Phase};
pub use city::City;
pub use mix::{Mix, MixFault};
pub use people::People;
pub use stretch::{Replay, Stretch};
pub use table::WORKLOADS;
pub use workload::{Breach, Draft, Intent, Workload, WorkloadEntry, WorkloadSetup};
