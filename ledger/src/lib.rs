//! The state machine: transactions, records, receipts and authenticated state.
//!
//! A [`State`] is an immutable value with a root hash. An [`Executor`] turns a
//! state and a block of [`SignedTransaction`]s into the next state and one
//! [`Outcome`] per transaction. Every kind of record (payments, invoices,
//! credit and so on, the variants of [`Body`]) is a file that declares [`Table`]s
//! and a [`Rule`], see [`record`], over what kinds share, see [`patterns`].
//!
//! What is not for everybody's eyes travels in an [`envelope`].
//!
//! This crate knows nothing of time, networks, votes or users: a block's
//! height and timestamp are data.

#![forbid(unsafe_code)]

pub mod access;
pub mod account;
pub mod address;
mod arena;
pub mod bank_draft;
pub mod component;
pub mod contract;
pub mod copyright;
pub mod credit;
pub mod crypto;
pub mod dapp;
pub mod directory;
pub mod donation;
pub mod envelope;
pub mod evidence;
pub mod executor;
pub mod genesis;
pub mod hash;
pub mod identity;
pub mod invoice;
pub mod keyvalue;
pub mod medical;
pub mod micro;
pub mod mortgage;
mod pages;
mod parallel;
pub mod patterns;
pub mod payment;
pub mod proof;
pub mod receipt;
pub mod receivable;
pub mod record;
mod records;
pub mod remittance;
pub mod roles;
pub mod smallbank;
pub mod state;
pub mod tpcc;
pub mod traceability;
pub mod transaction;
mod tree;

pub use access::Access;
pub use account::{Account, AccountId};
pub use crypto::Keyring;
pub use executor::{BlockInput, Execution, Executor, Serial};
pub use genesis::Genesis;
pub use hash::{Hash, TxId};
pub use parallel::Parallel;
pub use proof::Proof;
pub use receipt::{Outcome, Reason};
pub use record::{Context, Rule, Table, Touches};
pub use state::{Audit, State};
pub use transaction::{Body, DecodeError, SignedTransaction, Transaction};
